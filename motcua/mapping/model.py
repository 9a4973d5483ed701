"""A mapping: the TOML file that says which column of an office's sheet, or which member of a snapshot, holds what."""

from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Literal, Self

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from motcua.failure import Failure
from motcua.files import read_document
from motcua.mapping.dates import Pattern, zone_of
from motcua.mapping.fields import CODE, FIELDS, folded
from shared.contract.accepted import REQUIRED_BY_LAW
from shared.domain.lifecycle import State

SHIPPED = Path(__file__).parent / "shipped"
EVENT, TIME, ID, STATE = "event", "time", "id", "state"
OPENING = ("submitted", "received")
LONGEST_SOURCE = 80
Headers = str | tuple[str, ...]
Constants = dict[str, str | int | bool]


class EventOf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an event stands in a row: `time` is the column of its date, `states` those in which that date is taken."""

    event: str
    time: Headers = ()
    states: tuple[State, ...] = ()
    columns: dict[str, Headers] = {}
    constants: Constants = {}


class Pauses(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A snapshot's list of supplements: when each was asked for and came, and the deadline before and after."""

    list: str
    started: Headers
    ended: Headers
    due_before: Headers = ()
    due_after: Headers = ()


class Steps(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A progress record, known by any of `known_by`.

    A step later than all that the file's snapshots tell waits, for what a later file tells may come before it, and
    could not be put in any more; `ahead` sends it all the same.
    """

    event: str
    known_by: Headers
    time: Headers
    columns: dict[str, Headers] = {}
    ahead: bool = False


class Fees(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A snapshot's list of fees with their amounts, and the member that says whether they were paid online."""

    list: str
    amount: Headers
    paid_online: Headers


class Envelope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What snapshots may come wrapped in: the member that lists them, and those that hold for each of them."""

    list: str
    keep: tuple[str, ...] = ()


class SheetMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole mapping, as its file says it. `rows` is what a row is; docs/importing.md explains each key."""

    rows: Literal["event", "dossier", "snapshot"]
    source: str
    columns: dict[str, Headers]
    constants: Constants = {}
    events: tuple[EventOf, ...] = ()
    words: dict[str, dict[str, str]] = {}
    dates: tuple[str, ...] = ("dd/mm/yyyy hh:mm:ss", "dd/mm/yyyy hh:mm", "dd/mm/yyyy")
    no_dates: tuple[str, ...] = ()
    timezone: str = "+07:00"
    sheet: str | None = None
    personal: tuple[str, ...] = ()
    pauses: Pauses | None = None
    steps: Steps | None = None
    fees: Fees | None = None
    envelope: Envelope | None = None

    @property
    def patterns(self) -> list[Pattern]:
        return [Pattern(text) for text in self.dates]

    @property
    def zone(self) -> tzinfo:
        return zone_of(self.timezone)

    def headers(self) -> Iterator[tuple[str, str]]:
        """Every header that is read, with the key of the mapping that names it."""
        for field, named in self.columns.items():
            yield from ((f"columns.{field}", header) for header in several(named))
        if self.steps is not None:
            for field, named in self.steps.columns.items():
                yield from ((f"steps.{field}", header) for header in several(named))
        for each in self.events:
            yield from ((f"events.{each.event}.time", header) for header in several(each.time))
            for field, named in each.columns.items():
                yield from ((f"events.{each.event}.columns.{field}", header) for header in several(named))

    def narrowed(self, present: Callable[[str], bool]) -> Self:
        """The mapping with the headers that a sheet has, so that messages name its columns; of others the first."""

        def kept(headers: Headers) -> Headers:
            return tuple(header for header in several(headers) if present(header)) or several(headers)[:1]

        def all_kept(columns: dict[str, Headers]) -> dict[str, Headers]:
            return {field: kept(headers) for field, headers in columns.items()}

        events = tuple(replace(each, time=kept(each.time), columns=all_kept(each.columns)) for each in self.events)
        return replace(self, columns=all_kept(self.columns), events=events)

    def header_of(self, field: str, event: str | None) -> str | None:
        """The first header that feeds a field of the event's data, else of any event's; None when no column does."""
        own = [each.columns.get(field) for each in self.events if each.event == event]
        others = [each.columns.get(field) for each in self.events]
        return next((several(named)[0] for named in (*own, self.columns.get(field), *others) if named), None)


def several(headers: Headers) -> tuple[str, ...]:
    return (headers,) if isinstance(headers, str) else headers


def shipped() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load(name: str) -> SheetMapping:
    """The shipped mapping of that name, or that of a file. Raises `Failure` naming the key and the fix."""
    file = mapping_file(name)
    document = read_document(file)
    try:
        mapping = msgspec.convert(document, SheetMapping)
    except msgspec.ValidationError as wrong:
        raise Failure(f"{file}: {_in_words(str(wrong))}") from wrong
    wrong_keys = list(_wrong(mapping))
    if wrong_keys:
        raise Failure(f"{file}: " + "; ".join(wrong_keys))
    return mapping


def mapping_file(name: str) -> Path:
    """Where the mapping stands."""
    if name in shipped():
        return SHIPPED / f"{name}.toml"
    file = Path(name)
    if not file.exists():
        raise Failure(f"there is no mapping {name}; name a TOML file, or one that is shipped: {', '.join(shipped())}")
    return file


def _in_words(wrong: str) -> str:
    what, _, place = wrong.partition(" - at `$")
    key = place.rstrip("`").removeprefix(".") or "the file"
    if "Object missing required field" in what:
        return f"{what.rpartition('field ')[2].strip('`')} is missing in {key}; docs/importing.md says what it holds"
    if "Object contains unknown field" in what:
        return (
            f"{what.rpartition('field ')[2].strip('`')} in {key} is no key of a mapping; docs/importing.md lists them"
        )
    return f"{key}: {what}; correct that value"


def _wrong(mapping: SheetMapping) -> Iterator[str]:
    """What the types alone let through, each with its key and the fix."""
    if not 0 < len(mapping.source) <= LONGEST_SOURCE or not mapping.source.isprintable():
        yield f"source: must have 1 to {LONGEST_SOURCE} printable characters, such as /import/counter"
    for key, check in (("timezone", lambda: mapping.zone), ("dates", lambda: mapping.patterns)):
        try:
            check()
        except ValueError as error:
            yield f"{key}: {error}"
    needed = (CODE, EVENT, TIME) if mapping.rows == "event" else (CODE, STATE) if mapping.pauses else (CODE,)
    yield from (
        f"columns.{key}: is missing; name the column that holds it" for key in needed if key not in mapping.columns
    )
    yield from _wrong_columns(mapping)
    yield from _wrong_events(mapping)
    hidden = {folded(header) for header in mapping.personal}
    for key, header in mapping.headers():
        if folded(header) in hidden:
            yield f"{key}: {header} is listed under personal, which is never read; take it out of one of the two"


def _wrong_columns(mapping: SheetMapping) -> Iterator[str]:
    own = {
        CODE,
        *((EVENT, TIME, ID) if mapping.rows == "event" else ()),
        *((STATE,) if mapping.rows == "snapshot" else ()),
    }
    opening = {field for name in OPENING for field in FIELDS[name]}
    for table, keys in (("columns", mapping.columns), ("constants", mapping.constants)):
        for field in keys:
            if field not in opening | (own if table == "columns" else set()):
                fix = "name it in [[events]] if another event has it"
                yield f"{table}.{field}: submitted and received have no such field ({_listed(opening)}); {fix}"
    known = {
        STATE,
        EVENT,
        *(name for event, fields in FIELDS.items() for field in fields for name in (field, f"{event}.{field}")),
    }
    for word, code in mapping.words.get(STATE, {}).items():
        if code not in set(State):
            yield f"words.state.{word}: {code} is no state; choose one of {', '.join(State)}"
    for field in mapping.words:
        if field not in known:
            yield f"words.{field}: no event has such a field; name a field, or one event's as in returned.channel"


def _wrong_events(mapping: SheetMapping) -> Iterator[str]:
    named = [each.event for each in mapping.events]
    if mapping.rows != "event" and not set(named) & set(OPENING):
        yield 'events: none opens a dossier; add [[events]] with event = "received" and the column of its date as time'
    for each in mapping.events:
        key = f"events.{each.event}"
        if each.event not in FIELDS:
            yield f"{key}: is no event; choose one of {', '.join(FIELDS)}"
            continue
        for field in (*each.columns, *each.constants):
            if field not in FIELDS[each.event]:
                yield f"{key}.{field}: is no field of {each.event}; it has {_listed(FIELDS[each.event])}"
        if mapping.rows != "event" and not each.time:
            yield f"{key}.time: is missing; name the column that holds its date"
        for reason in REQUIRED_BY_LAW.get(each.event, ()):
            if reason not in (each.columns.keys() | each.constants.keys()):
                yield f'{key}: the law wants a {reason}; name its column, or say constants = {{ {reason} = "..." }}'
    steps = mapping.steps
    if steps is not None and steps.event not in FIELDS:
        yield f"steps.event: {steps.event} is no event; choose one of {', '.join(FIELDS)}"
    elif steps is not None:
        for field in steps.columns.keys() - FIELDS[steps.event].keys():
            yield f"steps.columns.{field}: is no field of {steps.event}; it has {_listed(FIELDS[steps.event])}"


def _listed(fields: Iterable[str]) -> str:
    return ", ".join(sorted(fields)) or "none"
