"""How measures and channels are written in the sums: small numbers that never change their meaning."""

from collections.abc import Mapping
from enum import StrEnum

from shared.domain.counting import JUDGED, STOCKS, Measure
from shared.domain.definitions import BY_DATE, DEFINITIONS, HALF_DAY, INSTANT
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


Counted = Measure | Standing

# Append only as well: what a definition judges stands this far behind the codes of by-date/1, the first one.
_APART = {BY_DATE.name: 0, INSTANT.name: 20, HALF_DAY.name: 40}
JUDGED_CODES: Mapping[str, Mapping[Measure, int]] = {
    name: {measure: MEASURE_CODES[measure] + _APART[name] for measure in JUDGED} for name in DEFINITIONS
}
"""For each definition the codes of the measures that it judges; every other measure has one code for all definitions."""


def _meanings(definition: str) -> dict[int, Counted]:
    facts = {code: measure for measure, code in MEASURE_CODES.items() if measure not in JUDGED}
    return facts | {code: measure for measure, code in JUDGED_CODES[definition].items()}


MEANINGS: Mapping[str, Mapping[int, Counted]] = {name: _meanings(name) for name in DEFINITIONS}
"""For each definition the codes that its figures are made of, and what they mean there."""

CHANNELS: dict[int, Channel] = {code: channel for channel, code in CHANNEL_CODES.items()}


def stock_codes(definition: str) -> list[int]:
    """The codes of the stocks that the definition's figures are made of."""
    return [code for code, measure in MEANINGS[definition].items() if isinstance(measure, Standing) or measure in STOCKS]
