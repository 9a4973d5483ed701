"""What new versions make of the stored dossiers: which count, which are superseded, what the sums get; no I/O."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from services.reporting.read_model.contributions import (
    Contributions,
    add_to,
    contributions_of,
    encode_contributions,
    encode_listed,
    listed_facts,
    stored_contributions,
)
from services.reporting.read_model.due import first_due
from services.reporting.read_model.sums import SECOND, Amounts, Group, day_number, microseconds
from shared.contract.status import StatusV1
from shared.domain.lifecycle import State
from shared.domain.localtime import local_date
from shared.service.dead_letters import MALFORMED, Unusable, usable_status
from shared.service.kafka import KafkaRecord

ItemT = TypeVar("ItemT")


class NewVersion(msgspec.Struct, frozen=True, gc=False):
    """A version as it is to be stored; `snapshot` is the record's own bytes, `known_at` in microseconds since 1970."""

    status: StatusV1
    contributions: Contributions
    snapshot: bytes
    known_at: int
    record: KafkaRecord | None = None

    @property
    def place(self) -> tuple[int, int]:
        """The order of a dossier's versions: the version alone is counted anew when a ledger was lost."""
        return self.status.sequence, self.status.version

    @property
    def due_at(self) -> int | None:
        """By when somebody is to act (microseconds), the first of all that is due; None when nothing is."""
        due = first_due(self.status)
        return None if due is None else microseconds(due)


def new_version(snapshot: bytes | None, known_at: int, record: KafkaRecord | None = None) -> NewVersion:
    """What the snapshot makes of the read model, live, in a rebuild and in a check alike. Raises Unusable."""
    status = usable_status(snapshot)
    assert snapshot is not None
    try:
        contributions = contributions_of(status)
    except Exception as wrong:  # the dossier alone decides this
        raise Unusable(MALFORMED, str(wrong) or type(wrong).__name__) from wrong
    return NewVersion(status, contributions, snapshot, known_at, record)


def by_second(items: Sequence[ItemT], recorded: Callable[[ItemT], int]) -> list[Sequence[ItemT]]:
    """The items of each second, in their order: of a dossier's versions within one second only the newest is kept.

    So whoever catches up after a day keeps what was known when, and a flood costs no more than its seconds. What a
    clock that was set back `recorded` earlier (microseconds) belongs to the second before it.
    """
    seconds: list[Sequence[ItemT]] = []
    of_second: list[ItemT] = []
    second = 0
    for item in items:
        number = recorded(item) // SECOND
        if not seconds or number > second:
            second, of_second = max(number, second), []
            seconds.append(of_second)
        of_second.append(item)
    return seconds


def newest_by_second(
    items: Sequence[ItemT], recorded: Callable[[ItemT], int], version: Callable[[ItemT, int], NewVersion | None]
) -> list[NewVersion]:
    """Of the items of each second the newest that makes a version, known since the latest of them was recorded.

    `version` makes it of an item and that instant (microseconds), and gives None for an item that can't be used.
    """
    if len(items) == 1:  # as nearly always
        only = version(items[0], recorded(items[0]))
        return [] if only is None else [only]
    newest: list[NewVersion] = []
    for second in by_second(items, recorded):
        known_at = max(map(recorded, second))
        for item in reversed(second):
            if (made := version(item, known_at)) is not None:
                newest.append(made)
                break
    return newest


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
    received_by: str
    submitted_day: int | None
    answered_day: int | None
    waited_until_day: int | None
    flags: int
    since_revision: int
    known_at: int
    contributions: bytes
    listed: bytes


class StoredVersion(NamedTuple):
    """Of a version that counts in the database, what tells whether a later one counts otherwise."""

    code: str
    version: int
    sequence: int
    flags: int
    since_revision: int
    known_at: int
    contributions: bytes


@dataclass(slots=True)
class RowsToWrite:
    """The rows that one transaction writes, in the order of their tables' columns.

    `superseded` are stored versions that go to the history: (until_revision, known_until, code).
    """

    revision: int
    dossiers: list[tuple[Any, ...]] = field(default_factory=list)
    history: list[tuple[Any, ...]] = field(default_factory=list)
    superseded: list[tuple[int, int, str]] = field(default_factory=list)
    changes: dict[Group, Amounts] = field(default_factory=dict)

    def take(self, stored: Version | StoredVersion | None, newer: Sequence[NewVersion]) -> None:
        """A dossier's versions above the stored one, oldest first."""
        row = stored
        for new in newer:
            row = self.succeed(row, version_of(new, self.revision, new.known_at))
        newest = newer[-1]
        assert isinstance(row, Version)
        self.dossiers.append((*row, newest.due_at, newest.snapshot))
        if stored is None:
            add_to(self.changes, newest.contributions, 1)
        elif stored.contributions != row.contributions:  # most events change no figure
            add_to(self.changes, stored_contributions(stored.code, stored.contributions), -1)
            add_to(self.changes, newest.contributions, 1)

    def succeed(self, before: Version | StoredVersion | None, version: Version) -> Version:
        """The row of a version after the one before it; one that counts the same counts, and is known, since then."""
        if before is None:
            return _since(version, self.revision, version.known_at)
        if before.contributions == version.contributions:
            return _since(version, before.since_revision, before.known_at)
        known_at = max(version.known_at, before.known_at)
        if isinstance(before, Version):
            self.history.append((*before, self.revision, known_at))
        else:
            self.superseded.append((self.revision, known_at, before.code))
        return _since(version, self.revision, known_at)


def _since(version: Version, revision: int, known_at: int) -> Version:
    if (version.since_revision, version.known_at) == (revision, known_at):
        return version
    return version._replace(since_revision=revision, known_at=known_at)


def version_of(new: NewVersion, since_revision: int, known_at: int) -> Version:
    """The row of a version that counts since the transaction and the instant."""
    status, contributions = new.status, new.contributions
    return Version(
        status.code,
        status.version,
        status.sequence,
        contributions.department,
        contributions.procedure,
        contributions.channel,
        *_days(status),
        contributions.place_of_receipt,
        *_days_of_waiting(status),
        flags_of(contributions),
        since_revision,
        known_at,
        encode_contributions(contributions),
        encode_listed(listed_facts(status)),
    )


def flags_of(contributions: Contributions) -> int:
    """A bit for the code of every measure that the dossier adds to."""
    flags = 0
    for _, code, _ in contributions.deltas:
        flags |= 1 << code
    return flags


NO_DAYS = (None, None, None)
Days = tuple[int | None, int | None, int | None]


def _days(status: StatusV1) -> Days:
    """Those of receipt, closing and return."""
    if not status.counts:
        return NO_DAYS
    return _day_of(status.received_at), _day_of(status.closed_at), _day_of(status.returned_at)


def _days_of_waiting(status: StatusV1) -> Days:
    """Those of submission, of the first answer, and of the last one."""
    waited = status.counted_acceptances
    if not waited or status.state is State.VOIDED:
        return NO_DAYS
    first, last = waited[0], waited[-1]
    return _day_of(first.asked_at), _day_of(first.answered_at), _day_of(last.answered_at)


def _day_of(instant: datetime | None) -> int | None:
    return None if instant is None else day_number(local_date(instant))
