"""Reads units.toml: the provinces, and the changes of units, which must leave every dossier with one heir."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from shared.catalogue.model import Procedure, ProcedureCode
from shared.catalogue.rows import CatalogueError, read, rows
from shared.catalogue.units import ChangeKind, DepartmentCode, Name, Part, ProvinceEntry, UnitChange, UnitCodes

UNITS = "units.toml"
TAKE_NEW = "ended_units_take_new_dossiers"
GROUND = 'cite what it rests on, such as legal_ground = "Nghị quyết 202/2025/QH15"'


class PartRow(Struct, frozen=True, forbid_unknown_fields=True):
    heir: DepartmentCode
    procedures: list[ProcedureCode] = []
    fields: list[Name] = []


class ChangeRow(Struct, frozen=True, forbid_unknown_fields=True):
    kind: ChangeKind
    day: date
    units: list[DepartmentCode]
    heir: DepartmentCode | None = None
    legal_ground: str = ""
    parts: list[PartRow] = []


Labelled = tuple[str, UnitChange]


class Known(Struct, frozen=True):
    """What the rest of the catalogue has; a change that is `shipped` counts where an office has all of its units."""

    departments: Collection[str]
    codes: UnitCodes
    fields: Mapping[str, str]
    shipped: bool


def provinces(file: Path) -> Mapping[str, ProvinceEntry]:
    """By code, in the file's order."""
    found: dict[str, ProvinceEntry] = {}
    for label, row in rows(file, read(file), "provinces", ProvinceEntry):
        if row.code in found:
            raise CatalogueError(file, label, f"province {row.code} stands there already; keep one entry")
        found[row.code] = row
    return MappingProxyType(found)


def ended_units_take_new_dossiers(file: Path) -> bool:
    """Whether intake takes new dossiers for units that have ended; it does not when the file does not say so."""
    value = read(file).get(TAKE_NEW, False)
    if not isinstance(value, bool):
        raise CatalogueError(file, TAKE_NEW, "is true or false; write one of them")
    return value


def changes(
    file: Path, departments: Collection[str], codes: UnitCodes, procedures: Iterable[Procedure], *, shipped: bool
) -> tuple[UnitChange, ...]:
    """The changes in order of days. Raises `CatalogueError`."""
    known = Known(departments, codes, {procedure.code: procedure.field for procedure in procedures}, shipped)
    labelled: list[Labelled] = []
    for label, row in rows(file, read(file), "changes", ChangeRow):
        heir = _check_change(file, label, row)
        unknown = [unit for unit in (*row.units, heir, *(part.heir for part in row.parts)) if unit not in departments]
        if unknown and shipped:
            continue
        if unknown:
            raise CatalogueError(file, label, _unknown(unknown[0], row.day, known))
        parts = tuple(_parts(file, label, row, known))
        labelled.append((label, UnitChange(row.day, row.kind, tuple(row.units), heir, row.legal_ground, parts)))
    _check_cycles(file, labelled)
    _check_fates(file, labelled)
    return tuple(sorted((change for _, change in labelled), key=lambda change: change.day))


def _check_change(file: Path, label: str, row: ChangeRow) -> str:
    """Refuses a change that is incomplete in itself; the main heir of one that is not."""
    named = ", ".join(row.units)
    if not row.units:
        raise CatalogueError(file, label, 'names no unit; write which it is about, such as units = ["H59.02"]')
    if len(set(row.units)) < len(row.units):
        raise CatalogueError(file, label, f"units names one twice ({named}); name each once")
    if not row.legal_ground.strip():
        raise CatalogueError(file, label, f"has no legal ground; {GROUND}")
    if row.heir is None:
        fix = f"{row.kind} leaves {named} without an heir; name the unit that its dossiers go to as heir = ..."
        raise CatalogueError(file, label, fix)
    if row.kind in (ChangeKind.RENAME, ChangeKind.SPLIT) and len(row.units) > 1:
        raise CatalogueError(file, label, f"a {row.kind} is of one unit, not of {named}; write an entry for each")
    if row.kind is not ChangeKind.SPLIT and row.heir in row.units:
        raise CatalogueError(file, label, f"{row.heir} is its own heir; leave it out of units, for it goes on")
    if row.kind is ChangeKind.SPLIT and not row.parts:
        fix = "a split has no parts; write [[changes.parts]] with heir and procedures or fields, or make it a rename"
        raise CatalogueError(file, label, fix)
    if row.kind is not ChangeKind.SPLIT and row.parts:
        raise CatalogueError(file, label, f'a {row.kind} has no parts; write kind = "split", or delete the parts')
    return row.heir


