"""Many events in one call: parsed and committed in chunks while the body arrives, each bad line refused alone."""

import asyncio
from collections.abc import Iterable

from services.intake.candidates import Candidate
from services.intake.committer import Committer
from services.intake.metrics import Metrics
from services.intake.outcomes import Accepted, Duplicate, Outcome, Refused
from services.intake.parsing import id_of, parse
from services.intake.refusals import TooLarge
from services.intake.schemas import BulkAnswer, Rejection
from services.intake.settings import IntakeSettings
from shared.domain.errors import Refusal

CHUNK_EVENTS = 1000
MOST_REJECTIONS = 100_000
Line = tuple[int, bytes | None]


class Bulk:
    """One bulk call. A chunk is parsed while the one before it commits, and submitted only after: a failure never leaves a gap."""

    def __init__(self, committer: Committer, metrics: Metrics, settings: IntakeSettings) -> None:
        self._committer = committer
        self._metrics = metrics
        self._max_event_bytes = settings.max_event_bytes
        self._applicant_key = settings.applicant_key
        self._lines: list[Line] = []
        self._committing: asyncio.Task[None] | None = None
        self.answer = BulkAnswer()

    async def add(self, lines: Iterable[Line]) -> None:
        """Take lines; commits when a chunk is full."""
        self._lines.extend(lines)
        while len(self._lines) >= CHUNK_EVENTS:
            chunk, self._lines = self._lines[:CHUNK_EVENTS], self._lines[CHUNK_EVENTS:]
            await self._take(chunk)

    async def finish(self) -> BulkAnswer:
        """Commit what is left; the answer says what became of every line."""
        if self._lines:
            chunk, self._lines = self._lines, []
            await self._take(chunk)
        await self.settled()
        return self.answer

    async def settled(self) -> None:
        """Wait for the chunk that is being committed."""
        committing, self._committing = self._committing, None
        if committing is not None:
            await committing

    async def _take(self, chunk: list[Line]) -> None:
        read = [(number, self._read(line)) for number, line in chunk]
        await self.settled()
        self._committing = asyncio.create_task(self._commit(read))

    def _read(self, line: bytes | None) -> Candidate | Refused:
        if line is None:
            return Refused(None, None, TooLarge(f"an event is at most {self._max_event_bytes} bytes (MOTCUA_INTAKE_MAX_EVENT_BYTES)"))
        try:
            return parse(line, self._applicant_key)
        except Refusal as refusal:
            return Refused(id_of(line), None, refusal)

    async def _commit(self, read: list[tuple[int, Candidate | Refused]]) -> None:
        candidates = [found for _, found in read if isinstance(found, Candidate)]
        decided = iter(await self._committer.submit(candidates) if candidates else ())
        outcomes = [(number, found if isinstance(found, Refused) else next(decided)) for number, found in read]
        self._metrics.count(outcome for _, outcome in outcomes)
        for number, outcome in outcomes:
            self._add(number, outcome)

    def _add(self, number: int, outcome: Outcome) -> None:
        match outcome:
            case Accepted():
                self.answer.accepted += 1
            case Duplicate():
                self.answer.duplicates += 1
            case Refused():
                self.answer.rejected += 1
                if len(self.answer.rejections) < MOST_REJECTIONS:
                    refusal = outcome.refusal
                    self.answer.rejections.append(
                        Rejection(line=number, id=outcome.event_id, code=refusal.code, field=refusal.field, detail=refusal.detail)
                    )
