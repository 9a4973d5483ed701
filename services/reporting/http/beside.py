"""Reads from a URL beside which period figures are to stand, as `against`."""

import re
from dataclasses import replace
from datetime import datetime

from services.reporting.figures.query import OF_TIME, Dimension, FigureQuery
from services.reporting.http.parameters import EARLIEST, END_OF_DAY, given_day
from services.reporting.http.periods import refuse_unbegun
from shared.domain.comparison import Beside, NamedSpan, NoPeriodBefore, beside, counted_until
from shared.domain.localtime import LOCAL
from shared.domain.periods import UnknownPeriod
from shared.service.http import invalid

AGAINST = "against"
_DAYS = re.compile(r"(.+?)\.\.(.+)")
_AS_DAYS, _AS_DAYS_VI = "days as 2022-01-01..2022-12-31", "các ngày như 2022-01-01..2022-12-31"


def query_beside(query: FigureQuery, wanted: str) -> FigureQuery:
    """The same question of the period that `against` names: by the same filters, definition, knowledge and
    organisation of units, and counted as far as this one is. Both must have begun."""
    refuse_unbegun(query)
    period = NamedSpan(query.first, query.last, query.period)
    which, other = _period(period, wanted)
    until = counted_until(period, other, which, query.as_of.date())
    same_day = until == query.as_of.date()
    other_query = replace(
        query,
        first=other.first,
        last=other.last,
        period=other.name,
        as_of=query.as_of if same_day else datetime.combine(until, END_OF_DAY, LOCAL),
        organised_on=None if query.organised is None else query.as_of.date(),
    )
    refuse_unbegun(other_query, AGAINST)
    if query.time is not None:
        _comparable(query, query.time, which, other)
    return other_query


def _period(period: NamedSpan, wanted: str) -> tuple[Beside | None, NamedSpan]:
    if days := _DAYS.fullmatch(wanted):
        first, last = (given_day(AGAINST, word) for word in days.groups())
        if first > last:
            raise invalid(AGAINST, f"{first} lies after {last}; exchange them", f"{first} sau {last}; hãy đổi chỗ")
        return None, NamedSpan(first, last)
    try:
        which = Beside(wanted)
    except ValueError:
        raise invalid(
            AGAINST,
            f"{wanted!r} is not known; write last_year, previous, or {_AS_DAYS}",
            f"{wanted!r} không có; hãy ghi last_year, previous hoặc {_AS_DAYS_VI}",
        ) from None
    try:
        other = beside(period, which)
    except NoPeriodBefore as none:
        raise invalid(
            AGAINST,
            f"{none}; write last_year, or {_AS_DAYS}",
            f"{period.name} tính từ đầu năm nên không có kỳ liền trước; hãy ghi last_year hoặc {_AS_DAYS_VI}",
        ) from None
    except UnknownPeriod as unknown:
        raise invalid(AGAINST, str(unknown), "không có kỳ báo cáo nào trước đó") from None
    if other.first < EARLIEST:
        raise invalid(
            AGAINST,
            f"that period begins on {other.first}; figures are of days from {EARLIEST} on",
            f"kỳ đó bắt đầu từ ngày {other.first}; số liệu chỉ có từ ngày {EARLIEST}",
        )
    return which, other


def _comparable(query: FigureQuery, kind: Dimension, which: Beside | None, other: NamedSpan) -> None:
    """Refuse to set rows of time beside others that are no whole ones, fewer or more, or that have not come yet."""
    grain = OF_TIME[kind]
    whole = grain.whole(other.first, other.last)
    if grain.statutory and whole != (other.first, other.last):
        raise invalid(
            AGAINST,
            f"{other.first} to {other.last} cuts a {kind}; write {whole[0]}..{whole[1]}",
            f"{other.first} đến {other.last} không gồm các {kind} trọn vẹn; hãy ghi {whole[0]}..{whole[1]}",
        )
    if len(grain.rows(query.first, query.last)) != len(grain.rows(other.first, other.last)):
        raise invalid(
            AGAINST,
            f"{other.first} to {other.last} has not as many rows of {kind}; write a period as long, or last_year",
            f"{other.first} đến {other.last} không có cùng số dòng {kind}; hãy ghi kỳ dài bằng nhau hoặc last_year",
        )
    if which is not Beside.LAST_YEAR and query.as_of.date() < max(query.last, other.last):
        raise invalid(
            AGAINST,
            f"by {kind} a period that has not ended stands beside last_year only; write that, or leave {kind} out",
            f"theo {kind}, kỳ chưa kết thúc chỉ so được với last_year; hãy ghi last_year hoặc bỏ {kind}",
        )
