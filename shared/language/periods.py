"""The names of periods: Quý I năm 2023, or the first quarter of 2023."""

from datetime import date

from babel.dates import get_month_names

from shared.language.languages import Language
from shared.language.numbers import day

ROMAN = ("I", "II", "III", "IV")
ORDINAL = ("first", "second", "third", "fourth")


def period_name(name: str, language: Language) -> str:
    """The name of a statutory period, as statutory_period reads it: `2023-Q1` is `quý I năm 2023`."""
    year, _, part = name.partition("-")
    vietnamese = language is Language.VIETNAMESE
    if not part:
        return f"năm {year}" if vietnamese else f"the year {year}"
    if part.startswith("Q"):
        quarter = int(part[1:]) - 1
        return f"quý {ROMAN[quarter]} năm {year}" if vietnamese else f"the {ORDINAL[quarter]} quarter of {year}"
    if part.endswith("M"):
        months = part[:-1]
        return f"{months} tháng đầu năm {year}" if vietnamese else f"the first {months} months of {year}"
    return (
        f"tháng {int(part)} năm {year}" if vietnamese else f"{get_month_names(locale=language.value)[int(part)]} {year}"
    )


def span_name(first: date, last: date, language: Language) -> str:
    """Từ ngày 01/01/2023 đến ngày 31/03/2023, in lower case."""
    if language is Language.VIETNAMESE:
        return f"từ ngày {day(first, language)} đến ngày {day(last, language)}"
    return f"from {day(first, language)} to {day(last, language)}"
