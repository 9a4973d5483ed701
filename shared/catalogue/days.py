"""Announced days off and swapped days with the places they hold for: the most specific announcement is a department's."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

EVERYWHERE = ""


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One announced day off, or one day swapped to work, and who said so.

    `applies_to` are code prefixes by dotted segments: `H59` is the province with its departments, `H59.15` one department; none:
    everywhere. `announced` is the day it was made known.
    """

    day: date
    works: bool
    name: str
    source: str
    applies_to: tuple[str, ...] = ()
    announced: date | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        return self.applies_to or (EVERYWHERE,)


def covers(scope: str, code: str) -> bool:
    """Whether a scope holds for a department: the same code, or its first segments."""
    return scope in (EVERYWHERE, code) or code.startswith(scope + ".")


def scopes(code: str, entries: Iterable[CalendarEntry]) -> frozenset[str]:
    """The scopes among these entries that hold for a department."""
    return frozenset(scope for scope in {scope for entry in entries for scope in entry.scopes} if covers(scope, code))


def in_force_for(code: str, entries: Iterable[CalendarEntry]) -> tuple[CalendarEntry, ...]:
    """What a department goes by, in order of days: of several entries for one day the one with the most specific scope."""
    found: dict[date, tuple[int, CalendarEntry]] = {}
    for entry in entries:
        specific = max((len(scope) for scope in entry.scopes if covers(scope, code)), default=-1)
        if specific > found.get(entry.day, (-1, None))[0]:
            found[entry.day] = (specific, entry)
    return tuple(found[day][1] for day in sorted(found))


def with_entries(present: Iterable[CalendarEntry], added: Iterable[CalendarEntry]) -> tuple[CalendarEntry, ...]:
    """The present entries and the added ones; where day and scope are the same, the later one alone."""
    kept: dict[tuple[date, str], CalendarEntry] = {}
    for entry in (*present, *added):
        kept |= {(entry.day, scope): entry for scope in entry.scopes}
    whole: dict[CalendarEntry, list[str]] = {}
    for (_, scope), entry in kept.items():
        whole.setdefault(entry, []).append(scope)
    entries = [entry if set(left) == set(entry.scopes) else replace(entry, applies_to=tuple(left)) for entry, left in whole.items()]
    return tuple(sorted(entries, key=lambda entry: (entry.day, entry.scopes)))
