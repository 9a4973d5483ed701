"""Days on the command line: one that a month does not have is told with the last one that it has."""

import re
from calendar import monthrange
from datetime import date

import typer

_WRITTEN = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


def day(word: str) -> date:
    """A day like 2023-01-31. Raises typer.BadParameter with the fix."""
    written = _WRITTEN.fullmatch(word)
    if written is None:
        raise typer.BadParameter(f"{word} is not a day; write it like 2023-01-31")
    year, month, number = (int(part) for part in written.groups())
    if year and 1 <= month <= 12:  # noqa: PLR2004 - months of a year
        last = date(year, month, monthrange(year, month)[1])
        if 1 <= number <= last.day:
            return date(year, month, number)
        raise typer.BadParameter(f"the day {word} does not exist: the last one of that month is {last}")
    raise typer.BadParameter(f"the day {word} does not exist: a year has the months 01 to 12")


def check_period(first: date | None, last: date | None, period: str | None) -> None:
    """Either a named period, or a first and a last day in this order. Raises typer.BadParameter."""
    if period is not None:
        if first is not None or last is not None:
            raise typer.BadParameter("stands in place of --from and --to; leave either it or them out", param_hint="--period")
        return
    if first is None or last is None:
        raise typer.BadParameter(
            f"{'--from' if first is None else '--to'} is missing: give --from and --to, or --period", param_hint="the period"
        )
    if last < first:
        raise typer.BadParameter(f"the period ends ({last}) before it begins ({first})", param_hint="--to")


def period_query(first: date | None, last: date | None, period: str | None, as_of: date | None) -> dict[str, str]:
    """The checked days as reporting's parameters."""
    check_period(first, last, period)
    given = {"from": first, "to": last, "period": period, "as_of": as_of}
    return {name: str(value) for name, value in given.items() if value is not None}
