"""Instants as the read model stores them: whole microseconds since 1970, which sort and compare alike in both databases."""

from datetime import UTC, datetime, timedelta

from shared.domain.localtime import LOCAL

MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(instant: datetime) -> int:
    """Exact: a float of seconds would not tell neighbouring microseconds apart."""
    return (instant - _EPOCH) // MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """The instant in local time."""
    return (_EPOCH + microseconds * MICROSECOND).astimezone(LOCAL)
