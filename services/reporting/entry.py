"""What one dossier adds to the daily table, written down beside the dossier so that it can be taken back exactly."""

import msgspec

from services.reporting.measures import CHANNEL_CODES, MEASURE_CODES, day_number
from services.reporting.standings import standing_deltas
from shared.domain.counting import contributions
from shared.domain.dossier import Dossier

Cell = tuple[int, str, str, int, int]  # day, department, procedure, channel, measure: the key of the daily table


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """The deltas under one grouping key; `deltas` are (day, measure, amount)."""

    department: str
    procedure: str
    channel: int
    deltas: list[tuple[int, int, int]]


def entry_of(dossier: Dossier) -> Entry:
    """Everything the dossier adds, in the numbers of the daily table."""
    deltas = [(day_number(delta.day), MEASURE_CODES[delta.measure], delta.amount) for delta in contributions(dossier)]
    deltas += ((day_number(day), MEASURE_CODES[measure], amount) for day, measure, amount in standing_deltas(dossier))
    return Entry(dossier.department, dossier.procedure, CHANNEL_CODES[dossier.channel], deltas)


def add(cells: dict[Cell, int], entry: Entry, sign: int) -> None:
    """Add the entry's deltas to the cells, or take them back (`sign` -1)."""
    department, procedure, channel = entry.department, entry.procedure, entry.channel
    for day, measure, amount in entry.deltas:
        cell = (day, department, procedure, channel, measure)
        cells[cell] = cells.get(cell, 0) + sign * amount


encode_entry = msgspec.json.Encoder().encode
decode_entry = msgspec.json.Decoder(Entry).decode
