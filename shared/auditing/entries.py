"""An entry of an audit, and how it is sealed as the next one of its chain (RFC 8785, SHA-256)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from shared.access.roles import Principal
from shared.sealing import SEAL, SealedDocument

FORMAT = "motcua-audit/1"
POSITIONS = "positions"
EVENTS_SHA256 = "events_sha256"
_canonical = msgspec.json.Encoder(order="sorted").encode
"""Of texts, whole numbers, lists and objects with plain names msgspec makes the bytes of RFC 8785, in a thirtieth of
the time; `shared.sealing.opened` holds every entry against the other library when it is verified."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Act(StrEnum):
    """What was done."""

    AUDIT_BEGUN = "audit_begun"
    AUDIT_EXPORTED = "audit_exported"
    EVENTS_ACCEPTED = "events_accepted"
    CORRECTED = "corrected"
    REOPENED = "reopened"
    VOIDED = "voided"
    DEADLINE_SET = "deadline_set"
    EXTENDED = "extended"
    DAYS_ANNOUNCED = "days_announced"
    LOG_READ = "log_read"
    LOG_RESENT = "log_resent"
    LOG_RESTORED = "log_restored"
    DEAD_LETTERS_DONE = "dead_letters_done"
    DEAD_LETTERS_SENT_AGAIN = "dead_letters_sent_again"
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    APPLICANT_SEEN = "applicant_seen"
    APPLICANT_SOUGHT = "applicant_sought"
    APPLICANT_RECOGNISED = "applicant_recognised"
    APPLICANT_ERASED = "applicant_erased"
    APPLICANT_PUT_RIGHT = "applicant_put_right"
    APPLICANT_KEYS_WRAPPED = "applicant_keys_wrapped"
    PUBLISHED = "published"
    REVISED = "revised"
    NOTED = "noted"
    PUBLICATIONS_RESTORED = "publications_restored"
    REBUILD_BEGUN = "rebuild_begun"
    REBUILD_SWAPPED = "rebuild_swapped"
    REBUILD_DROPPED = "rebuild_dropped"
    SNAPSHOTS_EXPORTED = "snapshots_exported"
    FOLLOW_UPS_MADE = "follow_ups_made"
    FOLLOW_UP_ANSWERED = "follow_up_answered"
    FOLLOW_UPS_SENT_AGAIN = "follow_ups_sent_again"


class Actor(Struct, frozen=True):
    """Who acts: a principal with the grants in force, from which address, by which requests."""

    who: str
    name: str
    grants: tuple[str, ...] = ()
    peer: str | None = None
    requests: tuple[str, ...] = ()

    def as_principal(self, principal: Principal) -> "Actor":
        """The same caller, now that it is known who it is."""
        grants = tuple(str(grant) for grant in principal.grants)
        return Actor(principal.id, principal.name, grants, self.peer, self.requests)


ITSELF = Actor("service", "the service itself")


class AuditEntry(Struct, frozen=True):
    """What is to be written: `subject` is what it was done to (a dossier's code, a key's id, a pseudonym).

    `details` are plain JSON values that make the entry readable alone; no name of an applicant is among them. Without
    `by` it is whoever acts in the request at hand (shared/service/acting.py).
    """

    act: Act
    subject: str | None = None
    details: Mapping[str, Any] = {}
    by: Actor | None = None


class ChainHead(NamedTuple):
    """The last entry of a chain: how many there are, and its hash."""

    number: int = 0
    sha256: str | None = None


def sealed_entry(entry: AuditEntry, by: Actor, chain: str, after: ChainHead, at: datetime) -> SealedDocument:
    """The entry as it is kept, after the last one of its chain."""
    members = {
        "format": FORMAT,
        "chain": chain,
        "number": after.number + 1,
        "previous": after.sha256,
        "at": at.isoformat(),
        "act": entry.act.value,
        "subject": entry.subject,
        "who": by.who,
        "name": by.name,
        "grants": by.grants,
        "peer": by.peer,
        "requests": by.requests,
        "details": entry.details,
    }
    digest = sha256(_canonical(members)).hexdigest()
    return SealedDocument(_canonical(members | {SEAL: digest}), digest)


def ranges(positions: Sequence[int]) -> list[list[int]]:
    """Ascending positions as ranges, first and last of each."""
    if positions and positions[-1] - positions[0] + 1 == len(positions):
        return [[positions[0], positions[-1]]]
    found: list[list[int]] = []
    for position in positions:
        if found and position == found[-1][1] + 1:
            found[-1][1] = position
        else:
            found.append([position, position])
    return found


def digest_of(events: Sequence[bytes]) -> str:
    """SHA-256 of events as the log has them, one after the other, each with a line feed behind it."""
    return sha256(b"\n".join([*events, b""])).hexdigest()
