"""The catalogue in force: with the days off and swapped days that were announced while the service runs, now or at an
instant.

They are stored under the lock of the commits, so that every later decision knows them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log import event_log
from services.intake.log.tables import ANNOUNCEMENTS
from shared.catalogue import CalendarEntry, Catalogue
from shared.catalogue.model import EVERYWHERE, covers
from shared.contract.announcements import AnnouncementV1, in_runs
from shared.contract.http.announcements import AnnouncedDay
from shared.domain.localtime import LOCAL, local_date


class Announcement(Struct, frozen=True, kw_only=True):
    """What an authority announced, day by day; `applies_to` are codes of provinces or departments, none: everywhere."""

    id: str
    source: str
    announced_at: datetime
    days: tuple[AnnouncedDay, ...]
    applies_to: tuple[str, ...] = ()

    def entries(self) -> list[CalendarEntry]:
        """The days as the catalogue keeps them."""
        announced_on = local_date(self.announced_at)
        return [
            CalendarEntry(day.day, day.works, day.name, self.source, self.applies_to, announced_on) for day in self.days
        ]

    def says_the_same_as(self, other: "Announcement") -> bool:
        """Whether the decree is the same, whatever instant it is said to have been announced at."""
        return msgspec.structs.replace(self, announced_at=other.announced_at) == other


class AnnouncementState(StrEnum):
    """How far the moves of an announcement are."""

    ANNOUNCED = "announced"
    MOVING = "moving"
    DONE = "done"


class StoredAnnouncement(Struct, frozen=True, kw_only=True):
    """The `number`-th announcement, in force since `recorded_at`; the log was decided without it up to `position`."""

    number: int
    announcement: Announcement
    recorded_at: datetime
    position: int
    state: AnnouncementState
    examined: int | None

    def message(self) -> AnnouncementV1:
        """The announcement as it travels: a function of what never changes of it, so a repeat has the same bytes."""
        announcement = self.announcement
        return AnnouncementV1(
            number=self.number,
            id=announcement.id,
            source=announcement.source,
            announced_at=announcement.announced_at,
            recordedtime=self.recorded_at,
            days=in_runs((each.day, each.works, each.name) for each in announcement.days),
            applies_to=announcement.applies_to,
        )


class Announcements:
    """The announcements this process knows of, in order. They are never taken back, so it only ever learns more."""

    def __init__(self, base: Catalogue) -> None:
        self._catalogues = [base]
        self._recorded_at: list[datetime] = []

    @property
    def number(self) -> int:
        """Of the newest one known; 0 when there is none."""
        return len(self._recorded_at)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue with every announcement known."""
        return self._catalogues[-1]

    def after(self, number: int) -> Catalogue:
        """The catalogue with the first `number` announcements."""
        return self._catalogues[number]

    def catalogue_at(self, recorded_at: datetime) -> Catalogue:
        """The catalogue that decisions recorded at that instant (the system's clock) were made with."""
        return self._catalogues[bisect_right(self._recorded_at, recorded_at)]

    def learn(self, stored: Sequence[StoredAnnouncement]) -> None:
        """Take all announcements there are, in order; those known already are left as they are."""
        for newer in stored[self.number :]:
            self._catalogues.append(self.with_entries_of(newer.announcement))
            self._recorded_at.append(max([newer.recorded_at, *self._recorded_at[-1:]]))

    def with_entries_of(self, announcement: Announcement) -> Catalogue:
        """The catalogue as it would be with one announcement more."""
        return self.catalogue.with_entries(announcement.entries())


def covered(departments: Iterable[str], applies_to: Sequence[str]) -> list[str]:
    """Those of the departments that an announcement for `applies_to` holds for."""
    return [code for code in departments if any(covers(scope, code) for scope in applies_to or (EVERYWHERE,))]


_TABLE = ANNOUNCEMENTS.c
_ALL = select(
    _TABLE.number, _TABLE.content, _TABLE.recorded_at, _TABLE.position, _TABLE.state, _TABLE.examined
).order_by(_TABLE.number)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Announcement).decode


async def add(connection: AsyncConnection, announcement: Announcement, recorded_at: datetime) -> None:
    """Put it into force; the caller holds the commit lock, and has looked that the id is new."""
    heads = await event_log.heads(connection)
    row = {
        "number": heads.announcement + 1,
        "id": announcement.id,
        "content": _encode(announcement),
        "recorded_at": recorded_at.timestamp(),
        "position": heads.position,
        "state": AnnouncementState.ANNOUNCED.value,
    }
    await connection.execute(insert(ANNOUNCEMENTS), row)


async def announced(connection: AsyncConnection) -> list[StoredAnnouncement]:
    """All announcements, in the order in which they took effect."""
    return [_stored(row) for row in await connection.execute(_ALL)]


async def find(connection: AsyncConnection, announcement_id: str) -> StoredAnnouncement | None:
    """The announcement with that id."""
    row = (await connection.execute(_ALL.where(_TABLE.id == announcement_id))).first()
    return None if row is None else _stored(row)


async def follow(connection: AsyncConnection, known: Announcements, newest: int | None = None) -> None:
    """Learn what was announced since, by any instance; `newest` is the highest number there is, when it was read."""
    if newest is None:
        newest = (await event_log.heads(connection)).announcement
    if newest > known.number:
        known.learn(await announced(connection))


async def set_state(connection: AsyncConnection, number: int, state: AnnouncementState, **columns: Any) -> None:
    """Say how far its moves are."""
    await connection.execute(update(ANNOUNCEMENTS).where(_TABLE.number == number).values(state=state.value, **columns))


def _stored(row: Any) -> StoredAnnouncement:
    return StoredAnnouncement(
        number=row.number,
        announcement=_decode(row.content),
        recorded_at=datetime.fromtimestamp(row.recorded_at, LOCAL),
        position=row.position,
        state=AnnouncementState(row.state),
        examined=row.examined,
    )
