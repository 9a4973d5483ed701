"""An event on its way in: as it was sent, what it says, what became of it, and how the log keeps it."""

import hashlib
import hmac
import re
import secrets
import time
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.structs import replace

from services.intake.log.history import CodeSeries
from shared.access.roles import EVERYTHING, Scope
from shared.contract.applicants import ApplicantDetails
from shared.contract.envelope import JSON, SPEC_VERSION, EventId, event_type
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.events import Corrected, Event, Received, Submitted
from shared.domain.fields import LONGEST_CODE, CorrectableField, Text
from shared.domain.localtime import Instant
from shared.domain.texts import compared
from shared.service.metric_labels import UNREADABLE_EVENT

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: five bits a character
_RANDOM_BITS = 80
_ULID_CHARACTERS = 26
_NAMING_APPLICANTS = frozenset(cls.kind for cls in (Received, Submitted, Corrected))
_PSEUDONYM = re.compile(r"p-[0-9a-f]{32}")
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


class SentEvent(Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """An event of which intake knows every attribute: those that it reads, and last the two that it writes itself.

    `subject` is held against the pattern of codes after it was read, which is cheaper than while it is read.
    """

    specversion: str
    id: EventId
    source: Text
    type: Text
    subject: Annotated[str, Meta(max_length=LONGEST_CODE)]
    time: Instant
    datacontenttype: str | UnsetType = UNSET
    data: Raw
    sequence: int | UnsetType = UNSET
    recordedtime: datetime | UnsetType = UNSET


ATTRIBUTES = frozenset(SentEvent.__struct_fields__)


class KeyUse(Struct, frozen=True):
    """An Idempotency-Key (with the call it belongs to) and the digest of the request it came with, both made with a
    secret: they may hold who applies. `earlier` is how it was written before they were."""

    key: str
    request_digest: bytes
    earlier: "KeyUse | None" = None


class ComputedFrom(Struct, frozen=True):
    """From which state of the dossier, by its latest sequence, intake computed an event; and the fields it computed."""

    sequence: int
    computed: frozenset[str]


class Candidate(Struct, frozen=True, kw_only=True, gc=False):
    """An event as it was sent and as it was read; `others` are the attributes that intake does not know, kept as they
    are.

    `details` are of the applicant that it names by a pseudonym; they go into the encrypted table only. With `series`
    the dossier's code is made when it is committed. One that `follows` is held back when an event of its
    dossier before it in the request is refused; one that is `held` is so already. `scope` is what its sender may
    change, put in where it is submitted.
    """

    sent: SentEvent
    event: Event
    occurred_at: datetime
    others: dict[str, Raw] | None = None
    details: ApplicantDetails | None = None
    series: CodeSeries | None = None
    key_use: KeyUse | None = None
    basis: ComputedFrom | None = None
    follows: bool = False
    held: bool = False
    scope: Scope = EVERYTHING

    @property
    def event_id(self) -> str:
        return self.sent.id

    @property
    def code(self) -> str:
        """The code of its dossier."""
        return self.sent.subject

    @property
    def name(self) -> str:
        """The event's name in the lifecycle, such as `received`."""
        return self.event.kind


class Accepted(Struct, frozen=True, gc=False):
    """The event is in the log; `dossier` is the dossier after it."""

    event_id: str
    name: str
    dossier: Dossier

    @property
    def labels(self) -> tuple[str, ...]:
        """What the metrics count it by; so with the other outcomes."""
        return "accepted", self.name


class Duplicate(Struct, frozen=True, gc=False):
    """The same event was logged before, as the dossier's event number `sequence`."""

    event_id: str
    name: str
    code: str
    sequence: int

    @property
    def labels(self) -> tuple[str, ...]:
        return "duplicate", self.name


class Refused(Struct, frozen=True):
    """Nothing was logged; the refusal says why. `name` is the event's when it could be read."""

    event_id: str | None
    name: str | None
    refusal: Refusal

    @property
    def labels(self) -> tuple[str, ...]:
        return "rejected", self.name or UNREADABLE_EVENT, self.refusal.code


CommitResult = Accepted | Duplicate | Refused


def enveloped(event: Event, data: bytes, *, code: str, at: datetime, source: str, event_id: str) -> SentEvent:
    """An event in an envelope that intake makes for it; `data` is how the log is to keep it."""
    return SentEvent(
        specversion=SPEC_VERSION,
        id=event_id,
        source=source,
        type=event_type(event.kind.value),
        subject=code,
        time=at,
        datacontenttype=JSON,
        data=Raw(data),
    )


def with_code(candidate: Candidate, code: str) -> Candidate:
    """The candidate for the dossier whose code was made for it."""
    return replace(candidate, sent=replace(candidate.sent, subject=code))


def with_data(sent: SentEvent, fields: dict[str, Any]) -> SentEvent:
    """The event with these fields of its data put in or replaced."""
    return replace(sent, data=Raw(_encode({**_decode_object(sent.data), **fields})))


def as_logged(candidate: Candidate, sequence: int, recorded_at: datetime | Raw, computed: dict[str, Any]) -> bytes:
    """The event as the log keeps it, in one line: as sent, plus number, time of logging and what intake computed.

    The time is that of a commit, so a commit gives it as it is written."""
    sent = with_data(candidate.sent, computed) if computed else candidate.sent
    logged = _encode(replace(sent, sequence=sequence, recordedtime=recorded_at))
    if candidate.others:
        logged = logged[:-1] + b"," + _encode(candidate.others)[1:]
    return msgspec.json.format(logged, indent=-1) if b"\n" in logged or b"\r" in logged else logged


def new_event_id() -> str:
    """A ULID: ids made later sort later, which keeps the log's index on ids compact."""
    value = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return "".join(_ALPHABET[value >> (5 * place) & 31] for place in reversed(range(_ULID_CHARACTERS)))


def pseudonym(applicant: str, key: bytes) -> str:
    """The same applicant always gets the same name, however it is composed and spaced, and nobody without the key can
    tell whose it is.

    What has the form of a pseudonym already stays: an exported event is sent again with it.
    """
    return applicant if is_pseudonym(applicant) else pseudonym_of(applicant, key)


def pseudonym_of(identity: str, key: bytes) -> str:
    """The pseudonym of who is known by this text, whatever its form."""
    return "p-" + hmac.digest(key, compared(identity).encode(), hashlib.sha256).hex()[:32]


def is_pseudonym(text: str) -> bool:
    return _PSEUDONYM.fullmatch(text) is not None


def applicants_of(event: Event) -> dict[str, str]:
    """The fields of the event that name an applicant."""
    if event.kind not in _NAMING_APPLICANTS:
        return {}
    if isinstance(event, (Received, Submitted)):
        names = {"applicant": event.applicant}
    elif isinstance(event, Corrected) and event.field is CorrectableField.APPLICANT:
        names = {"old_value": event.old_value, "new_value": event.new_value}
    else:
        return {}
    return {field: name for field, name in names.items() if name is not None}
