"""Numbers, days and instants as people write them: 80.121 and 62,8% in Vietnamese, 80,121 and 62.8% in English."""

from datetime import date, datetime
from decimal import Decimal

from babel.numbers import format_decimal, get_decimal_symbol

from shared.domain.localtime import local
from shared.language.languages import Language

NOT_APPLICABLE = "–"


def count(number: int, language: Language) -> str:
    """A number of dossiers, its thousands grouped."""
    return str(format_decimal(number, locale=language.value))


def percent(share: Decimal | str | None, language: Language) -> str:
    """A share with all the decimals it has and its sign; a dash where it is not applicable."""
    if share is None:
        return NOT_APPLICABLE
    whole, _, decimals = str(share).partition(".")
    number = count(int(whole), language) if whole.lstrip("-") != "0" else whole
    return f"{number}{get_decimal_symbol(language.value)}{decimals}%" if decimals else f"{number}%"


def signed(number: int, language: Language) -> str:
    """A difference, with its sign."""
    return f"{'+' if number > 0 else '−' if number < 0 else ''}{count(abs(number), language)}"


def day(given: date, language: Language) -> str:
    """14/03/2023, or 14 Mar 2023."""
    return f"{given:%d/%m/%Y}" if language is Language.VIETNAMESE else f"{given.day} {given:%b %Y}"


def minute(given: datetime, language: Language) -> str:
    """The local minute: 14 giờ 05 phút ngày 14/03/2023, or 14 Mar 2023, 14:05."""
    at = local(given)
    if language is Language.VIETNAMESE:
        return f"{at:%H} giờ {at:%M} phút ngày {day(at.date(), language)}"
    return f"{day(at.date(), language)}, {at:%H:%M}"


def minute_in_full(given: datetime, language: Language) -> str:
    """The local minute as papers spell it: 08 giờ 30 phút, ngày 25 tháng 11 năm 2026, or 25 Nov 2026, 08:30."""
    at = local(given)
    if language is Language.VIETNAMESE:
        return f"{at:%H} giờ {at:%M} phút, ngày {at:%d} tháng {at:%m} năm {at:%Y}"
    return minute(given, language)


def short_minute(given: datetime, language: Language) -> str:
    """The local minute for tables: 14/03/2023 14:05, or 2023-03-14 14:05."""
    at = local(given)
    return f"{at:%d/%m/%Y %H:%M}" if language is Language.VIETNAMESE else f"{at:%Y-%m-%d %H:%M}"
