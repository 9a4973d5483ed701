"""Local time: every period is cut by the date in Asia/Ho_Chi_Minh (+07, no daylight saving since 1975)."""

from datetime import date, datetime, timedelta
from typing import Annotated

from msgspec import Meta, convert

from shared.domain.errors import InstantOutOfRange

Instant = Annotated[datetime, Meta(tz=True)]  # with an offset
EPOCH = convert("1970-01-01T07:00:00+07:00", datetime)
LOCAL = EPOCH.tzinfo
"""The very object that msgspec gives the instants that it reads. Python compares and subtracts instants of one zone as
they stand; where there are two, it asks each for its offset, which takes ten times as long."""
ONE_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1900, 2999  # a sentinel such as 9999-12-31 is no deadline, and has no day after it


def local(instant: datetime) -> datetime:
    """The same instant with the local offset; refuses one without an offset (ValueError) or out of any office's time.

    The year is that of the local time, whatever the offset it was written with: what passes once passes everywhere.
    """
    zone = instant.tzinfo
    if zone is None:
        raise ValueError(f"{instant.isoformat()} has no offset; write it as {instant.isoformat()}+07:00")
    try:
        here = instant if zone is LOCAL or zone == LOCAL else instant.astimezone(LOCAL)
    except OverflowError:
        here = instant  # the first or the last day that a computer knows
    if not FIRST_YEAR <= here.year <= LAST_YEAR:
        raise InstantOutOfRange(
            f"{instant.isoformat()} lies outside the years {FIRST_YEAR}-{LAST_YEAR} of local time (+07:00); "
            "correct the year, and leave due_at out for a dossier without a deadline"
        )
    return here


def local_date(instant: datetime) -> date:
    """The local calendar day of an instant."""
    if instant.tzinfo is LOCAL and FIRST_YEAR <= instant.year <= LAST_YEAR:  # as nearly always
        return instant.date()
    return local(instant).date()


def seconds(instant: datetime) -> float:
    """Since 1970, as `timestamp` says it, in a third of the time where the instant is local."""
    return (instant - EPOCH).total_seconds()


def written(text: str) -> datetime:
    """The instant that a text of RFC 3339 names, its T and Z large or small. ValueError when it names none."""
    return datetime.fromisoformat(text.upper())
