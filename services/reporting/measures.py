"""How measures and channels are written in the sums: small numbers that never change their meaning."""

from enum import StrEnum

from shared.domain.counting import STOCKS, Measure
from shared.domain.events import Channel


class Standing(StrEnum):
    """Stocks that only /metrics shows, counted here so that its four classes of open dossiers are disjoint."""

    DUE_SOON = "open_due_soon"
    SUSPENDED_OVERDUE = "open_suspended_overdue"


# Append only: the numbers are in every office's database.
MEASURE_CODES: dict[Measure | Standing, int] = {
    Measure.RECEIVED: 1,
    Measure.RECEIVED_ONLINE_FULL: 2,
    Measure.RESOLVED_EARLY: 3,
    Measure.RESOLVED_ON_TIME: 4,
    Measure.RESOLVED_OVERDUE: 5,
    Measure.RESOLVED_NO_DEADLINE: 6,
    Measure.WITHDRAWN: 7,
    Measure.STOPPED: 8,
    Measure.RETURNED_IN_PERSON: 9,
    Measure.RETURNED_POSTAL: 10,
    Measure.RETURNED_ONLINE: 11,
    Measure.OPEN: 12,
    Measure.OPEN_OVERDUE: 13,
    Measure.OPEN_SUSPENDED: 14,
    Measure.AWAITING_RETURN: 15,
    Standing.DUE_SOON: 16,
    Standing.SUSPENDED_OVERDUE: 17,
}
CHANNEL_CODES: dict[Channel, int] = {Channel.ONLINE: 1, Channel.IN_PERSON: 2, Channel.POSTAL: 3}

MEASURES: dict[int, Measure | Standing] = {code: measure for measure, code in MEASURE_CODES.items()}
CHANNELS: dict[int, Channel] = {code: channel for channel, code in CHANNEL_CODES.items()}
STOCK_CODES: tuple[int, ...] = tuple(sorted(MEASURE_CODES[measure] for measure in (*STOCKS, *Standing)))
