"""A row of a sheet as facts: one event a row, or one dossier a row, whose dates become its events."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from motcua.mapping.dates import DateReader, Moment
from motcua.mapping.facts import ASSIGNED, FUTURE_ALLOWED, Fact, UnusableRow, fact, follow
from motcua.mapping.fields import CODE, FIELDS, FieldReader, folded, text_of, with_term
from motcua.mapping.model import EVENT, ID, OPENING, TIME, Constants, EventOf, Headers, SheetMapping, several
from shared.contract.accepted import ACCEPTED, REQUIRED_BY_LAW
from shared.domain.errors import DeadlineBeforeReceipt, Refusal, TransitionNotAllowed, UnknownDossier
from shared.domain.lifecycle import State
from shared.domain.localtime import local_date

Cells = Mapping[str, Any]
WHO = ("unit", "officer")
REMEMBERED = 1 << 14


class RowColumn:
    """Where a value stands: the first of these headers that is not empty."""

    def __init__(self, headers: Headers, name: Callable[[str], str]) -> None:
        self.header, *_ = several(headers)
        self._named = tuple((header, name(header)) for header in several(headers))
        self._name = self._named[0][1] if len(self._named) == 1 else None

    def value(self, cells: Cells) -> Any:
        """What stands there; None when nothing does."""
        if self._name is not None:
            value = cells.get(self._name)
            return None if value is None or (isinstance(value, str) and not value.strip()) else value
        return self.found(cells)[1]

    def found(self, cells: Cells) -> tuple[str, Any]:
        """The header under which it stands, and what stands there; the first header and None when nothing does."""
        if self._name is not None:
            return self.header, self.value(cells)
        for header, name in self._named:
            value = cells.get(name)
            if value is not None and (not isinstance(value, str) or value.strip()):
                return header, value
        return self.header, None


class Told(NamedTuple):
    """An event that rows tell of: in which states, where its date stands, and what its data is made of."""

    number: int
    event: str
    states: tuple[State, ...]
    time: RowColumn
    columns: dict[str, RowColumn]
    constants: Constants


class Reading:
    """A mapping made ready to read rows, whose cells are named by their `name`d headers."""

    def __init__(self, mapping: SheetMapping, now: datetime, name: Callable[[str], str] = folded) -> None:
        self.mapping = mapping
        self.dates = DateReader(mapping.patterns, mapping.zone, mapping.no_dates)
        self.fields = FieldReader(mapping.words, self.dates, mapping.source)
        self.latest = now + FUTURE_ALLOWED
        self._name = name
        self.columns = {field: self.column(headers) for field, headers in mapping.columns.items()}
        self.events = [self._told(number, each) for number, each in enumerate(self._named_events())]
        self._data: Callable[..., dict[str, Any]] = lru_cache(maxsize=REMEMBERED)(self._read_data)

    def column(self, headers: Headers) -> RowColumn:
        return RowColumn(headers, self._name)

    def code(self, cells: Cells) -> str:
        column, cell = self.columns[CODE].found(cells)
        if cell is None:
            raise UnusableRow(column, "is empty; write the dossier's code")
        return str(self._read(column, CODE, (str,), cell))

    def value(self, column: str, field: str, event: str, cell: object) -> object:
        """What the cell says of a field of the event; "" when it says nothing."""
        return self._read(column, field, FIELDS[event][field], cell, event)

    def moment(self, cells: Cells, column: RowColumn) -> Moment | None:
        """The date that stands in the column."""
        cell = column.value(cells)
        if cell is None or self.dates.is_none(cell):
            return None
        try:
            return self.dates.read(cell)
        except ValueError as wrong:
            raise UnusableRow(column.found(cells)[0], str(wrong)) from wrong

    def data(self, cells: Cells, told: Told) -> dict[str, Any]:
        """The event's data as the row's columns and the mapping's constants have it; not to be changed."""
        values = tuple([column.value(cells) for column in told.columns.values()])
        try:
            return self._data(told.number, values)
        except TypeError:  # a list or an object stands where a value should
            return self._read_data(told.number, values)

    def _read_data(self, number: int, values: tuple[Any, ...]) -> dict[str, Any]:
        _, event, _, _, columns, constants = self.events[number]
        data: dict[str, Any] = {}
        for (field, column), cell in zip(columns.items(), values, strict=True):
            value = (
                self.fields.word(field, "", event) if cell is None else self.value(column.header, field, event, cell)
            )
            if value not in (None, ""):
                data[field] = value
        found = with_term({**constants, **data})
        self._check(event, columns, found)
        return found

    def _named_events(self) -> list[EventOf]:
        """Those that the mapping names; with a row per event any other, too."""
        named = list(self.mapping.events)
        if self.mapping.rows == "event":
            named += [EventOf(event=event) for event in FIELDS if event not in {each.event for each in named}]
        return named

    def _told(self, number: int, named: EventOf) -> Told:
        """The row's own columns and constants feed the events that open a dossier; each event has those it names."""
        mapping, fields = self.mapping, FIELDS[named.event] if named.event in OPENING else {}
        headers = {field: headers for field, headers in mapping.columns.items() if field in fields} | named.columns
        columns = {field: self.column(each) for field, each in headers.items()}
        constants = {field: value for field, value in mapping.constants.items() if field in fields} | named.constants
        time = self.column(named.time or mapping.columns[TIME])
        return Told(number, named.event, named.states, time, columns, constants)

    def _read(self, column: str, field: str, kinds: tuple[Any, ...], cell: object, event: str = "") -> object:
        try:
            return self.fields.read(field, kinds, cell, event)
        except ValueError as wrong:
            raise UnusableRow(column, str(wrong)) from wrong

    def _check(self, event: str, columns: dict[str, RowColumn], data: dict[str, Any]) -> None:
        """Refuses what intake would: a field that is needed and empty, a value that is none."""
        try:
            msgspec.convert(data, ACCEPTED[event])
        except msgspec.ValidationError as wrong:
            what = str(wrong)
            field = next((name for name in FIELDS[event] if f"`{name}`" in what or f"$.{name}" in what), "")
            column = columns[field].header if field in columns else field or event
            if "missing required" in what:
                empty = f"is empty; {event} needs it (or a constant {field} in the mapping)"
                raise UnusableRow(column, empty) from wrong
            raise UnusableRow(column, f"{what.partition(' - at')[0]}; correct it") from wrong
        for reason in REQUIRED_BY_LAW.get(event, ()):
            if not data.get(reason):
                column = columns[reason].header if reason in columns else reason
                raise UnusableRow(column, f"is empty; the law wants the {reason} of {event}")
        if event == ASSIGNED and data.keys().isdisjoint(WHO):
            column = next((columns[field].header for field in WHO if field in columns), event)
            raise UnusableRow(column, "is empty; say who has the dossier now: the officer, the unit or both")


