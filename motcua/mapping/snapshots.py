"""Snapshots of dossiers as facts: what each of them says is put together, and what was there already has the same id.

A snapshot is the whole dossier as its sender knows it, sent again and again; a progress record is one step of it. Facts
are a set, so the order of the snapshots, repeats and files cut anywhere make no difference.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from motcua.mapping.facts import (
    ASSIGNED,
    CLOSING,
    FUTURE_ALLOWED,
    PAUSING,
    Fact,
    UnusableRow,
    fact,
    follow,
    in_order,
)
from motcua.mapping.fields import amount_of, text_of
from motcua.mapping.lives import Doubt, Life
from motcua.mapping.losses import Losses, LossKind
from motcua.mapping.model import OPENING, STATE, Pauses, SheetMapping, several
from motcua.mapping.rows import WHO, Cells, Reading
from shared.domain.lifecycle import PAUSED, State

REQUESTED, CAME, LAPSED = "supplement_requested", "supplemented", "supplement_lapsed"
RECEIVED, PAID, SUSPENDED, RESOLVED, RETURNED = "received", "fee_paid", "suspended", "resolved", "returned"


class _PauseColumns:
    """Where an entry of the list of supplements has its dates."""

    def __init__(self, reading: Reading, pauses: Pauses) -> None:
        self.list = pauses.list
        self.started, self.ended = reading.column(pauses.started), reading.column(pauses.ended)
        self.due_before, self.due_after = reading.column(pauses.due_before), reading.column(pauses.due_after)


class _Pause(NamedTuple):
    """An entry of the list of supplements."""

    started: datetime
    ended: datetime | None
    due_before: datetime | None
    due_after: datetime | None


class _Columns:
    """The columns that only snapshots have."""

    def __init__(self, reading: Reading, mapping: SheetMapping) -> None:
        steps, fees = mapping.steps, mapping.fees
        self.pauses = None if mapping.pauses is None else _PauseColumns(reading, mapping.pauses)
        if steps is not None:
            self.known_by, self.step_time = reading.column(steps.known_by), reading.column(steps.time)
            self.step = {field: reading.column(headers) for field, headers in steps.columns.items()}
        if fees is not None:
            self.fee, self.paid_online = reading.column(fees.amount), reading.column(fees.paid_online)


class Snapshots:
    """Takes snapshots and progress records; gives each dossier's events, and what is lost."""

    def __init__(self, mapping: SheetMapping, now: datetime, losses: Losses) -> None:
        self._mapping = mapping
        self._reading = Reading(mapping, now, name=str)
        self._columns = _Columns(self._reading, mapping)
        self._latest = now + FUTURE_ALLOWED
        self._lives: dict[str, Life] = {}
        self.losses = losses

    def add(self, record: Cells, number: int) -> str:
        """Take one; the code of its dossier. Raises `UnusableRow`, and has taken nothing of it then."""
        code = self._reading.code(record)
        columns = self._columns
        if self._mapping.steps is not None and columns.known_by.value(record) is not None:
            told, doubts, is_snapshot = *self._step(record, number), False
        else:
            told, doubts, is_snapshot = *self._snapshot(record, number), True
        life = self._lives.get(code)
        if life is None:
            life = self._lives[code] = Life()
        life.has_snapshot |= is_snapshot
        life.doubts.update(dict.fromkeys(doubts))
        latest = max([each.at for each in told], default=self._latest)
        if latest > self._latest:
            told = self._without_future(code, told)
            latest = max([each.at for each in told], default=self._latest)
        for each in told:
            life.add(each, (latest, len(told)))
        return code

    def dossiers(self) -> Iterator[tuple[str, list[Fact], list[Fact]]]:
        """Each dossier's events in order of time, and the steps that wait; the losses are complete at the end."""
        for code, life in self._lives.items():
            waiting = self._ahead(life)
            for told in waiting:
                life.facts.pop(told.key)
            yield code, self._settled(code, life), waiting

    def _without_future(self, code: str, told: list[Fact]) -> list[Fact]:
        for late in told:
            if late.at > self._latest:
                self.losses.add(code, LossKind.FUTURE, f"{late.column}: {late.at:%d/%m/%Y %H:%M}")
        return [each for each in told if each.at <= self._latest]

    def _ahead(self, life: Life) -> list[Fact]:
        """Steps after all that the snapshots tell: sent, they would keep out what is told of the time before them."""
        steps = self._mapping.steps
        if steps is None or steps.ahead:
            return []
        told = [each.fact for each in life.facts.values()]
        horizon = max((each.at for each in told if each.event != steps.event), default=None)
        return [each for each in told if each.event == steps.event and (horizon is None or each.at > horizon)]

    def _snapshot(self, record: Cells, number: int) -> tuple[list[Fact], list[Doubt]]:
        reading = self._reading
        cell = reading.columns[STATE].value(record)
        word = reading.fields.word(STATE, cell)
        state = None if word is None else State(word)
        doubts: list[Doubt] = []
        if state is None:
            doubts.append(Doubt(LossKind.UNKNOWN_STATE, f"{reading.columns[STATE].header}: {text_of(cell)[:40]!r}"))
        pauses = self._pauses_of(record)
        told: list[Fact] = []
        left: list[tuple[str, str, datetime]] = []
        for each in reading.events:
            time = each.time
            moment = reading.moment(record, time)
            if each.states and state not in each.states:
                if moment is not None:
                    left.append((time.found(record)[0], each.event, moment.at))
            elif moment is not None:
                data = reading.data(record, each)
                if each.event == RECEIVED:
                    data = self._as_first_due(data, pauses, doubts)
                    told += self._fees(record, moment.at, number, doubts)
                told.append(fact(each.event, moment.at, data, number, time.found(record)[0]))
            elif each.states and state is each.states[0]:
                doubts.append(Doubt(LossKind.NO_DATE, f"state {state.value}, {time.header} is empty", each.event))
        taken = {each.column for each in told}
        for column, event, at in left:
            if column not in taken:
                doubts.append(Doubt(LossKind.NO_STATE, f"{column}: {at:%d/%m/%Y %H:%M}", event))
                taken.add(column)
        told += self._paused(pauses, number, doubts)
        self._check_waiting(state, pauses, doubts)
        return told, doubts

    def _items(self, record: Cells, name: str) -> list[dict[str, Any]]:
        """The objects of a list; what is no list of objects is said."""
        items = record.get(name) or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise UnusableRow(name, "is no list of objects; send [] when there is nothing in it")
        return items

    def _pauses_of(self, record: Cells) -> list[_Pause]:
        """The entries of the list of supplements, by their beginnings."""
        columns = self._columns.pauses
        if columns is None:
            return []
        pauses = []
        for item in self._items(record, columns.list):
            started, ended, before, after = (
                None if (moment := self._reading.moment(item, column)) is None else moment.at
                for column in (columns.started, columns.ended, columns.due_before, columns.due_after)
            )
            if started is None:
                raise UnusableRow(
                    f"{columns.list}.{columns.started.header}", "is empty; say when the papers were asked for"
                )
            pauses.append(_Pause(started, ended, before, after))
        return sorted(pauses, key=attrgetter("started"))

    def _paused(self, pauses: list[_Pause], number: int, doubts: list[Doubt]) -> list[Fact]:
        told: list[Fact] = []
        columns = self._columns.pauses
        for pause in pauses:
            assert columns is not None, "pauses come of the list that the mapping names"
            told.append(fact(REQUESTED, pause.started, {}, number, f"{columns.list}.{columns.started.header}"))
            if pause.ended is not None:
                data = {} if pause.due_after is None else {"due_at": pause.due_after}
                told.append(fact(CAME, pause.ended, data, number, f"{columns.list}.{columns.ended.header}"))
                if pause.due_after is None:
                    header = columns.due_after.header
                    doubts.append(Doubt(LossKind.NO_DEADLINE_AFTER, f"{header} is empty; the calendar's is taken"))
        return told

    def _check_waiting(self, state: State | None, pauses: list[_Pause], doubts: list[Doubt]) -> None:
        """Doubts a state that waits for something which nothing dates."""
        columns = self._columns.pauses
        if (
            columns is not None
            and state is State.AWAITING_SUPPLEMENT
            and not any(pause.ended is None for pause in pauses)
        ):
            detail = f"{columns.list} has no open entry"
            doubts.append(Doubt(LossKind.NO_SUPPLEMENTS, detail, REQUESTED, len(pauses)))
        elif state is State.AWAITING_PAYMENT:
            doubts.append(Doubt(LossKind.NO_PAYMENT_DATES, "the wait can't be dated", "payment_requested"))
        elif state is State.SUSPENDED and all(each.event != SUSPENDED for each in self._mapping.events):
            doubts.append(Doubt(LossKind.NO_SUSPENSION_DATES, "the pause can't be dated", SUSPENDED))

    def _as_first_due(self, data: dict[str, Any], pauses: list[_Pause], doubts: list[Doubt]) -> dict[str, Any]:
        """The data of the receipt with the deadline of that day: pauses that have ended moved the present one."""
        if pauses and pauses[0].due_before is not None:
            return data | {"due_at": pauses[0].due_before}
        if all(pause.ended is None for pause in pauses):
            return data
        columns = self._columns.pauses
        assert columns is not None, "pauses come of the list that the mapping names"
        detail = f"{columns.due_before.header} is empty; the first snapshot's or the catalogue's is taken"
        doubts.append(Doubt(LossKind.NO_DEADLINE_BEFORE, detail))
        return {name: value for name, value in data.items() if name != "due_at"}

    def _fees(self, record: Cells, at: datetime, number: int, doubts: list[Doubt]) -> list[Fact]:
        """What was paid, as paid on receipt, for the list has no date."""
        fees, columns = self._mapping.fees, self._columns
        if fees is None or not record.get(fees.list):
            return []
        try:
            cells = [columns.fee.value(item) for item in self._items(record, fees.list)]
            amount = sum(amount_of(text_of(cell)) for cell in cells if cell is not None)
        except (UnusableRow, ValueError) as wrong:
            doubts.append(Doubt(LossKind.FEES, f"{fees.list}: {wrong}"))
            return []
        if not amount:
            return []
        cell = columns.paid_online.value(record)
        word = self._reading.fields.word("paid_online", cell)
        if word is None:
            said = f"{columns.paid_online.header} {text_of(cell) or 'empty'} does not say that it was paid"
            doubts.append(Doubt(LossKind.FEES, f"{amount} VND; {said}", PAID))
            return []
        return [Fact(PAID, at, {"amount_vnd": amount, "paid_online": word == "true"}, PAID, number, fees.list)]

    def _step(self, record: Cells, number: int) -> tuple[list[Fact], list[Doubt]]:
        """Who had the dossier from then on; a step that names nobody is none."""
        steps, columns = self._mapping.steps, self._columns
        assert steps is not None, "only mappings with steps have progress records"
        moment = self._reading.moment(record, columns.step_time)
        if moment is None:
            raise UnusableRow(columns.step_time.header, "is empty; say when the step was done")
        data: dict[str, Any] = {}
        for name, column in columns.step.items():
            cell = column.value(record)
            value = "" if cell is None else self._reading.value(column.header, name, steps.event, cell)
            if value != "":
                data[name] = value
        header = columns.step_time.found(record)[0]
        if steps.event == ASSIGNED and data.keys().isdisjoint(WHO):
            who = ", ".join(columns.step[name].header for name in WHO if name in columns.step)
            return [], [Doubt(LossKind.STEP, f"{header}: {moment.at:%d/%m/%Y %H:%M} names nobody; {who} are empty")]
        return [fact(steps.event, moment.at, data, number, header)], []

    def _settled(self, code: str, life: Life) -> list[Fact]:
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
        return self._followed(code, self._still_paused(code, life, self._went_on(code, facts)))

    def _went_on(self, code: str, facts: list[Fact]) -> list[Fact]:
        """Without closings before a pause: what went on afterwards had not been finished."""
        latest = max((told.at for told in facts if told.event in PAUSING), default=None)
        if latest is None:
            return facts
        early = [told for told in facts if told.event in CLOSING and told.at < latest]
        for told in early:
            self._lose(code, LossKind.REOPENED, told, "is left out")
        return [told for told in facts if told not in early]

    def _still_paused(self, code: str, life: Life, facts: list[Fact]) -> list[Fact]:
        """Without a result while papers are awaited, unless somebody has it in hand.

        Senders write paused dossiers as finished; one whose result was handed over was decided without the papers.
        """
        named = Counter(told.event for told in facts)
        if named[REQUESTED] <= named[CAME] + named[LAPSED] or named[RETURNED] or life.doubts_date_of(RETURNED):
            return facts
        for told in facts:
            if told.event == RESOLVED:
                self._lose(code, LossKind.FINISHED_WHILE_PAUSED, told, "is left out; it stays paused")
        return [told for told in facts if told.event != RESOLVED]

    def _followed(self, code: str, facts: list[Fact]) -> list[Fact]:
        """What the lifecycle allows, in order of time."""
        life = []
        for told, refusal, before in follow(code, facts):
            paused = before is not None and before.state in PAUSED
            if refusal is None and paused and told.event in (RESOLVED, RETURNED):
                self._lose(code, LossKind.FINISHED_WHILE_PAUSED, told, "ends the pause")
            if refusal is not None:
                state = "not there yet" if before is None else before.state.value
                self._lose(code, self._kind_of(told), told, f"is left out: the dossier is {state} ({refusal.code})")
            else:
                life.append(told)
        return life

    def _lose(self, code: str, kind: LossKind, told: Fact, what: str) -> None:
        self.losses.add(code, kind, f"{told.column}: {told.event} on {told.at:%d/%m/%Y %H:%M} {what}")

    def _kind_of(self, told: Fact) -> LossKind:
        steps = self._mapping.steps
        return LossKind.STEP if steps is not None and told.event == steps.event else LossKind.ORDER
