"""The ledger's pure step: what one record makes of one dossier, and what it publishes. No I/O, no clock."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from shared.contract.envelope import CloudEvent, decode_envelope, event_name
from shared.contract.status import AlertV1, StatusV1
from shared.domain.dossier import Dossier, apply
from shared.domain.errors import Refusal
from shared.domain.lifecycle import SUSPENDED
from shared.mapping import UnknownEventType, decode_data, to_dossier, to_event, to_status


@dataclass(frozen=True, slots=True)
class Entry:
    """A dossier in the ledger; `version` grows with every change, by an event or by a tick."""

    dossier: Dossier
    version: int
    recordedtime: datetime
    alerted: dict[str, datetime] = field(default_factory=dict)

    def status(self) -> StatusV1:
        return to_status(self.dossier, version=self.version, recordedtime=self.recordedtime, alerted=self.alerted)


def entry_of(status: StatusV1) -> Entry:
    """The ledger's entry of a snapshot, as recovery reads it."""
    return Entry(to_dossier(status), status.version, status.recordedtime, status.alerted)


class Poison(Exception):
    """A record that can't be processed, now or ever: it goes to the dead letters with this reason."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Tick(msgspec.Struct, frozen=True):
    """A deadline's threshold was reached: the passing of time, put into the log so that a replay sees it too."""

    code: str
    threshold: str
    due_at: datetime


decode_tick = msgspec.json.Decoder(Tick).decode


def read_event(value: bytes | None) -> CloudEvent:
    """The envelope of an event record; raises Poison when it is not one that intake wrote."""
    try:
        envelope = decode_envelope(value or b"")
    except msgspec.MsgspecError as broken:
        raise Poison("malformed", str(broken)) from broken
    if envelope.sequence is None or envelope.recordedtime is None:
        raise Poison("not_recorded", "sequence or recordedtime is missing: the event did not come through intake")
    return envelope


def read_tick(value: bytes | None) -> Tick:
    """The tick of a tick record; raises Poison."""
    try:
        return decode_tick(value or b"")
    except msgspec.MsgspecError as broken:
        raise Poison("malformed", str(broken)) from broken


def step(entry: Entry | None, envelope: CloudEvent) -> Entry | None:
    """The entry after the event, or None when the event is not news (delivered again).

    Raises Poison when events before this one are missing, or the rules refuse it.
    """
    assert envelope.sequence is not None
    assert envelope.recordedtime is not None
    known = 0 if entry is None else entry.dossier.sequence
    if envelope.sequence <= known:
        return None
    if envelope.sequence > known + 1:
        raise Poison("sequence_gap", f"{envelope.subject}: event {envelope.sequence} came after event {known}")
    try:
        event = to_event(decode_data(envelope), envelope.time)
        dossier = apply(None if entry is None else entry.dossier, envelope.subject, event)
    except UnknownEventType as unknown:
        raise Poison("unknown_type", str(unknown)) from unknown
    except msgspec.ValidationError as invalid:
        raise Poison("malformed", f"{event_name(envelope.type)}: {invalid}") from invalid
    except Refusal as refusal:
        raise Poison(refusal.code, refusal.detail) from refusal
    if entry is None:
        return Entry(dossier, 1, envelope.recordedtime)
    return Entry(dossier, entry.version + 1, envelope.recordedtime, entry.alerted)


def tick(entry: Entry | None, reached: Tick) -> tuple[Entry, AlertV1] | None:
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
    alerted = {**entry.alerted, reached.threshold: reached.due_at}
    return replace(entry, version=entry.version + 1, alerted=alerted), alert


def needs_alert(entry: Entry, threshold: str, due_at: datetime) -> bool:
    """Whether the threshold of this deadline has yet to be announced for an open, running dossier."""
    dossier = entry.dossier
    return dossier.is_open and dossier.state not in SUSPENDED and dossier.due_at == due_at and entry.alerted.get(threshold) != due_at
