"""Group commit: whatever waits shares one transaction, and nobody is answered before it is on disk."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from msgspec.structs import replace
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.accepting.batch import CommitBatch, KnownToLog, NotDecided
from services.intake.accepting.candidates import Candidate, CommitResult, applicants_of
from services.intake.accepting.units import by_own_codes
from services.intake.accepting.within import named_dossiers
from services.intake.applicants.commit import ApplicantsOfCommit
from services.intake.applicants.keeping import Applicants
from services.intake.log import calendar, event_log, standings
from services.intake.log.calendar import Announcements
from services.intake.log.database import Database, committing
from services.intake.log.history import CodeSeries, LogDisagrees, LoggedEvent, LogRow, RecentDossiers
from services.intake.log.metrics import Metrics
from shared.access.roles import Scope
from shared.auditing.entries import Actor
from shared.catalogue import Catalogue
from shared.domain.dossier import Dossier
from shared.service import tracing
from shared.service.acting import acting
from shared.service.audit import Audit
from shared.service.clock import Clock
from shared.service.damage import is_damaged
from shared.service.sql import is_transient

TROUBLE_SECONDS = 30.0
LOGGER = structlog.get_logger()


class StoreUnavailable(Exception):
    """The log could not be written; nothing was promised, send again."""


class LogRefuses(StoreUnavailable):
    """The log is not what it was: nothing may be added until an operator has mended it."""


class CannotBeStored(Exception):
    """The database refuses this request's content, whatever is committed with it."""


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A request's candidates and where its answer goes."""

    candidates: Sequence[Candidate]
    by: Actor
    answer: "asyncio.Future[list[CommitResult]]"

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Committer:
    """The one writer of an intake process."""

    def __init__(
        self,
        database: Database,
        announcements: Announcements,
        audit: Audit,
        applicants: Applicants,
        *,
        clock: Clock,
        recording_clock: Clock,
        max_batch_events: int,
        serials_to_skip: Callable[[], int],
        on_commit: Callable[[Sequence[LogRow]], None],
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._announcements = announcements
        self._audit = audit
        self._applicants = applicants
        self._clock = clock
        self._recording_clock = recording_clock
        self._max_batch_events = max_batch_events
        self._serials_to_skip = serials_to_skip
        self._on_commit = on_commit
        self._metrics = metrics
        self._skipped: set[CodeSeries] = set()
        self._recent = RecentDossiers()
        self._queue: asyncio.Queue[WaitingRequest | None] = asyncio.Queue()
        self._closed = False
        self._trouble: tuple[float, str] | None = None

    async def submit(self, candidates: Sequence[Candidate], scope: Scope) -> list[CommitResult]:
        """The outcome of each candidate, once it is durable; `scope` is what their sender may change. The audit says
        that whoever acts sent them."""
        if self._closed:
            msg = "intake is stopping; send again to another instance or later"
            raise StoreUnavailable(msg)
        if is_damaged(self._database.writer):
            raise StoreUnavailable("the file of the event log is damaged and takes nothing more; its operator knows")
        if not scope.is_everything:
            candidates = [replace(candidate, scope=scope) for candidate in candidates]
        tracing.remember(candidate.event_id for candidate in candidates)
        waiting = WaitingRequest(candidates, acting(), asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.answer

    @property
    def trouble(self) -> str | None:
        """Why the last commit failed, if that was a moment ago; later it is worth another try."""
        if self._trouble is None or time.monotonic() - self._trouble[0] > TROUBLE_SECONDS:
            return None
        return self._trouble[1]

    @property
    def waiting(self) -> int:
        """How many requests wait for the next transaction."""
        return self._queue.qsize()

    @property
    def closed(self) -> bool:
        """Whether it takes nothing more: stopping, or ended by a bug."""
        return self._closed

    def close(self) -> None:
        """Take no more; `run` ends when what waits is settled."""
        self._closed = True
        self._queue.put_nowait(None)

    async def run(self) -> None:
        """Commit what waits, in order of arrival, until closed. A bug ends it with its exception, after answering."""
        try:
            while (first := await self._queue.get()) is not None:
                await self._settle(self._take(first))
        finally:
            self._closed = True
            while not self._queue.empty():
                left = self._queue.get_nowait()
                if left is not None:
                    left.fail(StoreUnavailable("intake has stopped; send again"))

    def _take(self, first: WaitingRequest) -> list[WaitingRequest]:
        batch, events = [first], len(first.candidates)
        while events < self._max_batch_events and not self._queue.empty():
            waiting = self._queue.get_nowait()
            if waiting is None:
                self._queue.put_nowait(None)
                break
            batch.append(waiting)
            events += len(waiting.candidates)
        return batch

    async def _settle(self, batch: list[WaitingRequest]) -> None:
        """Answer every request of the batch; one that can't be stored or decided fails alone."""
        began = time.perf_counter()

        def became(outcome: str) -> None:
            self._metrics.committed(outcome, time.perf_counter() - began)

        try:
            outcomes = await self._commit([waiting.candidates for waiting in batch], [waiting.by for waiting in batch])
        except NotDecided as bug:
            became("undecided")
            LOGGER.exception(
                "request_not_decided", events=[candidate.event_id for candidate in batch[bug.request].candidates][:5]
            )
            batch.pop(bug.request).fail(bug)
            if batch:
                await self._settle(batch)
        except LogRefuses as refused:
            became("refused")
            for waiting in batch:
                waiting.fail(refused)
        except (LogDisagrees, DataError, IntegrityError) as refused:
            became("refused" if isinstance(refused, LogDisagrees) else "unstorable")
            await self._settle_apart(batch, refused)
        except Exception as failure:
            became("failed")
            self._fail(batch, failure)
            if not is_transient(failure):
                raise
        else:
            became("stored")
            for waiting, answers in zip(batch, outcomes, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answers)

    async def _settle_apart(self, batch: list[WaitingRequest], refused: Exception) -> None:
        if len(batch) == 1 and isinstance(refused, LogDisagrees):
            LOGGER.error("log_disagrees", error=str(refused))
            batch[0].fail(refused)
            return
        if len(batch) == 1:
            LOGGER.error("content_cannot_be_stored", error=str(refused.__cause__ or refused))
            batch[0].fail(CannotBeStored("the database refuses the content of this request"))
            return
        for waiting in batch:
            await self._settle([waiting])

    def _fail(self, batch: list[WaitingRequest], failure: Exception) -> None:
        self._trouble = time.monotonic(), str(getattr(failure, "orig", None) or failure) or type(failure).__name__
        LOGGER.error("commit_failed", requests=len(batch), error=repr(failure))
        for waiting in batch:
            waiting.fail(
                StoreUnavailable(
                    "the event log can't be written right now; nothing of this request was promised, send it again"
                )
            )

    async def _commit(
        self, requests: Sequence[Sequence[Candidate]], actors: Sequence[Actor]
    ) -> list[list[CommitResult]]:
        catalogue = self._announcements.catalogue
        requests = [_by_own_codes(number, request, catalogue) for number, request in enumerate(requests)]
        ids = (candidate.event_id for request in requests for candidate in request)
        with tracing.of_first(ids):
            async with committing(self._database) as connection:
                known = await self._read(connection, [candidate for request in requests for candidate in request])
                batch = CommitBatch(known, self._announcements.catalogue, self._clock(), self._recording_clock())
                outcomes = batch.decide_all(requests)
                await event_log.append(connection, batch.rows, batch.last_codes, batch.keys)
                await standings.put(connection, batch.changed.values(), known.dossiers)
                await self._audit.write(connection, *batch.audit_entries(actors), after=known.audit)
                await self._applicants.write(connection, known.applicants, batch.recorded_seconds)
        self._trouble = None
        if self._serials_to_skip():
            self._skipped.update(batch.used_codes)
        self._recent.put(batch.changed)
        if batch.rows:
            self._on_commit(batch.rows)
        return outcomes

    async def _read(self, connection: AsyncConnection, candidates: list[Candidate]) -> KnownToLog:
        keys = await event_log.logged_keys(
            connection,
            {
                use.key
                for candidate in candidates
                if candidate.key_use is not None
                for use in (candidate.key_use, candidate.key_use.earlier)
                if use is not None
            },
        )
        ids = {candidate.event_id for candidate in candidates} | {key.event_id for key in keys.values()}
        codes = {candidate.code for candidate in candidates if candidate.series is None}
        wanted: dict[CodeSeries, int] = {}
        for candidate in candidates:
            if candidate.series is not None:
                wanted[candidate.series] = wanted.get(candidate.series, 0) + 1
        heads = await event_log.heads(connection)
        if heads.refusal is not None:
            raise LogRefuses(heads.refusal)
        await calendar.follow(connection, self._announcements, heads.announcement)
        events = await event_log.logged_events(connection, ids)
        dossiers = await event_log.dossiers(connection, codes | _asked_for_the_scope(candidates, events), self._recent)
        return KnownToLog(
            head=heads.position,
            audit=heads.audit,
            events=events,
            dossiers=dossiers,
            keys=keys,
            applicants=await self._applicants_of(connection, candidates, dossiers, any_kept=heads.keeps_applicants),
            codes={
                series: await event_log.free_codes(connection, series, count, codes, skip=self._skip(series))
                for series, count in wanted.items()
            },
        )

    async def _applicants_of(
        self,
        connection: AsyncConnection,
        candidates: list[Candidate],
        dossiers: dict[str, Dossier],
        *,
        any_kept: bool,
    ) -> ApplicantsOfCommit:
        detailed = [candidate for candidate in candidates if candidate.details is not None]
        if not any_kept and not detailed:
            return ApplicantsOfCommit()
        named = {name for candidate in candidates for name in applicants_of(candidate.event).values()}
        named.update(dossier.applicant for dossier in dossiers.values() if dossier.applicant is not None)
        given = {name for candidate in detailed for name in applicants_of(candidate.event).values()}
        return await self._applicants.of_commit(connection, named, given)

    def _skip(self, series: CodeSeries) -> int:
        """Once for an agency's day: the serials after the gap follow each other as ever."""
        return 0 if series in self._skipped else self._serials_to_skip()


def _by_own_codes(number: int, request: Sequence[Candidate], catalogue: Catalogue) -> list[Candidate]:
    try:
        return [by_own_codes(candidate, catalogue) for candidate in request]
    except Exception as bug:
        raise NotDecided(number) from bug


def _asked_for_the_scope(candidates: Sequence[Candidate], events: Mapping[str, LoggedEvent]) -> set[str]:
    """The dossiers by which it is decided whether bounded senders stay within their scopes, besides those of the events
    themselves."""
    bounded = [candidate for candidate in candidates if not candidate.scope.is_everything]
    if not bounded:
        return set()
    named = {code for candidate in bounded for _, code in named_dossiers(candidate)}
    return named | {event.code for event in events.values()}
