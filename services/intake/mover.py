"""Moves the deadlines that announcements affect: found once, written down, then moved in batches, and gone on with after any end."""

import asyncio

import msgspec
import structlog

from services.intake import log
from services.intake.announcements import store
from services.intake.announcements.known import Announcements, State, Stored
from services.intake.announcements.move_events import already_logged, event_id, extension, settled
from services.intake.announcements.moves import Change, Move, Outcome, as_logged, facts, move_of
from services.intake.announcements.planning import plan
from services.intake.candidates import Candidate
from services.intake.committer import OURS, TRANSIENT, CannotBeStored, Committer, StoreUnavailable
from services.intake.database import Database, write
from services.intake.desk import NotDecided
from services.intake.metrics import Metrics
from services.intake.outcomes import Accepted
from shared.service.clock import Clock

BATCH_DOSSIERS = 200
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0
LOGGER = structlog.get_logger()


class Mover:
    """The one worker of an intake process that moves deadlines. Another instance at the same work does no harm: ids tell."""

    def __init__(self, database: Database, announcements: Announcements, committer: Committer, metrics: Metrics, clock: Clock) -> None:
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

    async def run(self) -> None:
        """Finish what is unfinished, then wait to be woken, until cancelled. What fails with the database is tried again."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            self._wake.clear()
            try:
                await self._finish_all()
            except (StoreUnavailable, *TRANSIENT) as trouble:
                if isinstance(trouble, OURS):
                    raise
                LOGGER.warning("moves_interrupted", error=repr(trouble), retry_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                pause = FIRST_PAUSE_SECONDS
                await self._wake.wait()

    async def _finish_all(self) -> None:
        async with self._database.reader.connect() as connection:
            announced = await store.every(connection)
        self._announcements.learn(announced)
        for stored in announced:
            try:
                if stored.state is not State.DONE:
                    await self._finish(stored)
            except (CannotBeStored, NotDecided):
                LOGGER.exception("announcement_not_moved", announcement=stored.announcement.id)

    async def _finish(self, stored: Stored) -> None:
        if stored.state is State.ANNOUNCED:
            await self._plan(stored)
        while await self._try_all(stored):
            pass
        await self._now(stored, State.DONE)
        LOGGER.info("moves_done", announcement=stored.announcement.id)

    async def _plan(self, stored: Stored) -> None:
        found = await plan(self._database, stored.announcement, self._change(stored), stored.position, self._clock())
        await self._write(stored, found.moves)
        await self._now(stored, State.MOVING, examined=found.examined)
        LOGGER.info("moves_planned", announcement=stored.announcement.id, examined=found.examined, affected=len(found.moves))

    def _change(self, stored: Stored) -> Change:
        known, number = self._announcements, stored.number
        return Change(stored.announcement.days, known.after(number - 1), known.after(number), known.catalogue)

    async def _try_all(self, stored: Stored) -> bool:
        """Try every planned move once; whether there was one."""
        tried = ""
        while True:
            async with self._database.reader.connect() as connection:
                planned = await store.moves(connection, stored.number, [Outcome.PLANNED], after=tried, limit=BATCH_DOSSIERS)
            if not planned:
                return bool(tried)
            await self._write(stored, await self._move(stored, planned))
            self._step()
            tried = planned[-1].code

    async def _move(self, stored: Stored, planned: list[Move]) -> list[Move]:
        """What became of the planned moves, computed from the dossiers as they are by now; those to be tried again are left out."""
        done, moving = await self._look_again(stored, planned)
        if not moving:
            return done
        decided = await self._committer.submit([candidate for _, candidate in moving])
        self._metrics.count(outcome for outcome in decided if isinstance(outcome, Accepted))
        became = (settled(move, outcome) for (move, _), outcome in zip(moving, decided, strict=True))
        return done + [move for move in became if move is not None]

    async def _look_again(self, stored: Stored, planned: list[Move]) -> tuple[list[Move], list[tuple[Move, Candidate]]]:
        """The planned moves that are settled as things stand now, and those to make, each with its event."""
        announcement, now = stored.announcement, self._clock()
        async with self._database.reader.connect() as connection:
            await store.follow(connection, self._announcements)
            logged = await log.logged_events(connection, [event_id(announcement, move.code) for move in planned])
            histories = await log.histories(connection, [move.code for move in planned])
        change = self._change(stored)
        done: list[Move] = []
        moving: list[tuple[Move, Candidate]] = []
        for old in planned:
            known = logged.get(event_id(announcement, old.code))
            if known is not None:
                done.append(already_logged(old, known))
                continue
            history = facts(histories[old.code])
            dossier = as_logged(old.code, history)
            move = move_of(dossier, history, change, now)
            if move is None:
                done.append(msgspec.structs.replace(old, outcome=Outcome.CHANGED_MEANWHILE))
            elif move.outcome is Outcome.PLANNED:
                moving.append((move, extension(announcement, move, dossier, now)))
            else:
                done.append(move)
        return done, moving

    async def _write(self, stored: Stored, moves: list[Move]) -> None:
        await write(self._database, lambda writing: store.put_moves(writing, stored.number, moves))

    async def _now(self, stored: Stored, state: State, **columns: int) -> None:
        await write(self._database, lambda writing: store.set_state(writing, stored.number, state, **columns))
        self._step()

    def _step(self) -> None:
        self.stepped.set()
        self.stepped = asyncio.Event()
