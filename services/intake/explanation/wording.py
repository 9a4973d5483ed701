"""Instants, days, lengths and terms in words that can be checked against a paper calendar."""

from datetime import date, datetime, timedelta

from shared.domain.localtime import local
from shared.domain.terms import Term

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UNITS = {"working_days": "working day", "calendar_days": "calendar day", "working_hours": "working hour", "months": "month"}


def on(day: date) -> str:
    """`Fri 2024-02-09`."""
    return f"{WEEKDAYS[day.weekday()]} {day:%Y-%m-%d}"


def when(instant: datetime) -> str:
    """`Fri 2024-02-09 08:31`, in local time; seconds only where there are some."""
    here = local(instant)
    return f"{on(here.date())} {clock(here)}"


def clock(instant: datetime) -> str:
    here = local(instant)
    return f"{here:%H:%M}" if here == here.replace(second=0, microsecond=0) else f"{here:%H:%M:%S}"


def length(time: timedelta) -> str:
    """`6 h 29 min`; nothing is `0 min`."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    parts = [f"{amount} {unit}" for amount, unit in ((minutes // 60, "h"), (minutes % 60, "min"), (seconds, "s")) if amount]
    return " ".join(parts) or "0 min"


def of(term: Term) -> str:
    """`5 working days`."""
    return f"{term.amount} {UNITS[term.unit.value]}{'s' if term.amount > 1 else ''}"
