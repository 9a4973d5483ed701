"""Units through time: the codes that a unit goes by, and who takes over what a unit leaves that is changed or ends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from msgspec import Meta, Struct

from shared.domain.texts import DEPARTMENT_CODE, canonical_unit, exactly

DepartmentCode = Annotated[str, Meta(pattern=exactly(DEPARTMENT_CODE))]
Name = Annotated[str, Meta(min_length=1)]
Procedures = frozenset[str]


class Alias(Struct, frozen=True, forbid_unknown_fields=True):
    """Another code of a unit, from `valid_from` to `valid_to` (inclusive; None: open); an entry in departments.toml."""

    code: DepartmentCode
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


class UnitCodes:
    """Finds a unit by any of its codes: its own, the older form of it, and its aliases."""

    def __init__(self, aliases: Mapping[str, Sequence[Alias]]) -> None:
        self._codes = frozenset(aliases)
        self._aliases: dict[str, list[tuple[Alias, str]]] = {}
        for code, others in aliases.items():
            for alias in (Alias(code), *others):
                self._aliases.setdefault(canonical_unit(alias.code), []).append((alias, code))

    def canonical(self, code: str, day: date) -> str:
        """The unit's own code; the code itself when on that day it is nobody's alias."""
        if code in self._codes:
            return code
        for alias, own in self._aliases.get(canonical_unit(code), ()):
            if alias.holds_on(day):
                return own
        return code

    def scope(self, code: str, day: date) -> str:
        """The same of a code that may also be a province's, of which every form is the shorter one."""
        own = self.canonical(code, day)
        return own if own in self._codes else canonical_unit(own)


class ProvinceEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A province by its code, an entry of units.toml; `official_code` is the one of the General Statistics Office."""

    code: DepartmentCode
    name: Name
    official_code: int


class ChangeKind(StrEnum):
    RENAME = "rename"
    MERGE = "merge"
    SPLIT = "split"
    DISSOLVE = "dissolve"


@dataclass(frozen=True, slots=True)
class Part:
    """What another unit than the main heir takes over in a split."""

    heir: str
    procedures: Procedures


@dataclass(frozen=True, slots=True)
class UnitChange:
    """What becomes of units on a day, which is the first of the new organisation: `heir` takes over all of what they
    leave that no part gives to another.

    A split whose main heir is the unit itself ends nothing: the unit goes on with less.
    """

    day: date
    kind: ChangeKind
    units: tuple[str, ...]
    heir: str
    legal_ground: str
    parts: tuple[Part, ...] = ()

    def ends(self, unit: str) -> bool:
        return unit in self.units and unit != self.heir

    def heir_of(self, procedure: str) -> str:
        """Who takes over the dossiers of a procedure."""
        return next((part.heir for part in self.parts if procedure in part.procedures), self.heir)

    @property
    def heirs(self) -> tuple[str, ...]:
        """The main one first."""
        return tuple(dict.fromkeys((self.heir, *(part.heir for part in self.parts))))


@dataclass(frozen=True, slots=True)
class Sources:
    """Whose dossiers a unit has after all changes: those of a unit but for some procedures, or of some alone."""

    unit: str
    only: Procedures | None
    but: Procedures = frozenset()


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who answers, by the changes of some days, for the dossiers of every unit that there was.

    `heirs` holds the units whose dossiers have moved on, `parts` those procedures of a unit that went another way. Each
    dossier has exactly one heir, for this is a function of its unit and its procedure.
    """

    heirs: Mapping[str, str]
    parts: Mapping[tuple[str, str], str]

    def heir(self, unit: str, procedure: str) -> str:
        """The unit itself where nothing has changed."""
        return self.parts.get((unit, procedure)) or self.heirs.get(unit, unit)

    def heirs_of(self, unit: str) -> frozenset[str]:
        """Every unit that has dossiers of the unit now."""
        parts = [heir for (left, _), heir in self.parts.items() if left == unit]
        return frozenset([self.heirs.get(unit, unit), *parts])

    def sources(self, wanted: Iterable[str]) -> Iterator[Sources]:
        """Whose dossiers these units have now: every unit once, for what `heir` gives to one of them."""
        units = set(wanted)
        by_procedure: dict[str, dict[str, str]] = {}
        for (unit, procedure), heir in self.parts.items():
            by_procedure.setdefault(unit, {})[procedure] = heir
        for unit in sorted(units | self.heirs.keys() | by_procedure.keys()):
            parts = by_procedure.get(unit, {})
            within = frozenset(procedure for procedure, heir in parts.items() if heir in units)
            if self.heirs.get(unit, unit) in units:
                yield Sources(unit, None, frozenset(parts) - within)
            elif within:
                yield Sources(unit, within)


AS_THEN = Organisation(MappingProxyType({}), MappingProxyType({}))


class UnitHistory:
    """The changes in order of days, followed from any unit."""

    def __init__(self, changes: Iterable[UnitChange]) -> None:
        self._changes = sorted(changes, key=lambda change: change.day)
        self._of_unit: dict[str, list[UnitChange]] = {}
        for change in self._changes:
            for unit in change.units:
                self._of_unit.setdefault(unit, []).append(change)
        days = dict.fromkeys(change.day for change in self._changes)
        self._organisations = [(day, self._organised(day)) for day in days]

    def organised_on(self, day: date) -> Organisation:
        """By the changes in force on the day."""
        in_force = AS_THEN
        for since, organisation in self._organisations:
            if since > day:
                break
            in_force = organisation
        return in_force

    def end_of(self, unit: str, day: date) -> UnitChange | None:
        """The change by which the unit is not there any more on the day; None while it is."""
        return next((change for change in self._of_unit.get(unit, ()) if change.day <= day and change.ends(unit)), None)

    def _organised(self, day: date) -> Organisation:
        changed = {unit for unit, changes in self._of_unit.items() if changes[0].day <= day}
        split = {procedure for change in self._changes for part in change.parts for procedure in part.procedures}
        heirs = {unit: self._heir(unit, "", day) for unit in sorted(changed)}
        parts = {
            (unit, procedure): heir
            for unit in heirs
            for procedure in sorted(split)
            if (heir := self._heir(unit, procedure, day)) != heirs[unit]
        }
        moved = {unit: heir for unit, heir in heirs.items() if heir != unit}
        return Organisation(MappingProxyType(moved), MappingProxyType(parts))

    def _heir(self, unit: str, procedure: str, day: date) -> str:
        """From each unit on to the next by the changes after it took over."""
        since = date.min
        while True:
            later = (change for change in self._of_unit.get(unit, ()) if since < change.day <= day)
            change = next(later, None)
            if change is None:
                return unit
            unit, since = change.heir_of(procedure), change.day