def _unknown(unit: str, day: date, known: Known) -> str:
    own = known.codes.canonical(unit, day)
    if own != unit:
        return f"{unit} is another code of unit {own}; write {own}"
    return f"unit {unit} is not in departments.toml; add it there or correct the code here"


def _parts(file: Path, label: str, row: ChangeRow, known: Known) -> Iterator[Part]:
    """The parts with their procedures: one that is named goes before its field."""
    taken: set[str] = set()
    named = {procedure for part in row.parts for procedure in part.procedures}
    for number, part in enumerate(row.parts, start=1):
        place = f"{label}, parts number {number}"
        if not part.procedures and not part.fields:
            raise CatalogueError(file, place, "is empty; say which procedures or fields go to " + part.heir)
        if part.heir in row.units:
            fix = f"{part.heir} is split itself; make it the heir, and give away in parts what it does not keep"
            raise CatalogueError(file, place, fix)
        if part.heir == row.heir:
            raise CatalogueError(file, place, f"{part.heir} is the main heir; delete the part, the rest goes there")
        for what in (*part.procedures, *part.fields):
            if what in taken:
                raise CatalogueError(file, place, f"{what} is given to two parts; keep one")
            taken.add(what)
        strange = [what for what in part.procedures if what not in known.fields]
        strange += [what for what in part.fields if what not in known.fields.values()]
        if strange and not known.shipped:
            raise CatalogueError(file, place, f"procedures.toml has no {strange[0]}; add it there or correct it here")
        of_fields = [code for code, field in known.fields.items() if field in part.fields and code not in named]
        yield Part(part.heir, frozenset([*part.procedures, *of_fields]))


def _check_cycles(file: Path, labelled: Sequence[Labelled]) -> None:
    """No unit may come after itself, on whatever days."""
    heirs: dict[str, list[str]] = {}
    for _, change in labelled:
        for unit in change.units:
            if change.ends(unit):
                heirs.setdefault(unit, []).extend(change.heirs)
    for label, change in labelled:
        for unit in change.units:
            if change.ends(unit) and (way := _way_back(unit, heirs)):
                fix = f"{' → '.join(way)} is a circle; correct an heir, or give the unit that comes back a new code"
                raise CatalogueError(file, label, fix)


def _way_back(unit: str, heirs: Mapping[str, Sequence[str]]) -> list[str] | None:
    ways = [[unit]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for heir in heirs.get(way[-1], ()):
            if heir == unit:
                return [*way, heir]
            if heir not in seen:
                seen.add(heir)
                ways.append([*way, heir])
    return None


def _check_fates(file: Path, labelled: Sequence[Labelled]) -> None:
    """A unit has one fate a day, none after its end, and is nobody's heir once it has ended."""
    in_time = sorted(labelled, key=lambda one: one[1].day)
    ended: dict[str, Labelled] = {}
    last: dict[str, Labelled] = {}
    for label, change in in_time:
        for unit in change.units:
            if unit in last and last[unit][1].day == change.day:
                raise CatalogueError(
                    file, label, f"{unit} has another fate on {change.day} ({last[unit][0]}); keep one"
                )
            if unit in ended:
                by, end = ended[unit]
                fix = f"{unit} has ended on {end.day} already ({by}); write what becomes of its heir, {end.heir}"
                raise CatalogueError(file, label, fix)
            last[unit] = label, change
        ended |= {unit: (label, change) for unit in change.units if change.ends(unit)}
    for label, change in in_time:
        for heir in change.heirs:
            if heir in ended and ended[heir][1].day <= change.day:
                by, end = ended[heir]
                fix = f"heir {heir} has ended on {end.day} itself ({by}); name the unit that is there then"
                raise CatalogueError(file, label, fix)
