"""Whether a record can be used, and the dead letter of one that can't:
one answer at intake, live, at recovery and at rebuild.

Whatever a record holds that makes its reading fail is the record's fault, from its bytes to the limits of the databases
behind us: it is put aside with a reason and never ends a service.
"""

import hashlib
from datetime import datetime

from shared.contract.announcements import LONGEST_RUN_DAYS, AnnouncementV1, decode_announcement
from shared.contract.envelope import CloudEvent, decode_envelope
from shared.contract.status import DeadLetterV1, StatusV1, decode_status
from shared.domain.errors import Refusal
from shared.domain.fields import UNKNOWN_CHANNEL, Channel
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR, LOCAL, local
from shared.service.kafka import KafkaRecord

MALFORMED = "malformed"
NOT_RECORDED = "not_recorded"
CONTRADICTORY = "contradictory"
LARGEST_NUMBER = 2**53 - 1  # what JSON, SQLite and PostgreSQL all carry
LONGEST_VALUE_BYTES = 64 * 1024  # a letter in base64 then stays far below what a broker takes
LONGEST_KEY_BYTES = 1024
LONGEST_DETAIL = 1000
LONGEST_HEADER_BYTES = 200
MOST_HEADERS = 20
_LAST_MS = datetime(LAST_YEAR, 1, 1, tzinfo=LOCAL).timestamp() * 1000


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
        raise Unusable(MALFORMED, _text_of(wrong)) from wrong
    if envelope.sequence is None or envelope.recordedtime is None:
        raise Unusable(NOT_RECORDED, "sequence or recordedtime is missing: the event did not come through intake")
    try:
        local(envelope.recordedtime)
    except (Refusal, ValueError, OverflowError) as wrong:
        raise Unusable(MALFORMED, f"recordedtime: {_text_of(wrong)}") from wrong
    if envelope.sequence > LARGEST_NUMBER:
        raise Unusable(MALFORMED, f"sequence: {envelope.sequence} is beyond {LARGEST_NUMBER}")
    return envelope


def usable_status(value: bytes | None) -> StatusV1:
    """The snapshot of a status record; raises Unusable."""
    try:
        status = decode_status(value or b"")
        for instant in _instants(status):
            if instant is not None and not FIRST_YEAR < instant.year < LAST_YEAR:
                local(instant)  # the year of the local time may be another
    except Exception as wrong:  # bytes alone decide this: whatever it is, it is the record's
        raise Unusable(MALFORMED, _text_of(wrong)) from wrong
    for name, number in (("version", status.version), ("sequence", status.sequence)):
        if not 1 <= number <= LARGEST_NUMBER:
            raise Unusable(MALFORMED, f"{name}: {number} is not between 1 and {LARGEST_NUMBER}")
    if contradiction := _contradiction(status):
        raise Unusable(CONTRADICTORY, contradiction)
    return status


def _instants(status: StatusV1) -> list[datetime | None]:
    found = [
        status.last_occurred_at,
        status.recordedtime,
        status.submitted_at,
        status.received_at,
        status.due_original,
        status.due_at,
        status.closed_at,
        status.returned_at,
        status.apologised_at,
        *status.alerted.values(),
    ]
    for change in status.deadlines:
        found += (change.at, change.due_at)
    for pause in status.suspensions:
        found += (pause.started_at, pause.ended_at, pause.due_at)
    for waiting in status.acceptances:
        found += (waiting.asked_at, waiting.due_at, waiting.answered_at)
    for hop in status.hops:
        found += (hop.forwarded_at, hop.due_at, hop.answered_at)
    return found


_COUNTED_BY_ITS_NAME = frozenset({*Channel, UNKNOWN_CHANNEL})


def _contradiction(dossier: StatusV1) -> str | None:
    """What no life of a dossier can have led to, and no figure can count."""
    named = {"code": dossier.code, "department": dossier.department, "procedure": dossier.procedure}
    for name, text in named.items():
        if not (text and text.isprintable()):
            return f"{name}: {text!r} names nothing"
    if dossier.channel_class is None and dossier.channel not in _COUNTED_BY_ITS_NAME:
        return f"channel: {dossier.channel[:80]!r} says nothing of how it is counted"
    if dossier.due_at != (dossier.deadlines[-1].due_at if dossier.deadlines else None):
        return "due_at: is not the last of the deadlines"
    begun, ended = dossier.received_at, dossier.closed_at
    if ended is not None and (begun is None or ended < begun):
        return f"closed_at: {ended.isoformat()} lies before the receipt"
    if (ended is None) != (dossier.closed_as is None):
        return "closed_at and closed_as: one is there without the other"
    if dossier.returned_at is not None and (ended is None or dossier.returned_at < ended):
        return f"returned_at: {dossier.returned_at.isoformat()} lies before the closing"
    return None


def usable_announcement(key: bytes | None, value: bytes | None) -> AnnouncementV1:
    """The announcement of a record of its topic; raises Unusable."""
    try:
        announcement = decode_announcement(value or b"")
        for instant in (announcement.announced_at, announcement.recordedtime):
            local(instant)
    except Exception as wrong:  # bytes alone decide this: whatever it is, it is the record's
        raise Unusable(MALFORMED, _text_of(wrong)) from wrong
    if not 1 <= announcement.number <= LARGEST_NUMBER:
        raise Unusable(MALFORMED, f"number: {announcement.number} is not between 1 and {LARGEST_NUMBER}")
    if key != b"%d" % announcement.number:
        raise Unusable(CONTRADICTORY, f"number: {announcement.number} is not the record's key")
    last = None
    for days in announcement.days:
        if not FIRST_YEAR <= days.first.year <= days.end.year <= LAST_YEAR:
            raise Unusable(
                MALFORMED, f"days: {days.first} to {days.end} lies outside the years {FIRST_YEAR}-{LAST_YEAR}"
            )
        if not 0 <= (days.end - days.first).days < LONGEST_RUN_DAYS or (last is not None and days.first <= last):
            raise Unusable(CONTRADICTORY, f"days: {days.first} to {days.end} is no row of days behind those before it")
        last = days.end
    return announcement


def _text_of(wrong: BaseException) -> str:
    return (str(wrong) or type(wrong).__name__)[:500]


def dead_letter(record: KafkaRecord, *, reason: str, detail: str, failed_at: datetime) -> DeadLetterV1:
    """Where the record was, why it failed, and its raw bytes, of a large one the beginning,
    with the length and digest of the whole."""
    key, value = record.key, record.value
    cut = value is not None and len(value) > LONGEST_VALUE_BYTES
    return DeadLetterV1(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
        detail=detail[:LONGEST_DETAIL]
        .encode(errors="backslashreplace")
        .decode(),  # half a surrogate pair can't be written
        failed_at=failed_at,
        key=None if key is None else key[:LONGEST_KEY_BYTES],
        value=value[:LONGEST_VALUE_BYTES] if value is not None and cut else value,
        value_bytes=len(value) if value is not None and cut else None,
        value_sha256=hashlib.sha256(value).hexdigest() if value is not None and cut else None,
        written_at=datetime.fromtimestamp(record.timestamp / 1000, LOCAL) if 0 <= record.timestamp < _LAST_MS else None,
        headers=[_as_text(name, content) for name, content in record.headers[:MOST_HEADERS]],
    )


def _as_text(name: str, content: bytes | None) -> tuple[str, str]:
    """A header of whoever wrote it, no longer than helps to know its writer."""
    told = (content or b"")[:LONGEST_HEADER_BYTES].decode(errors="backslashreplace")
    return name[:LONGEST_HEADER_BYTES].encode(errors="backslashreplace").decode(), told
