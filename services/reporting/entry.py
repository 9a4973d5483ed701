"""What one dossier adds to the sums, written down beside the dossier so that it can be taken back exactly."""

import msgspec

from services.reporting.broken import BrokenDossier
from services.reporting.measures import CHANNEL_CODES, JUDGED_CODES, MEASURE_CODES
from services.reporting.rollup import Cell
from services.reporting.spans import day_number
from services.reporting.standings import standing_deltas
from shared.domain.counting import facts, judgements, stretches
from shared.domain.definitions import DEFINITIONS
from shared.domain.dossier import Dossier


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """The deltas under one grouping key; `deltas` are (day, measure, amount)."""

    department: str
    procedure: str
    channel: int
    deltas: list[tuple[int, int, int]]


def entry_of(dossier: Dossier) -> Entry:
    """Everything the dossier adds, in the numbers of the sums: the facts once, and the judgements of every definition.

    ValueError for one without department or procedure.
    """
    if not (dossier.department and dossier.procedure):  # an empty name stands for all of them
        msg = "department and procedure must not be empty"
        raise ValueError(msg)
    held = stretches(dossier)
    deltas = [(day_number(day), MEASURE_CODES[measure], amount) for day, measure, amount in facts(dossier)]
    deltas += [(day_number(day), MEASURE_CODES[measure], amount) for day, measure, amount in standing_deltas(dossier, held)]
    for name, definition in DEFINITIONS.items():
        codes = JUDGED_CODES[name]
        deltas += [(day_number(day), codes[measure], amount) for day, measure, amount in judgements(dossier, definition, held)]
    return Entry(dossier.department, dossier.procedure, CHANNEL_CODES[dossier.channel], deltas)


def add(cells: dict[Cell, int], entry: Entry, sign: int) -> None:
    """Add the entry's deltas to the cells, or take them back (`sign` -1)."""
    department, procedure, channel = entry.department, entry.procedure, entry.channel
    for day, measure, amount in entry.deltas:
        cell = (day, procedure, department, channel, measure)
        cells[cell] = cells.get(cell, 0) + sign * amount


encode_entry = msgspec.json.Encoder().encode
decode_entry = msgspec.json.Decoder(Entry).decode


def stored_entry(code: str, contributions: bytes) -> Entry:
    """The entry in a dossier's row. Raises BrokenDossier."""
    try:
        return decode_entry(contributions)
    except (msgspec.MsgspecError, ValueError, RecursionError) as wrong:
        raise BrokenDossier(code, f"what it adds to the figures can't be read ({wrong})") from wrong
