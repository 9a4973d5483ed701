"""What a question says of periods besides its own: the one beside it, and those that its rows are."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from pydantic import Field

from services.reporting.figures.query import OF_TIME, Dimension, FigureQuery
from shared.domain.periods import name_of_period
from shared.language.languages import Language
from shared.language.sentences import not_begun
from shared.language.voice import Voice
from shared.service.http import invalid

Against = Annotated[
    str | None,
    Field(
        description="beside which period, answered as `against`: `last_year` (the same one a year earlier), `previous` "
        "(the one before), or days as 2022-01-01..2022-12-31. Where the period asked for has not ended, the other is "
        "counted as far: up to the same day of last year, or for as many days"
    ),
]


def refuse_unbegun(query: FigureQuery, parameter: str | None = None) -> None:
    """Refuse a period that begins after the day that it is judged at: everything of it would be 0.

    At fault is `parameter`, or else what named the period.
    """
    first, judged = query.first, query.as_of.date()
    if first > judged:
        at_fault = parameter or ("from" if query.period is None else "period")
        english, vietnamese = (not_begun(first, judged, Voice(of)) for of in (Language.ENGLISH, Language.VIETNAMESE))
        raise invalid(at_fault, english, vietnamese)


def check_rows_of_time(by: Iterable[Dimension], first: date, last: date) -> None:
    """Refuse two kinds of them, and statutory ones that the period would cut."""
    kinds = [dimension for dimension in by if dimension in OF_TIME]
    if len(kinds) > 1:
        raise invalid(
            "by",
            f"rows are either of {' or of '.join(kinds)}; leave one out",
            f"mỗi dòng chỉ theo một trong các loại {', '.join(kinds)}; hãy bỏ bớt",
        )
    for kind in kinds:
        grain = OF_TIME[kind]
        whole = grain.whole(first, last)
        if grain.statutory and whole != (first, last):
            name, days = name_of_period(*whole), f"from={whole[0]}&to={whole[1]}"
            raise invalid(
                "by",
                f"{kind} needs whole ones, from the 15th to the 14th, and {first} to {last} cuts some; the nearest "
                f"whole period is {f'period={name}, which is ' if name else ''}{days}",
                f"{kind} cần kỳ trọn vẹn, từ ngày 15 đến ngày 14, mà {first} đến {last} thì không trọn; kỳ trọn vẹn "
                f"gần nhất là {f'period={name}, tức ' if name else ''}{days}",
            )
