"""What one dossier adds to the sums, and what a list shows of it: kept in its row, so that it can be taken back."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from services.reporting.read_model.sums import (
    ALL,
    CHANNEL_CODES,
    JUDGED_CODES,
    MEASURE_CODES,
    Amounts,
    AnyMeasure,
    GaugeStock,
    Group,
    day_number,
)
from shared.domain.counting import Stretch, facts, judgements, overdue_span, stretches
from shared.domain.dossier import Dossier
from shared.domain.localtime import ONE_DAY
from shared.domain.terms import counts_hours
from shared.domain.timeliness import BY_DATE, DEFINITIONS


class BrokenDossier(Exception):
    """What an earlier version stored and this one can't count or read."""

    def __init__(self, code: str, detail: str) -> None:
        way_out = "`motcua verify` names what else is wrong, `motcua rebuild` makes it right from the log"
        super().__init__(f"dossier {code}: {detail}; {way_out}")
        self.code = code


class Contributions(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The deltas under one grouping key; `deltas` are (day, measure, amount).

    `received_by` is the place of receipt where that is not the department.
    """

    department: str
    procedure: str
    channel: int
    deltas: list[tuple[int, int, int]]
    received_by: str = ALL

    @property
    def place_of_receipt(self) -> str:
        """Code of the unit that took the dossier in."""
        return self.received_by or self.department


def contributions_of(dossier: Dossier) -> Contributions:
    """Everything the dossier adds, in the numbers of the sums: the facts once, and the judgements of every definition.

    ValueError for one without department or procedure.
    """
    if not (dossier.department and dossier.procedure):  # an empty name stands for all of them
        msg = "department and procedure must not be empty"
        raise ValueError(msg)
    held = stretches(dossier)
    same_for_all: list[tuple[date, AnyMeasure, int]] = [*facts(dossier), *gauge_deltas(dossier, held)]
    deltas = [(day_number(day), MEASURE_CODES[measure], amount) for day, measure, amount in same_for_all]
    for name, definition in DEFINITIONS.items():
        codes = JUDGED_CODES[name]
        for day, measure, amount in judgements(dossier, definition, held):
            deltas.append((day_number(day), codes[measure], amount))
    place = dossier.place_of_receipt
    return Contributions(
        dossier.department,
        dossier.procedure,
        CHANNEL_CODES[dossier.counted_channel],
        deltas,
        ALL if place == dossier.department else place,
    )


def add_to(changes: dict[Group, Amounts], entry: Contributions, sign: int) -> None:
    """Add the entry's deltas to the changes, or take them back (`sign` -1); those of another place also to its own."""
    for place in (ALL, entry.received_by) if entry.received_by else (ALL,):
        days = changes.setdefault((entry.procedure, entry.department, entry.channel, place), {})
        for day, measure, amount in entry.deltas:
            key = day, measure
            days[key] = days.get(key, 0) + sign * amount


encode_contributions = msgspec.json.Encoder().encode
decode_contributions = msgspec.json.Decoder(Contributions).decode


def stored_contributions(code: str, contributions: bytes) -> Contributions:
    """The entry in a dossier's row. Raises BrokenDossier."""
    try:
        return decode_contributions(contributions)
    except (msgspec.MsgspecError, ValueError, RecursionError) as wrong:
        raise BrokenDossier(code, f"what it adds to the figures can't be read ({wrong})") from wrong


def gauge_deltas(dossier: Dossier, held: Sequence[Stretch]) -> list[tuple[date, GaugeStock, int]]:
    """Day-stamped deltas by `by-date/1`. Due soon: not suspended, and due on the day or on the next one."""
    if not dossier.counts:
        return []
    deltas: list[tuple[date, GaugeStock, int]] = []
    for stretch in held:
        if (due := stretch.due_on) is None:
            continue
        if stretch.paused_at is None:
            end = due + ONE_DAY if stretch.end is None else min(due + ONE_DAY, stretch.end)
            deltas += _between(GaugeStock.DUE_SOON, max(stretch.first, due - ONE_DAY), end)
        elif span := overdue_span(stretch, BY_DATE):
            deltas += _between(GaugeStock.SUSPENDED_OVERDUE, *span)
    return deltas


def _between(measure: GaugeStock, first: date, end: date | None) -> list[tuple[date, GaugeStock, int]]:
    if end is None:
        return [(first, measure, 1)]
    return [(first, measure, 1), (end, measure, -1)] if first < end else []


class ListedFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The facts of a version; fields are only ever appended."""

    state: str
    received_at: datetime | None
    due_at: datetime | None
    in_hours: bool
    closed_at: datetime | None
    closed_as: str | None
    returned_at: datetime | None
    officer: str | None
    channel: str | None = None  # the office's own, where the form's class has another name


def listed_facts(dossier: Dossier) -> ListedFacts:
    return ListedFacts(
        dossier.state.value,
        dossier.received_at,
        dossier.due_at,
        counts_hours(dossier.term),
        dossier.closed_at,
        None if dossier.closed_as is None else dossier.closed_as.value,
        dossier.returned_at,
        dossier.officer,
        None if dossier.channel == dossier.counted_channel else dossier.channel,
    )


encode_listed = msgspec.json.Encoder().encode
decode_listed = msgspec.json.Decoder(ListedFacts).decode
