"""Whether a record can be used: one answer at the door, live, at recovery and at rebuild.

Whatever a record holds that makes its reading fail is the record's fault, from its bytes to the limits of the databases behind us: it is
put aside with a reason and never ends a service.
"""

from shared.contract.codec import decode_status
from shared.contract.envelope import CloudEvent, decode_envelope
from shared.contract.status import StatusV1
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.localtime import local
from shared.mapping import to_dossier

MALFORMED = "malformed"
NOT_RECORDED = "not_recorded"
CONTRADICTORY = "contradictory"
LARGEST_NUMBER = 2**53 - 1  # what JSON, SQLite and PostgreSQL all carry


class Unusable(Exception):
    """A record that can't be used, now or ever, with the reason that its dead letter gives."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def usable_event(value: bytes | None) -> CloudEvent:
    """The envelope of an event record that intake wrote; raises Unusable for any other."""
    try:
        envelope = decode_envelope(value or b"")
    except Exception as wrong:  # bytes alone decide this: whatever it is, it is the record's
        raise Unusable(MALFORMED, _told(wrong)) from wrong
    if envelope.sequence is None or envelope.recordedtime is None:
        raise Unusable(NOT_RECORDED, "sequence or recordedtime is missing: the event did not come through intake")
    try:
        local(envelope.recordedtime)
    except (Refusal, ValueError, OverflowError) as wrong:
        raise Unusable(MALFORMED, f"recordedtime: {_told(wrong)}") from wrong
    if envelope.sequence > LARGEST_NUMBER:
        raise Unusable(MALFORMED, f"sequence: {envelope.sequence} is beyond {LARGEST_NUMBER}")
    return envelope


def usable_status(value: bytes | None) -> tuple[StatusV1, Dossier]:
    """The snapshot of a status record and the dossier it stands for; raises Unusable."""
    try:
        status = decode_status(value or b"")
        dossier = to_dossier(status)
        local(status.recordedtime)
        for due_at in status.alerted.values():
            local(due_at)
    except Exception as wrong:  # bytes alone decide this: whatever it is, it is the record's
        raise Unusable(MALFORMED, _told(wrong)) from wrong
    if wrong_number := next((name for name in ("version", "sequence") if not 1 <= getattr(status, name) <= LARGEST_NUMBER), None):
        raise Unusable(MALFORMED, f"{wrong_number}: {getattr(status, wrong_number)} is not between 1 and {LARGEST_NUMBER}")
    if contradiction := _contradiction(dossier):
        raise Unusable(CONTRADICTORY, contradiction)
    return status, dossier


def _contradiction(dossier: Dossier) -> str | None:
    """What no life of a dossier can have led to, and no figure can count."""
    for name in ("code", "department", "procedure"):
        text = getattr(dossier, name)
        if not text or not text.isprintable():
            return f"{name}: {text!r} names nothing"
    begun, ended = dossier.received_at, dossier.closed_at
    if ended is not None and (begun is None or ended < begun):
        return f"closed_at: {ended.isoformat()} lies before the receipt"
    if (ended is None) != (dossier.closed_as is None):
        return "closed_at and closed_as: one is there without the other"
    if dossier.returned_at is not None and (ended is None or dossier.returned_at < ended):
        return f"returned_at: {dossier.returned_at.isoformat()} lies before the closing"
    return None


def _told(wrong: BaseException) -> str:
    return (str(wrong) or type(wrong).__name__)[:500]
