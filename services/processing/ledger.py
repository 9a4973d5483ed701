"""The ledger's pure step: what one record makes of one dossier, and what it publishes. No I/O, no clock."""

from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shared.contract.envelope import CloudEvent, UnknownEventType, decode_envelope, event_name, event_of
from shared.contract.status import AlertV1, StatusV1, status_of, version_of
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.lifecycle import PAUSED, State
from shared.domain.localtime import local
from shared.domain.timeliness import ACCEPTANCE_OVERDUE, THRESHOLDS
from shared.domain.transitions import apply
from shared.service.dead_letters import MALFORMED, Unusable

SEQUENCE_GAP = "sequence_gap"
_KNOWN_THRESHOLDS = {threshold: threshold for threshold in THRESHOLDS}
UNREADABLE = (
    msgspec.MsgspecError,
    ValueError,
    OverflowError,
    RecursionError,
)  # what bytes inside `data` can make reading raise


class LedgerEntry(Struct, frozen=True, gc=False):
    """A dossier in the ledger; `alerted` maps thresholds of the deadline in force to that deadline."""

    dossier: Dossier
    recordedtime: datetime
    alerted: dict[str, datetime] = {}

    @property
    def version(self) -> int:
        """Grows with every change, and is a function of the content:
        two writers can't publish different content under one version."""
        due_at = self.dossier.watched_due_at if self.alerted else None
        return version_of(self.dossier.sequence, self.alerted, due_at)

    @property
    def order(self) -> tuple[int, int]:
        """By this, of two snapshots of a dossier the newer is known."""
        return self.dossier.sequence, self.version

    def status(self) -> StatusV1:
        return status_of(self.dossier, version=self.version, recordedtime=self.recordedtime, alerted=self.alerted)


def entry_of(status: StatusV1) -> LedgerEntry:
    """The ledger's entry of a snapshot, as recovery reads it."""
    dossier = status.dossier()
    return LedgerEntry(dossier, status.recordedtime, _in_force(dossier, status.alerted))


def _in_force(dossier: Dossier, alerted: dict[str, datetime]) -> dict[str, datetime]:
    """What was announced of the deadline that holds now; an earlier deadline's announcements say nothing any more."""
    if not alerted:
        return alerted
    return {threshold: due_at for threshold, due_at in alerted.items() if due_at == dossier.watched_due_at}


class Tick(Struct, frozen=True):
    """A deadline's threshold was reached: the passing of time, put into the log so that a replay sees it too."""

    code: str
    threshold: str
    due_at: datetime


_decode_tick = msgspec.json.Decoder(Tick).decode


def usable_tick(value: bytes | None) -> Tick:
    """The tick of a tick record; raises Unusable.
    A deadline without an offset is none that a dossier has: such a tick is stale."""
    try:
        tick = _decode_tick(value or b"")
        return Tick(
            tick.code,
            _KNOWN_THRESHOLDS[tick.threshold],
            tick.due_at if tick.due_at.tzinfo is None else local(tick.due_at),
        )
    except Exception as wrong:  # bytes alone decide this: whatever it is, it is the record's
        raise Unusable(MALFORMED, str(wrong) or type(wrong).__name__) from wrong


def step(entry: LedgerEntry | None, envelope: CloudEvent) -> LedgerEntry | None:
    """The entry after the event, or None when the event is not news (delivered again).

    Raises Unusable when events before this one are missing, or the rules refuse it.
    """
    assert envelope.sequence is not None
    assert envelope.recordedtime is not None
    known = 0 if entry is None else entry.dossier.sequence
    if envelope.sequence <= known:
        return None
    if envelope.sequence > known + 1:
        raise Unusable(SEQUENCE_GAP, f"{envelope.subject}: event {envelope.sequence} came after event {known}")
    try:
        dossier = apply(None if entry is None else entry.dossier, envelope.subject, event_of(envelope), envelope.time)
    except UnknownEventType as unknown:
        raise Unusable("unknown_type", str(unknown)) from unknown
    except Refusal as refusal:
        raise Unusable(refusal.code, refusal.detail) from refusal
    except UNREADABLE as invalid:
        raise Unusable(MALFORMED, f"{event_name(envelope.type)}: {invalid}") from invalid
    return LedgerEntry(dossier, envelope.recordedtime, {} if entry is None else _in_force(dossier, entry.alerted))


def tick(entry: LedgerEntry | None, reached: Tick) -> tuple[LedgerEntry, AlertV1] | None:
    """The entry that remembers the alert, and the alert; None when the tick is stale or was heard before.

    Stale: the dossier was closed or paused meanwhile, or its deadline moved.
    """
    if entry is None or not needs_alert(entry, reached.threshold, reached.due_at):
        return None
    dossier = entry.dossier
    alert = AlertV1(
        id=f"{dossier.code}/{reached.threshold}/{reached.due_at.isoformat()}",
        threshold=reached.threshold,
        code=dossier.code,
        department=dossier.department,
        procedure=dossier.procedure,
        due_at=reached.due_at,
        officer=dossier.officer,
    )
    return replace(entry, alerted={**entry.alerted, reached.threshold: reached.due_at}), alert


def needs_alert(entry: LedgerEntry, threshold: str, due_at: datetime) -> bool:
    """Whether the threshold of this deadline has yet to be announced for a dossier whose clock runs."""
    dossier = entry.dossier
    runs = (
        dossier.state is State.SUBMITTED
        if threshold == ACCEPTANCE_OVERDUE
        else dossier.is_open and dossier.state not in PAUSED
    )
    return runs and dossier.watched_due_at == due_at and entry.alerted.get(threshold) != due_at


_KNOWN_TO_BE_GOOD = decode_envelope(
    b'{"specversion":"1.0","id":"1","source":"/self-test","type":"vn.motcua.dossier.received.v1",'
    b'"subject":"H59.15-231208-0001","time":"2023-12-08T08:31:00+07:00","sequence":1,"recordedtime":"2023-12-08T08:31:01+07:00",'
    b'"data":{"department":"H59.15","procedure":"2.000635","channel":"online","due_at":"2023-12-15T08:31:00+07:00"}}'
)


def can_step() -> bool:
    """Whether an event that is known to be good passes: if not, it is the program that fails and not the records."""
    try:
        return step(None, _KNOWN_TO_BE_GOOD) is not None
    except Exception:  # noqa: BLE001 - that is the question
        return False