class RowReader:
    """Reads rows as `mapping` says; nothing later than `now` has happened."""

    def __init__(self, mapping: SheetMapping, now: datetime) -> None:
        self._mapping = mapping
        self._reading = Reading(mapping, now)

    def code(self, cells: Cells) -> str:
        """The code of the row's dossier."""
        return self._reading.code(cells)

    def read(self, cells: Cells, number: int) -> list[Fact]:
        """What the row says, in order of time. Raises `UnusableRow`: then nothing of it counts."""
        if self._mapping.rows == "event":
            return [self._one_event(cells, number)]
        return self._life(self.code(cells), self._dated(cells, number))

    def _one_event(self, cells: Cells, number: int) -> Fact:
        mapping, reading = self._mapping, self._reading
        column, cell = reading.columns[EVENT].found(cells)
        event = reading.fields.word(EVENT, cell) or text_of(cell).lower()
        if event not in FIELDS:
            words = ", ".join(mapping.words.get(EVENT, {})) or ", ".join(FIELDS)
            raise UnusableRow(
                column, f"{text_of(cell)[:40]!r} is no event; write one of {words}, or add it to [words.event]"
            )
        column, moment = reading.columns[TIME].header, reading.moment(cells, reading.columns[TIME])
        if moment is None:
            raise UnusableRow(column, "is empty; write when it happened")
        named = next(each for each in reading.events if each.event == event)
        told = fact(event, moment.at, reading.data(cells, named), number, column)
        given = text_of(reading.columns[ID].value(cells)) if ID in reading.columns else ""
        return msgspec.structs.replace(told, key=given) if given else told

    def _dated(self, cells: Cells, number: int) -> list[Fact]:
        """The row's events in the mapping's order; a date alone is the start of its day, or what came before on it."""
        facts: list[Fact] = []
        for each in self._reading.events:
            moment = self._reading.moment(cells, each.time)
            if moment is None:
                continue
            column, at = each.time.found(cells)[0], moment.at
            if at > self._reading.latest:
                raise UnusableRow(column, f"{at:%d/%m/%Y %H:%M} lies in the future; correct it")
            if moment.is_day:
                before = (told.at for told in facts if local_date(told.at) == local_date(at))
                at = max(chain([at], before))
            facts.append(fact(each.event, at, self._reading.data(cells, each), number, column))
        return facts

    def _life(self, code: str, facts: list[Fact]) -> list[Fact]:
        opening = next((told for told in facts if told.event in OPENING), None)
        if opening is None:
            column = next(several(each.time)[0] for each in reversed(self._mapping.events) if each.event in OPENING)
            raise UnusableRow(column, "is empty; a dossier begins with it")
        life: list[Fact] = []
        for told, refusal, _ in follow(code, facts):
            if refusal is not None:
                raise self._inconsistent(told, refusal, life[-1] if life else opening)
            life.append(told)
        return life

    def _inconsistent(self, told: Fact, refusal: Refusal, last: Fact) -> UnusableRow:
        """Why the rules refuse the fact, in the sheet's own words."""
        when, then = f"{told.at:%d/%m/%Y %H:%M}", f"{last.column} ({last.at:%d/%m/%Y %H:%M})"
        if isinstance(refusal, UnknownDossier):
            return UnusableRow(told.column, f"{when} lies before {then}; correct one of the two")
        if isinstance(refusal, TransitionNotAllowed):
            what = f"{told.event} on {when} can't follow {last.event} in {then}; correct one of the two"
            return UnusableRow(told.column, what)
        if isinstance(refusal, DeadlineBeforeReceipt):
            due = f"{told.data['due_at']:%d/%m/%Y %H:%M}"
            header = self._mapping.header_of("due_at", told.event) or told.column
            return UnusableRow(header, f"{due} lies before the receipt in {then}; correct one of the two")
        return UnusableRow(told.column, refusal.detail)
