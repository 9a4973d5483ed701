"""What a batch makes of the stored dossiers: which versions count, which are superseded and what that adds to the sums; no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from services.reporting.entry import Entry, add, encode_entry, stored_entry
from services.reporting.instants import microseconds
from services.reporting.listed import encode_listed, listed_of
from services.reporting.projecting.batch import Change
from services.reporting.rollup import Cell
from services.reporting.spans import day_number
from shared.domain.localtime import local_date


class Counting(Protocol):
    """A version that counts, stored or about to be: what tells whether a later one counts otherwise."""

    @property
    def code(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def sequence(self) -> int: ...
    @property
    def since_revision(self) -> int: ...
    @property
    def known_at(self) -> int: ...
    @property
    def contributions(self) -> bytes: ...


class Version(NamedTuple):
    """The columns that `dossiers` and `history` share, in their order."""

    code: str
    version: int
    sequence: int
    department: str
    procedure: str
    channel: int
    received_day: int | None
    closed_day: int | None
    returned_day: int | None
    flags: int
    since_revision: int
    known_at: int
    contributions: bytes
    listed: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """A change that was newer than what was stored; `fresh` when it brings a later event and not only a later version."""

    change: Change
    contributions: bytes
    fresh: bool


@dataclass(slots=True)
class Steps:
    """The rows that one transaction writes, in the order of their tables' columns.

    `superseded` are stored versions that go to the history: (until_revision, known_until, code).
    """

    revision: int
    dossiers: list[tuple[Any, ...]] = field(default_factory=list)
    history: list[tuple[Any, ...]] = field(default_factory=list)
    superseded: list[tuple[int, int, str]] = field(default_factory=list)
    cells: dict[Cell, int] = field(default_factory=dict)
    applied: list[Applied] = field(default_factory=list)

    def take(self, stored: Counting | None, newer: Sequence[Change]) -> None:
        """A dossier's versions above the stored one, oldest first."""
        before = stored
        for change in newer:
            version = self._version(change, before)
            self.applied.append(Applied(change, version.contributions, fresh=before is None or before.sequence < version.sequence))
            if before is not None and before.contributions != version.contributions:
                self._supersede(before, version.known_at)
            before = version
        newest = newer[-1]
        assert isinstance(before, Version)
        self.dossiers.append((*before, due_of(newest), newest.snapshot))
        if stored is None:
            add(self.cells, newest.entry, 1)
        elif stored.contributions != before.contributions:  # most events change no figure
            add(self.cells, stored_entry(newest.status.code, stored.contributions), -1)
            add(self.cells, newest.entry, 1)

    def _version(self, change: Change, before: Counting | None) -> Version:
        since, known_at = self.revision, max(change.known_at, 0 if before is None else before.known_at)
        version = version_of(change, since, known_at)
        if before is not None and before.contributions == version.contributions:
            return version._replace(since_revision=before.since_revision, known_at=before.known_at)
        return version

    def _supersede(self, before: Counting, known_until: int) -> None:
        """What added nothing leaves no trace."""
        if not isinstance(before, Version):
            self.superseded.append((self.revision, known_until, before.code))
        elif before.flags:
            self.history.append((*before, self.revision, known_until))


def version_of(change: Change, since_revision: int, known_at: int) -> Version:
    """The row of a change that counts since the transaction and the instant."""
    status, entry = change.status, change.entry
    return Version(
        status.code,
        status.version,
        status.sequence,
        entry.department,
        entry.procedure,
        entry.channel,
        _day_of(status.received_at),
        _day_of(status.closed_at),
        _day_of(status.returned_at),
        flags_of(entry),
        since_revision,
        known_at,
        encode_entry(entry),
        encode_listed(listed_of(status)),
    )


def due_of(change: Change) -> int | None:
    """The deadline in force of an open dossier (microseconds)."""
    status = change.status
    return microseconds(status.due_at) if status.is_open and status.due_at is not None else None


def _day_of(instant: datetime | None) -> int | None:
    return None if instant is None else day_number(local_date(instant))


def flags_of(entry: Entry) -> int:
    """A bit for the code of every measure that the entry adds to."""
    flags = 0
    for _, code, _ in entry.deltas:
        flags |= 1 << code
    return flags
