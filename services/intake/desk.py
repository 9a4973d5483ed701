"""One commit's worth of decisions: candidates in order, each seeing what the ones before it did; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from services.intake.candidates import Candidate, KeyUse, Mint, as_logged, with_code
from services.intake.decide import Decision, decide
from services.intake.outcomes import Accepted, Duplicate, Outcome, Refused
from services.intake.refusals import DossierChanged, HeldBack, IdReused, KeyReused
from services.intake.repeats import repeats
from shared.catalogue import Catalogue
from shared.domain.dossier import Dossier
from shared.domain.errors import OUT_OF_PLACE, Refusal


class LoggedEvent(Struct, frozen=True):
    """What the log knows of an id; `added` are the fields of the data that intake put in, with commas between them."""

    event: bytes
    added: str
    code: str
    sequence: int


class Row(NamedTuple):
    """A row of the log, in the order of its columns."""

    position: int
    event_id: str
    dossier: str
    sequence: int
    added: str
    recorded_at: float
    event: bytes


class LoggedKey(Struct, frozen=True):
    """What an Idempotency-Key led to."""

    request_digest: bytes
    code: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows about the candidates of a commit; `codes` are free ones, in order, for each mint."""

    head: int
    events: dict[str, LoggedEvent]
    dossiers: dict[str, Dossier]
    keys: dict[str, LoggedKey]
    codes: dict[Mint, list[str]]


class NotDecided(Exception):
    """Deciding a request raised something that is no refusal: a bug, and the request that shows it."""

    def __init__(self, request: int) -> None:
        super().__init__(f"request {request} of the batch")
        self.request = request


@dataclass(slots=True)
class Desk:
    """The working state of one commit, and the rows it leaves to be written."""

    known: Known
    catalogue: Catalogue
    now: datetime
    recorded_at: datetime
    recorded_seconds: float = field(init=False)
    rows: list[Row] = field(default_factory=list)
    changed: dict[str, Dossier] = field(default_factory=dict)
    events: dict[str, LoggedEvent] = field(default_factory=dict)
    keys: dict[str, LoggedKey] = field(default_factory=dict)
    used_codes: dict[Mint, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recorded_seconds = self.recorded_at.timestamp()

    def decide_all(self, requests: Sequence[Sequence[Candidate]]) -> list[list[Outcome]]:
        """The outcome of every candidate of every request, in order."""
        outcomes: list[list[Outcome]] = []
        for number, request in enumerate(requests):
            try:
                refused: set[str] = set()
                outcomes.append([self._decide(candidate, refused) for candidate in request])
            except Exception as bug:
                raise NotDecided(number) from bug
        return outcomes

    def _decide(self, candidate: Candidate, refused: set[str]) -> Outcome:
        try:
            if duplicate := self._repeated(candidate):
                return duplicate
            if candidate.held or (candidate.follows and candidate.code in refused):
                raise HeldBack(f"an earlier event of dossier {candidate.code} was refused; correct that one and send both again")
            return self._decide_new(candidate)
        except Refusal as refusal:
            if holds_back(refusal):
                refused.add(candidate.code)
            return Refused(candidate.event_id, candidate.name, refusal)

    def _repeated(self, candidate: Candidate) -> Duplicate | None:
        """The event this one repeats, by Idempotency-Key or by id."""
        use = candidate.key_use
        key = None if use is None else self.keys.get(use.key) or self.known.keys.get(use.key)
        if use is not None and key is not None:
            _check_same_request(use, key)
            return self._duplicate(candidate, key.event_id)
        found = self._event(candidate.event_id)
        if found is None:
            return None
        if not repeats(candidate, found.event, frozenset(found.added.split(","))):
            msg = (
                f"id {candidate.event_id} was accepted before with other content (event {found.sequence} of {found.code}); "
                "give a new event a new id, send a repeat unchanged"
            )
            raise IdReused(msg)
        if use is not None:
            self.keys[use.key] = LoggedKey(use.request_digest, found.code, candidate.event_id)
        return self._duplicate(candidate, candidate.event_id)

    def _duplicate(self, candidate: Candidate, event_id: str) -> Duplicate:
        found = self._event(event_id)
        assert found is not None, f"the log lost event {event_id}"
        return Duplicate(event_id, candidate.name, found.code, found.sequence)

    def _event(self, event_id: str) -> LoggedEvent | None:
        return self.events.get(event_id) or self.known.events.get(event_id)

    def _decide_new(self, candidate: Candidate) -> Accepted:
        mint = candidate.mint
        if mint is not None:
            candidate = with_code(candidate, self.known.codes[mint][self.used_codes.get(mint, 0)])
        code = candidate.code
        dossier = self.changed.get(code) or self.known.dossiers.get(code)
        _check_basis(candidate, dossier)
        decision = decide(candidate, dossier, self.catalogue, self.now)
        self._log(candidate, decision)
        if mint is not None:
            self.used_codes[mint] = self.used_codes.get(mint, 0) + 1
        return Accepted(candidate.event_id, candidate.name, decision.dossier)

    def _log(self, candidate: Candidate, decision: Decision) -> None:
        dossier, event_id = decision.dossier, candidate.event_id
        event = as_logged(candidate, dossier.sequence, self.recorded_at, decision.stamps)
        added = ",".join(decision.stamps) if candidate.basis is None else candidate.basis.added
        position = self.known.head + len(self.rows) + 1
        self.changed[dossier.code] = dossier
        self.events[event_id] = LoggedEvent(event, added, dossier.code, dossier.sequence)
        if candidate.key_use is not None:
            self.keys[candidate.key_use.key] = LoggedKey(candidate.key_use.request_digest, dossier.code, event_id)
        self.rows.append(Row(position, event_id, dossier.code, dossier.sequence, added, self.recorded_seconds, event))


def holds_back(refusal: Refusal) -> bool:
    """Whether the event may come again with other content, and then belongs before what follows it."""
    return refusal.code not in OUT_OF_PLACE


def _check_same_request(use: KeyUse, key: LoggedKey) -> None:
    if use.request_digest != key.request_digest:
        msg = f"this Idempotency-Key was used before with another request (dossier {key.code}); use a new key for a new request"
        raise KeyReused(msg)


def _check_basis(candidate: Candidate, dossier: Dossier | None) -> None:
    basis = candidate.basis
    if basis is not None and (dossier is None or dossier.sequence != basis.sequence):
        msg = f"dossier {candidate.code} has had another event than its number {basis.sequence} since; compute this one again"
        raise DossierChanged(msg)
