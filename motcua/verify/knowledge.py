"""Which past instants are asked about: when half of the log was known, and a day before its end."""

from datetime import datetime, timedelta

import httpx

from motcua.verify import remote
from motcua.verify.recount import decode_entry
from shared.domain.localtime import ONE_DAY


def instants(intake: httpx.Client) -> tuple[datetime, ...]:
    """In order of time; fewer for a short log."""
    last = remote.head(intake).position
    begin, middle, end = (_recorded(intake, position) for position in (1, last // 2, last))
    if begin is None or middle is None or end is None:
        return ()
    wanted = {middle, end - ONE_DAY} if end - ONE_DAY >= begin else {middle}
    return tuple(sorted(_second_before(instant) for instant in wanted))


def _second_before(instant: datetime) -> datetime:
    """The end of the second before: of what became known of a dossier within one second the read model may keep the last only."""
    return instant.replace(microsecond=0) - timedelta.resolution


def _recorded(intake: httpx.Client, position: int) -> datetime | None:
    """When the event at the position was recorded; None where there is none."""
    lines = remote.log_page(intake, position - 1, limit=1) if position > 0 else []
    return decode_entry(lines[0]).event.recordedtime if lines else None
