"""Instants and calendars that tests speak in."""

from datetime import date, datetime, timedelta

from shared.domain.calendar import WorkingCalendar
from shared.domain.localtime import LOCAL, ONE_DAY


def at(text: str) -> datetime:
    """`2023-01-03 08:31` in local time; a date alone is eight in the morning."""
    instant = datetime.fromisoformat(text if ":" in text else f"{text} 08:00")
    return instant.replace(tzinfo=LOCAL)


def days(first: str, last: str) -> frozenset[date]:
    """Every date from the first to the last."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return frozenset(start + offset * ONE_DAY for offset in range((end - start) // timedelta(days=1) + 1))


# Tet 2023 and 2024, and the two Mondays of domain §3.5 with the Saturdays they were swapped for
OFFICE = WorkingCalendar(
    first_day=date(2022, 1, 1),
    last_day=date(2026, 12, 31),
    days_off=days("2023-01-20", "2023-01-26")
    | days("2024-02-08", "2024-02-14")
    | days("2024-04-29", "2024-05-01")
    | days("2026-02-16", "2026-02-20")
    | days("2026-08-31", "2026-09-02"),
    swapped_to_work=frozenset({date(2024, 5, 4), date(2026, 8, 22)}),
)
