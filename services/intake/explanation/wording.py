"""Instants, days, lengths and terms in words that can be checked against a paper calendar."""

from datetime import date, datetime, timedelta

from shared.domain.dossier import Dossier
from shared.domain.localtime import local
from shared.domain.terms import Term

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UNITS = {"working_days": "working day", "calendar_days": "calendar day", "working_hours": "working hour", "months": "month"}


def on(day: date) -> str:
    """`Fri 2024-02-09`."""
    return f"{WEEKDAYS[day.weekday()]} {day:%Y-%m-%d}"


def when(instant: datetime) -> str:
    """`Fri 2024-02-09 08:31`, in local time; seconds and their fractions only where there are some."""
    here = local(instant)
    return f"{on(here.date())} {clock(here)}"


def clock(instant: datetime) -> str:
    here = local(instant)
    if here.microsecond:
        return f"{here:%H:%M:%S.%f}".rstrip("0")
    return f"{here:%H:%M:%S}" if here.second else f"{here:%H:%M}"


def length(time: timedelta) -> str:
    """`6 h 29 min`, and `7 h 0 min 47 s`, which nobody reads as minutes; nothing is `0 min`."""
    whole, fraction = divmod(time, timedelta(seconds=1))
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    told: list[tuple[int | str, str]] = [(hours, "h")] if hours else []
    if minutes or (hours and (seconds or fraction)):
        told.append((minutes, "min"))
    if seconds or fraction:
        told.append((f"{seconds}.{fraction.microseconds:06d}".rstrip("0") if fraction else seconds, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in told) or "0 min"


def channel(dossier: Dossier) -> str:
    """`in_person`; `online, full`: the words of the figures."""
    level = dossier.online_level
    return dossier.channel.value if level is None else f"{dossier.channel.value}, {level.value}"


def of(term: Term) -> str:
    """`5 working days`."""
    return f"{term.amount} {UNITS[term.unit.value]}{'s' if term.amount > 1 else ''}"
