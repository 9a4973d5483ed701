"""One commit's decisions: candidates in order, each seeing what those before it did; repeats are recognised. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import asdict

from services.intake.accepting.accounted import JUDGED, JudgedEvent, accounted
from services.intake.accepting.candidates import (
    ATTRIBUTES,
    Accepted,
    Candidate,
    CommitResult,
    ComputedFrom,
    Duplicate,
    KeyUse,
    Refused,
    as_logged,
    with_code,
)
from services.intake.accepting.checking import check_own_details
from services.intake.accepting.computing import Decision
from services.intake.accepting.decide import decide
from services.intake.accepting.refusals import DetailsNotKept, DossierChanged, HeldBack, IdReused, KeyReused, OwnDetails
from services.intake.accepting.within import check_after, check_before, check_logged
from services.intake.applicants.commit import ApplicantsOfCommit
from services.intake.log.history import CodeSeries, LoggedEvent, LoggedKey, LogRow, logged_event
from shared.auditing.entries import Act, Actor, AuditEntry, ChainHead
from shared.catalogue import Catalogue
from shared.contract.accepted import AS_SENT, TERMS
from shared.contract.envelope import decode_envelope, encode
from shared.domain.corrections import INSTANTS
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal, holds_back
from shared.domain.events import EVENT_TYPES, Corrected
from shared.domain.localtime import local, written
from shared.domain.terms import Term

NULL = Raw(b"null")
_NOT_KEPT = (
    "data.applicant: details of a person can't be kept here, for no master key is set; set "
    "MOTCUA_INTAKE_APPLICANTS_KEY_FILE or MOTCUA_INTAKE_APPLICANTS_KEY, or send applicant as a text, of which only a "
    "pseudonym is kept"
)
_TERM = frozenset(Term.__struct_fields__)
_DECODE_DATA = {name: msgspec.json.Decoder(cls).decode for name, cls in AS_SENT.items()}
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_any = msgspec.json.Decoder().decode
_encode_canonical = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class KnownToLog:
    """What the database knows about the candidates of a commit; `codes` are free ones, in order."""

    head: int
    events: dict[str, LoggedEvent]
    dossiers: dict[str, Dossier]
    keys: dict[str, LoggedKey]
    codes: dict[CodeSeries, list[str]]
    audit: ChainHead = field(default_factory=ChainHead)
    applicants: ApplicantsOfCommit = field(default_factory=ApplicantsOfCommit)


class NotDecided(Exception):
    """Deciding a request raised something that is no refusal: a bug, and the request that shows it."""

    def __init__(self, request: int) -> None:
        super().__init__(f"request {request} of the batch")
        self.request = request


@dataclass(slots=True)
class CommitBatch:
    """The working state of one commit, and the rows it leaves to be written."""

    known: KnownToLog
    catalogue: Catalogue
    now: datetime
    recorded_at: datetime
    recorded_seconds: float = field(init=False)
    _recorded_at: Raw = field(init=False)
    rows: list[LogRow] = field(default_factory=list)
    changed: dict[str, Dossier] = field(default_factory=dict)
    events: dict[str, LogRow] = field(default_factory=dict)
    keys: dict[str, LoggedKey] = field(default_factory=dict)
    used_codes: dict[CodeSeries, int] = field(default_factory=dict)
    _judged: list[JudgedEvent] = field(default_factory=list)
    _ends: list[tuple[int, int]] = field(
        default_factory=list
    )  # of each request: how many rows and judged events by then
    _recognised: dict[tuple[int, str, str], str | None] = field(default_factory=dict)  # by request, dossier and detail

    def __post_init__(self) -> None:
        self.recorded_seconds = self.recorded_at.timestamp()
        self._recorded_at = Raw(encode(self.recorded_at))

    @property
    def last_codes(self) -> dict[CodeSeries, str]:
        """The last of the free codes that was used, of each series."""
        return {series: self.known.codes[series][used - 1] for series, used in self.used_codes.items()}

    def decide_all(self, requests: Sequence[Sequence[Candidate]]) -> list[list[CommitResult]]:
        """The outcome of every candidate of every request, in order."""
        outcomes: list[list[CommitResult]] = []
        for number, request in enumerate(requests):
            try:
                refused: set[str] = set()
                outcomes.append([self._decide(candidate, refused, number) for candidate in request])
            except Exception as bug:
                raise NotDecided(number) from bug
            self._ends.append((len(self.rows), len(self._judged)))
        return outcomes

    def audit_entries(self, actors: Sequence[Actor]) -> list[AuditEntry]:
        """What the audit says of the commit, when `actors` sent its requests."""
        begins = [(0, 0), *self._ends[:-1]]
        accepted = accounted(
            (by, self.rows[first:end], self._judged[first_judged:end_judged])
            for by, (first, first_judged), (end, end_judged) in zip(actors, begins, self._ends, strict=True)
        )
        recognised = (
            AuditEntry(Act.APPLICANT_RECOGNISED, code, {"applicant": applicant, "what": what}, actors[request])
            for (request, code, what), applicant in self._recognised.items()
        )
        return [*accepted, *recognised]

    def _decide(self, candidate: Candidate, refused: set[str], request: int) -> CommitResult:
        try:
            if duplicate := self._repeated(candidate):
                return duplicate
            if candidate.held or (candidate.follows and candidate.code in refused):
                raise HeldBack(
                    f"an earlier event of dossier {candidate.code} was refused; correct that one and send both again"
                )
            return self._decide_new(candidate)
        except Refusal as refusal:
            if isinstance(refusal, OwnDetails) and candidate.details is None:
                dossier = self._dossier(candidate.code)
                told = request, candidate.code, refusal.what
                self._recognised[told] = None if dossier is None else dossier.applicant
            if holds_back(refusal.code):
                refused.add(candidate.code)
            return Refused(candidate.event_id, candidate.name, refusal)

    def _repeated(self, candidate: Candidate) -> Duplicate | None:
        """The event this one repeats, by Idempotency-Key or by id."""
        use = candidate.key_use
        for sent in () if use is None else (use, use.earlier):
            key = None if sent is None else self.keys.get(sent.key) or self.known.keys.get(sent.key)
            if sent is not None and key is not None:
                self._check_scope(candidate, key.code, "Idempotency-Key")
                _check_same_request(sent, key)
                return self._duplicate(candidate, key.event_id)
        logged = self._event(candidate.sent.id)
        if logged is None:
            return None
        self._check_scope(candidate, logged.code, "id")
        if not repeats(candidate, logged.event, logged.computed):
            msg = (
                f"id {candidate.event_id} was accepted before with other content "
                f"(event {logged.sequence} of {logged.code}); give a new event a new id, send a repeat unchanged"
            )
            raise IdReused(msg)
        if use is not None:
            self.keys[use.key] = LoggedKey(use.request_digest, logged.code, candidate.event_id)
        return self._duplicate(candidate, candidate.event_id)

    def _check_scope(self, candidate: Candidate, code: str, field: str) -> None:
        if not candidate.scope.is_everything:
            check_logged(candidate.scope, self._dossier(code), field)

    def _dossier(self, code: str) -> Dossier | None:
        return self.changed.get(code) or self.known.dossiers.get(code)

    def _duplicate(self, candidate: Candidate, event_id: str) -> Duplicate:
        logged = self._event(event_id)
        assert logged is not None, f"the log lost event {event_id}"
        return Duplicate(event_id, candidate.name, logged.code, logged.sequence)

    def _event(self, event_id: str) -> LoggedEvent | None:
        row = self.events.get(event_id)
        if row is None:
            return self.known.events.get(event_id)
        return logged_event(row)

    def _decide_new(self, candidate: Candidate) -> Accepted:
        series = candidate.series
        if series is not None:
            candidate = with_code(candidate, self.known.codes[series][self.used_codes.get(series, 0)])
        code = candidate.sent.subject
        dossier = self._dossier(code)
        if candidate.basis is not None:
            _check_basis(candidate.basis, code, dossier)
        is_bounded = not candidate.scope.is_everything
        if is_bounded:
            check_before(candidate, dossier, self._dossier)
        decision = decide(candidate, dossier, self.catalogue, self.now)
        if is_bounded:
            check_after(candidate, decision.dossier)
        self._take_applicant(candidate, dossier, decision.dossier)
        self._log(candidate, dossier, decision)
        if series is not None:
            self.used_codes[series] = self.used_codes.get(series, 0) + 1
        return Accepted(candidate.sent.id, candidate.event.kind, decision.dossier)

    def _take_applicant(self, candidate: Candidate, before: Dossier | None, after: Dossier) -> None:
        """Keep who applied out of the event and for the encrypted table. Costs nothing where no details are kept."""
        applicants, details = self.known.applicants, candidate.details
        if details is None and not applicants.kept:
            return
        if details is not None and not applicants.can_keep:
            raise DetailsNotKept(_NOT_KEPT)
        earlier = None if before is None else before.applicant
        check_own_details(candidate, applicants.recognisers(details, earlier, after.applicant))
        if details is not None and after.applicant is not None:
            as_of = candidate.occurred_at.timestamp()
            applicants.keep(after.applicant, details, as_of, after.came_at.timestamp())

    def _log(self, candidate: Candidate, before: Dossier | None, decision: Decision) -> None:
        dossier, event_id, basis, use = decision.dossier, candidate.sent.id, candidate.basis, candidate.key_use
        code, sequence = dossier.code, dossier.sequence
        event = as_logged(candidate, sequence, self._recorded_at, decision.computed)
        added = ",".join(decision.computed if basis is None else basis.computed)
        self.changed[code] = dossier
        if use is not None:
            self.keys[use.key] = LoggedKey(use.request_digest, code, event_id)
        position = self.known.head + len(self.rows) + 1
        row = LogRow(position, event_id, code, sequence, added, self.recorded_seconds, event)
        self.events[event_id] = row
        self.rows.append(row)
        if basis is None and candidate.event.kind in JUDGED:
            self._judged.append(
                JudgedEvent(position, event_id, candidate.event, candidate.occurred_at, before, dossier)
            )


def _check_same_request(use: KeyUse, key: LoggedKey) -> None:
    if use.request_digest != key.request_digest:
        msg = (
            f"this Idempotency-Key was used before with another request (dossier {key.code}); "
            "use a new key for a new request"
        )
        raise KeyReused(msg)


def _check_basis(basis: ComputedFrom, code: str, dossier: Dossier | None) -> None:
    if dossier is None or dossier.sequence != basis.sequence:
        msg = f"dossier {code} has had another event than its number {basis.sequence} since; compute this one again"
        raise DossierChanged(msg)


def repeats(candidate: Candidate, logged: bytes, computed: frozenset[str]) -> bool:
    """Whether the candidate has the content of a logged event, with or without the fields of the data that intake had
    `computed`.

    Spacing, the order of keys, the offset of an instant and a default written out are not content; what intake does not
    know is.
    """
    sent, kept = candidate.sent, decode_envelope(logged)
    if (sent.source, sent.type, sent.subject, sent.time) != (kept.source, kept.type, kept.subject, kept.time):
        return False
    others = {name: value for name, value in _decode_object(logged).items() if name not in ATTRIBUTES}
    return _same(candidate.others or {}, others) and _same_data(candidate.name, sent.data, kept.data, computed)


def _same(again: dict[str, Raw], kept: dict[str, Raw]) -> bool:
    """Whether two sets of fields that intake does not know say the same; true and 1 differ."""
    return again.keys() == kept.keys() and all(
        _canonical(value) == _canonical(kept[name]) for name, value in again.items()
    )


def _canonical(value: Raw) -> bytes:
    return _encode_canonical(_decode_any(value))


def _same_data(name: str, again: Raw, kept: Raw, computed: frozenset[str]) -> bool:
    if again == kept:
        return True
    try:
        sent, known = _contents(name, again), _contents(name, kept)
    except (
        msgspec.ValidationError
    ):  # logged under a contract that did not know the field: the candidate can't say the same
        return False
    return _same(_unknown(name, again), _unknown(name, kept)) and all(
        value == known[field] or (value is None and field in computed) for field, value in sent.items()
    )


def _contents(name: str, data: Raw) -> dict[str, Any]:
    """The fields of the contract, defaults filled in, instants as instants."""
    event = _DECODE_DATA[name](data)
    fields = asdict(event)
    if isinstance(event, Corrected) and event.field in INSTANTS:
        for value in ("old_value", "new_value"):
            fields[value] = None if fields[value] is None else local(written(fields[value]))
    return fields


def _unknown(name: str, data: Raw) -> dict[str, Raw]:
    """The fields that the contract does not have, those inside a term among them."""
    fields, known = _decode_object(data), EVENT_TYPES[name].__struct_fields__
    unknown = {field: value for field, value in fields.items() if field not in known}
    for term in TERMS:
        if term in known and fields.get(term, NULL) != NULL:
            unknown |= {
                f"{term}.{field}": value for field, value in _decode_object(fields[term]).items() if field not in _TERM
            }
    return unknown
