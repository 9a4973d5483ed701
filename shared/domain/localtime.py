"""Local time: every period is cut by the date in Asia/Ho_Chi_Minh (+07, no daylight saving since 1975)."""

from datetime import date, datetime, timedelta, timezone

LOCAL = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
ONE_DAY = timedelta(days=1)


def local(instant: datetime) -> datetime:
    """The same instant with the local offset; refuses an instant without one (ValueError)."""
    if instant.tzinfo is None:
        msg = f"{instant.isoformat()} has no offset; write it as {instant.isoformat()}+07:00"
        raise ValueError(msg)
    return instant if instant.tzinfo is LOCAL else instant.astimezone(LOCAL)


def local_date(instant: datetime) -> date:
    """The local calendar day of an instant."""
    return local(instant).date()
