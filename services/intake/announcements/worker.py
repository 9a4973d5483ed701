"""The worker that moves deadlines which announcements affect: plans once, moves in batches, resumes after a stop."""

import asyncio
import contextlib

import msgspec
import structlog

from services.intake.accepting.batch import NotDecided
from services.intake.accepting.candidates import Accepted, Candidate
from services.intake.accepting.committer import CannotBeStored, Committer, StoreUnavailable
from services.intake.announcements import planning
from services.intake.announcements.moves import (
    CalendarChange,
    Move,
    MoveOutcome,
    already_logged,
    event_id,
    extension,
    move_of,
    settled,
)
from services.intake.log import calendar, event_log
from services.intake.log.calendar import Announcements, AnnouncementState, StoredAnnouncement
from services.intake.log.database import Database, write
from services.intake.log.history import LogDisagrees
from services.intake.log.metrics import Metrics
from shared.access.roles import EVERYTHING
from shared.service.clock import Clock
from shared.service.pacing import Backoff
from shared.service.sql import is_transient

BATCH_DOSSIERS = 200
LOGGER = structlog.get_logger()


class MoveWorker:
    """The one worker of a process that moves deadlines. Several instances do no harm: their events have equal ids."""

    def __init__(
        self, database: Database, announcements: Announcements, committer: Committer, metrics: Metrics, clock: Clock
    ) -> None:
        self._database = database
        self._announcements = announcements
        self._committer = committer
        self._metrics = metrics
        self._clock = clock
        self._wake = asyncio.Event()
        self.stepped = asyncio.Event()
        """Set, and replaced by another, whenever a plan is made or a batch has moved."""

    def wake(self) -> None:
        """Look for announcements that are not done."""
        self._wake.set()

    async def wait_until_planned(self, announcement_id: str, at_most_s: float) -> None:
        """Wait, not for ever, until the dossiers that an announcement affects are found."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                while True:
                    stepped = self.stepped
                    async with self._database.reader.connect() as connection:
                        stored = await calendar.find(connection, announcement_id)
                    if stored is not None and stored.state is not AnnouncementState.ANNOUNCED:
                        return
                    await stepped.wait()

    async def run(self) -> None:
        """Finish what is unfinished, then wait to be woken, until cancelled. Tries again when the database fails."""
        backoff = Backoff()
        while True:
            self._wake.clear()
            try:
                await self._finish_all()
            except Exception as trouble:
                if not (isinstance(trouble, StoreUnavailable) or is_transient(trouble)):
                    raise
                pause = backoff.next_s()
                LOGGER.warning("moves_interrupted", error=repr(trouble), retry_seconds=pause)
                await asyncio.sleep(pause)
            else:
                backoff.reset()
                await self._wake.wait()

    async def _finish_all(self) -> None:
        async with self._database.reader.connect() as connection:
            announced = await calendar.announced(connection)
        self._announcements.learn(announced)
        for stored in announced:
            try:
                if stored.state is not AnnouncementState.DONE:
                    await self._finish(stored)
            except (CannotBeStored, NotDecided, LogDisagrees):
                LOGGER.exception("announcement_not_moved", announcement=stored.announcement.id)

    async def _finish(self, stored: StoredAnnouncement) -> None:
        if stored.state is AnnouncementState.ANNOUNCED:
            await self._plan(stored)
        while await self._try_all(stored):
            pass
        await self._now(stored, AnnouncementState.DONE)
        LOGGER.info("moves_done", announcement=stored.announcement.id)

    async def _plan(self, stored: StoredAnnouncement) -> None:
        plan = await planning.plan(
            self._database, stored.announcement, self._change(stored), stored.position, self._clock()
        )
        await self._write(stored, plan.moves)
        await self._now(stored, AnnouncementState.MOVING, examined=plan.examined)
        LOGGER.info(
            "moves_planned", announcement=stored.announcement.id, examined=plan.examined, affected=len(plan.moves)
        )

    def _change(self, stored: StoredAnnouncement) -> CalendarChange:
        known, number = self._announcements, stored.number
        return CalendarChange(
            stored.announcement.entries(), known.after(number - 1), known.after(number), known.catalogue
        )

    async def _try_all(self, stored: StoredAnnouncement) -> bool:
        """Try every planned move once; whether there was one."""
        tried = ""
        while True:
            async with self._database.reader.connect() as connection:
                planned = await planning.moves(
                    connection, stored.number, [MoveOutcome.PLANNED], after=tried, limit=BATCH_DOSSIERS
                )
            if not planned:
                return bool(tried)
            await self._write(stored, await self._move(stored, planned))
            self._step()
            tried = planned[-1].code

    async def _move(self, stored: StoredAnnouncement, planned: list[Move]) -> list[Move]:
        """What became of the planned moves, computed from the dossiers of now; those to be tried again are left out."""
        done, moving = await self._look_again(stored, planned)
        if not moving:
            return done
        decided = await self._committer.submit([candidate for _, candidate in moving], EVERYTHING)
        self._metrics.count(outcome.labels for outcome in decided if isinstance(outcome, Accepted))
        became = (settled(move, outcome) for (move, _), outcome in zip(moving, decided, strict=True))
        return done + [move for move in became if move is not None]

    async def _look_again(
        self, stored: StoredAnnouncement, planned: list[Move]
    ) -> tuple[list[Move], list[tuple[Move, Candidate]]]:
        """The planned moves that are settled as things stand now, and those to make, each with its event."""
        announcement, now = stored.announcement, self._clock()
        async with self._database.reader.connect() as connection:
            await calendar.follow(connection, self._announcements)
            logged = await event_log.logged_events(
                connection, [event_id(announcement.id, move.code) for move in planned]
            )
            histories = await event_log.histories(connection, [move.code for move in planned])
        change = self._change(stored)
        done: list[Move] = []
        moving: list[tuple[Move, Candidate]] = []
        for old in planned:
            known = logged.get(event_id(announcement.id, old.code))
            if known is not None:
                done.append(already_logged(old, known))
                continue
            history = histories[old.code]
            move = move_of(history, change, now)
            if move is None:
                done.append(msgspec.structs.replace(old, outcome=MoveOutcome.CHANGED_MEANWHILE))
            elif move.outcome is MoveOutcome.PLANNED:
                moving.append((move, extension(announcement.id, announcement.source, move, history[-1].after, now)))
            else:
                done.append(move)
        return done, moving

    async def _write(self, stored: StoredAnnouncement, moves: list[Move]) -> None:
        await write(self._database, lambda writing: planning.put_moves(writing, stored.number, moves))

    async def _now(self, stored: StoredAnnouncement, state: AnnouncementState, **columns: int) -> None:
        await write(self._database, lambda writing: calendar.set_state(writing, stored.number, state, **columns))
        self._step()

    def _step(self) -> None:
        self.stepped.set()
        self.stepped = asyncio.Event()
