"""Snapshots of dossiers as facts: what each of them says is put together, and what was there already has the same id.

A snapshot is the whole dossier as its sender knows it, sent again and again; a progress record is one step of it. Facts
are a set, so the order of the snapshots, repeats and files cut anywhere make no difference.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct, field

from motcua.mapping.facts import CLOSING, FUTURE_ALLOWED, PAUSING, Fact, UnusableRow, encode, fact, follow, in_order
from motcua.mapping.fields import FIELDS, text_of
from motcua.mapping.losses import Losses, LossKind
from motcua.mapping.model import OPENING, STATE, EventOf, SheetMapping, several
from motcua.mapping.rows import Cells, Reading
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.lifecycle import SUSPENDED, State

REQUESTED, CAME, RECEIVED, PAID = "supplement_requested", "supplemented", "received", "fee_paid"
Rank = tuple[datetime, int]  # how far a snapshot had come: its latest date, how many it has


class _Doubt(NamedTuple):
    """A loss, unless the snapshots together tell more than `told` of `event`."""

    kind: LossKind
    detail: str
    event: str = ""
    told: int = 0


class _Told(NamedTuple):
    """A fact as one snapshot tells it, and how far that one had come."""

    rank: Rank
    content: bytes
    fact: Fact


class _Life(Struct):
    """What all snapshots of a dossier say of it."""

    facts: dict[str, _Told] = field(default_factory=dict)
    versions: dict[str, set[bytes]] = field(default_factory=dict)
    doubts: dict[_Doubt, None] = field(default_factory=dict)
    has_snapshot: bool = False

    def add(self, told: Fact, rank: Rank) -> None:
        """An opening is taken from the snapshot that had come least far, for it was sent first; all else from the last."""
        candidate = _Told(rank, encode((told.at, told.data)), told)
        present = self.facts.setdefault(told.key, candidate)
        if present is candidate:
            return
        if present.content != candidate.content:
            self.versions.setdefault(told.key, {present.content}).add(candidate.content)
        earlier = (candidate.rank, candidate.content) < (present.rank, present.content)
        if earlier == (told.event in OPENING):
            self.facts[told.key] = candidate

    def count(self, event: str) -> int:
        return sum(told.fact.event == event for told in self.facts.values())


class _ByMember(Reading):
    """Cells named as the snapshot names its members."""

    def name(self, header: str) -> str:
        return header


class Snapshots:
    """Takes snapshots and progress records; gives each dossier's events, and what is lost."""

    def __init__(self, mapping: SheetMapping, now: datetime, losses: Losses) -> None:
        self._mapping = mapping
        self._reading = _ByMember(mapping, now)
        self._latest = now + FUTURE_ALLOWED
        self._lives: dict[str, _Life] = {}
        self.losses = losses

    def add(self, record: Cells, number: int) -> str:
        """Take one; the code of its dossier. Raises `UnusableRow`, and has taken nothing of it then."""
        code = self._reading.code(record)
        steps = self._mapping.steps
        if steps is not None and self._reading.cell(record, steps.known_by)[1] is not None:
            told, doubts, is_snapshot = self._step(record, number), self._lost(record, steps.lost), False
        else:
            told, doubts, is_snapshot = *self._snapshot(record, number), True
        life = self._lives.setdefault(code, _Life())
        life.has_snapshot |= is_snapshot
        life.doubts.update(dict.fromkeys(doubts))
        for late in (each for each in told if each.at > self._latest):
            self.losses.add(code, LossKind.FUTURE, f"{late.column}: {late.at:%d/%m/%Y %H:%M}")
        known = [each for each in told if each.at <= self._latest]
        rank = (max((each.at for each in known), default=self._latest), len(known))
        for each in known:
            life.add(each, rank)
        return code

    def dossiers(self) -> Iterator[tuple[str, list[Fact], list[Fact]]]:
        """Each dossier's events in order of time, and the steps that wait; the losses are complete at the end."""
        for code, life in self._lives.items():
            waiting = self._ahead(life)
            for told in waiting:
                life.facts.pop(told.key)
            yield code, self._settled(code, life), waiting

    def _ahead(self, life: _Life) -> list[Fact]:
        """Steps after all that the snapshots tell: sent, they would keep out what is told of the time before them."""
        steps = self._mapping.steps
        if steps is None or steps.ahead:
            return []
        told = [each.fact for each in life.facts.values()]
        horizon = max((each.at for each in told if each.event != steps.event), default=None)
        return [each for each in told if each.event == steps.event and (horizon is None or each.at > horizon)]

    def _snapshot(self, record: Cells, number: int) -> tuple[list[Fact], list[_Doubt]]:
        mapping, reading = self._mapping, self._reading
        column, cell = reading.cell(record, mapping.columns[STATE])
        word = reading.fields.word(STATE, cell)
        state = None if word is None else State(word)
        doubts = [] if state else [_Doubt(LossKind.UNKNOWN_STATE, f"{column}: {text_of(cell)[:40]!r}")]
        doubts += self._lost(record, mapping.lost)
        told: list[Fact] = []
        pauses = self._pauses(record, number, state, doubts)
        for each in mapping.events:
            column, moment = reading.moment(record, each.time)
            if each.states and state not in each.states:
                continue
            if moment is None:
                if each.states and state == State(each.states[0]):
                    doubts.append(_Doubt(LossKind.NO_DATE, f"state {state.value}, {column} is empty", each.event))
                continue
            data = reading.data(record, each.event)
            if each.event == RECEIVED:
                data = self._as_first_due(record, data, doubts)
                told += self._fees(record, moment.at, number, doubts)
            told.append(fact(each.event, moment.at, data, number, column))
        doubts += self._without_state(record, told)
        return told + pauses, doubts

    def _without_state(self, record: Cells, told: list[Fact]) -> Iterator[_Doubt]:
        """Dates of closings that the state says nothing of."""
        taken = {each.column for each in told}
        for each in self._mapping.events:
            column, moment = self._reading.moment(record, each.time)
            if each.states and moment is not None and column not in taken:
                yield _Doubt(
                    LossKind.NO_STATE,
                    f"{column}: {moment.at:%d/%m/%Y %H:%M}",
                    _first_event(self._mapping.events, column),
                )
                taken.add(column)

    def _items(self, record: Cells, name: str) -> list[dict[str, Any]]:
        """The objects of a list; what is no list of objects is said."""
        items = record.get(name) or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise UnusableRow(name, "is no list of objects; send [] when there is nothing in it")
        return items

    def _pauses(self, record: Cells, number: int, state: State | None, doubts: list[_Doubt]) -> list[Fact]:
        pauses = self._mapping.pauses
        if pauses is None:
            return []
        items = self._items(record, pauses.list)
        told: list[Fact] = []
        is_open = False
        for item in items:
            column, started = self._reading.moment(item, pauses.started)
            if started is None:
                doubts.append(_Doubt(LossKind.ORDER, f"{pauses.list}: an entry without {column}"))
                continue
            column = f"{pauses.list}.{column}"
            told.append(fact(REQUESTED, started.at, {}, number, column))
            column, ended = self._reading.moment(item, pauses.ended)
            is_open = ended is None
            if ended is not None:
                after, due = self._reading.moment(item, pauses.due_after)
                data = {} if due is None else {"due_at": due.at}
                if due is None:
                    doubts.append(_Doubt(LossKind.NO_DEADLINE_AFTER, f"{after} is empty; the calendar's is taken"))
                told.append(fact(CAME, ended.at, data, number, f"{pauses.list}.{column}"))
        if state is State.AWAITING_SUPPLEMENT and not is_open:
            doubts.append(_Doubt(LossKind.NO_SUPPLEMENTS, f"{pauses.list} has no open entry", REQUESTED, len(items)))
        elif state is State.AWAITING_PAYMENT:
            doubts.append(_Doubt(LossKind.NO_PAYMENT_DATES, "the wait can't be dated", "payment_requested"))
        return told

    def _as_first_due(self, record: Cells, data: dict[str, Any], doubts: list[_Doubt]) -> dict[str, Any]:
        """The data of the receipt with the deadline of that day: pauses that have ended moved the one that holds now."""
        pauses = self._mapping.pauses
        items = [] if pauses is None else self._items(record, pauses.list)
        if pauses is None or not items:
            return data
        starts = [(self._reading.moment(item, pauses.started)[1], item) for item in items]
        first = min(((start.at, at) for at, (start, _) in enumerate(starts) if start is not None), default=None)
        if first is None:
            return data
        column, due = self._reading.moment(items[first[1]], pauses.due_before)
        if due is not None:
            return data | {"due_at": due.at}
        if any(self._reading.moment(item, pauses.ended)[1] for item in items):
            doubts.append(
                _Doubt(
                    LossKind.NO_DEADLINE_BEFORE, f"{column} is empty; the first snapshot's or the catalogue's is taken"
                )
            )
            return {name: value for name, value in data.items() if name != "due_at"}
        return data

    def _fees(self, record: Cells, at: datetime, number: int, doubts: list[_Doubt]) -> list[Fact]:
        """What was paid, as paid on receipt, for the list has no date."""
        fees = self._mapping.fees
        if fees is None:
            return []
        try:
            cells = [self._reading.cell(item, fees.amount)[1] for item in self._items(record, fees.list)]
            amount = sum(
                int(str(self._reading.fields.read("amount_vnd", (int,), cell))) for cell in cells if cell is not None
            )
            how, cell = self._reading.cell(record, fees.paid_online)
            word = self._reading.fields.word("paid_online", cell)
        except (UnusableRow, ValueError) as wrong:
            doubts.append(_Doubt(LossKind.FEES, f"{fees.list}: {wrong}"))
            return []
        if not amount:
            return []
        if word is None:
            doubts.append(
                _Doubt(
                    LossKind.FEES, f"{amount} VND; {how} {text_of(cell) or 'empty'} does not say that it was paid", PAID
                )
            )
            return []
        return [Fact(PAID, at, {"amount_vnd": amount, "paid_online": word == "true"}, PAID, number, fees.list)]

    def _step(self, record: Cells, number: int) -> list[Fact]:
        steps = self._mapping.steps
        assert steps is not None, "only mappings with steps have progress records"
        column, moment = self._reading.moment(record, steps.time)
        if moment is None:
            raise UnusableRow(column, "is empty; say when the step was done")
        data: dict[str, Any] = {}
        for name, headers in steps.columns.items():
            where, cell = self._reading.cell(record, headers)
            if cell is not None:
                try:
                    data[name] = self._reading.fields.read(name, FIELDS[steps.event][name], cell)
                except ValueError as wrong:
                    raise UnusableRow(where, str(wrong)) from wrong
        return [fact(steps.event, moment.at, data, number, column)]

    def _lost(self, record: Cells, lost: dict[str, Any]) -> list[_Doubt]:
        """What the mapping names and no event has a field for."""
        cells = ((what, *self._reading.cell(record, headers)) for what, headers in lost.items())
        return [
            _Doubt(LossKind.NO_FIELD, f"{what}: {column} {text_of(cell)}")
            for what, column, cell in cells
            if cell is not None
        ]

    def _settled(self, code: str, life: _Life) -> list[Fact]:
        for doubt in life.doubts:
            if not doubt.event or life.count(doubt.event) <= doubt.told:
                self.losses.add(code, doubt.kind, doubt.detail)
        for key, versions in life.versions.items():
            told = life.facts[key].fact
            self.losses.add(
                code, LossKind.CHANGED, f"{told.column}: {len(versions)} versions of {told.event}, one is taken"
            )
        facts = [told.fact for told in life.facts.values()]
        if not any(told.event in OPENING for told in facts):
            if not life.has_snapshot:
                return in_order(facts)
            columns = ", ".join(several(each.time)[0] for each in self._mapping.events if each.event in OPENING)
            self.losses.add(code, LossKind.NO_RECEIPT, f"{columns}: empty; nothing of it is sent")
            return []
        return self._followed(code, self._went_on(code, facts))

    def _went_on(self, code: str, facts: list[Fact]) -> list[Fact]:
        """Without closings before a pause: what went on afterwards had not been finished."""
        latest = max((told.at for told in facts if told.event in PAUSING), default=None)
        if latest is None:
            return facts
        early = [told for told in facts if told.event in CLOSING and told.at < latest]
        for told in early:
            self.losses.add(
                code, LossKind.REOPENED, f"{told.column}: {told.event} {told.at:%d/%m/%Y %H:%M} is left out"
            )
        return [told for told in facts if told not in early]

    def _followed(self, code: str, facts: list[Fact]) -> list[Fact]:
        life = []
        for told, refusal, before in follow(code, facts):
            paused = before is not None and before.state in SUSPENDED
            if told.event in CLOSING and paused:
                left_out = "" if refusal is None else "; it stays paused"
                self.losses.add(
                    code, LossKind.FINISHED_WHILE_PAUSED, f"{told.column}: {told.at:%d/%m/%Y %H:%M}{left_out}"
                )
            elif refusal is not None:
                self.losses.add(code, self._kind_of(told), _why(told, refusal, before))
            if refusal is None:
                life.append(told)
        return life

    def _kind_of(self, told: Fact) -> LossKind:
        steps = self._mapping.steps
        return LossKind.STEP if steps is not None and told.event == steps.event else LossKind.ORDER


def _first_event(events: tuple[EventOf, ...], column: str) -> str:
    return next(each.event for each in events if column in several(each.time))


def _why(told: Fact, refusal: Refusal, before: Dossier | None) -> str:
    state = "not there yet" if before is None else before.state.value
    return f"{told.column}: {told.event} on {told.at:%d/%m/%Y %H:%M}, the dossier is {state} ({refusal.code})"
