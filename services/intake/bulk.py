"""Many events in one call: parsed and committed in chunks while the body arrives, each bad line refused alone."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec.structs import replace

from services.intake.candidates import Candidate
from services.intake.committer import Committer
from services.intake.desk import holds_back
from services.intake.metrics import Metrics
from services.intake.outcomes import Accepted, Duplicate, Outcome, Refused
from services.intake.parsing import id_of, parse, subject_of
from services.intake.refusals import TooLarge
from services.intake.schemas import BulkAnswer, Rejection
from services.intake.settings import IntakeSettings
from services.intake.splitting import Numbered
from shared.domain.errors import Refusal
from shared.service.echoes import LONGEST_ECHO, MOST_REJECTIONS, shortened

CHUNK_EVENTS = 1000
CHUNK_BYTES = 4 * 1024 * 1024
LONGEST_ID, LONGEST_DETAIL = 200, 300  # characters of a rejection, and half as many where each takes four bytes
HoldBack = Literal["later", "all"]
MOST_HELD = 50_000  # dossiers remembered of one body; when more were refused, all are held back
TURN_SECONDS = 0.005  # then the other requests have the loop


class Bulk:
    """One bulk call. A chunk is parsed while the one before it commits, and submitted only after: a failure never leaves a gap."""

    def __init__(self, committer: Committer, metrics: Metrics, settings: IntakeSettings, hold_back: HoldBack | None = None) -> None:
        self._committer = committer
        self._metrics = metrics
        self._max_event_bytes = settings.max_event_bytes
        self._applicant_key = settings.applicant_key
        self._hold_back = hold_back
        self._held: set[str] = set()  # dossiers of which an event was refused
        self._read: list[tuple[int, Candidate | Refused, str | None]] = []
        self._read_bytes = 0
        self._committing: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._turn_ends = self._loop.time() + TURN_SECONDS
        self.answer = BulkAnswer()

    async def add(self, lines: Iterable[Numbered]) -> None:
        """Take lines; commits when a chunk is full. Others get their turn, however many there are and whatever they hold."""
        for number, line in lines:
            self._read.append((number, *self._parsed(line)))
            self._read_bytes += len(line or b"")
            if len(self._read) >= CHUNK_EVENTS or self._read_bytes >= CHUNK_BYTES:
                await self._hand_over()
            if self._loop.time() >= self._turn_ends:
                await self._give_way()
        if self._loop.time() >= self._turn_ends:
            await self._give_way()

    async def finish(self) -> BulkAnswer:
        """Commit what is left; the answer says what became of every line."""
        if self._read:
            await self._hand_over()
        await self.settled()
        return self.answer

    async def settled(self) -> None:
        """Wait for the chunk that is being committed."""
        committing, self._committing = self._committing, None
        if committing is not None:
            await committing

    async def _give_way(self) -> None:
        await asyncio.sleep(0)
        self._turn_ends = self._loop.time() + TURN_SECONDS

    async def _hand_over(self) -> None:
        await self.settled()
        read, self._read, self._read_bytes = self._read, [], 0
        self._committing = asyncio.create_task(self._commit(read))

    def _parsed(self, line: bytes | None) -> tuple[Candidate | Refused, str | None]:
        """The event, or why it is none, and the dossier that it is of where that can be read."""
        if line is None:
            too_large = TooLarge(f"an event is at most {self._max_event_bytes} bytes (MOTCUA_INTAKE_MAX_EVENT_BYTES)")
            return Refused(None, None, too_large), None
        try:
            candidate = parse(line, self._applicant_key)
        except Refusal as refusal:
            found = id_of(line)
            refused = Refused(None if found is None else shortened(found, LONGEST_ID), None, _light(refusal))
            return refused, None if self._hold_back is None else subject_of(line)
        return candidate, candidate.code

    async def _commit(self, read: list[tuple[int, Candidate | Refused, str | None]]) -> None:
        candidates = list(self._candidates(read))
        decided = iter(await self._committer.submit(candidates) if candidates else ())
        outcomes = [(number, found if isinstance(found, Refused) else next(decided), code) for number, found, code in read]
        self._metrics.count(outcome for _, outcome, _ in outcomes)
        for number, outcome, code in outcomes:
            self._add(number, outcome)
            if isinstance(outcome, Refused) and code is not None and holds_back(outcome.refusal):
                self._held.add(code)
                if len(self._held) > MOST_HELD:
                    self._hold_back = "all"

    def _candidates(self, read: Iterable[tuple[int, Candidate | Refused, str | None]]) -> Iterator[Candidate]:
        """What is to be decided; with `hold_back` each knows whether a line of its dossier before it was refused."""
        held = set(self._held)
        for _number, found, code in read:
            if isinstance(found, Candidate):
                if self._hold_back is None:
                    yield found
                else:
                    yield replace(found, follows=True, held=self._hold_back == "all" or found.code in held)
            elif code is not None:
                held.add(code)

    def _add(self, number: int, outcome: Outcome) -> None:
        match outcome:
            case Accepted():
                self.answer.accepted += 1
            case Duplicate():
                self.answer.duplicates += 1
            case Refused():
                self.answer.rejected += 1
                if len(self.answer.rejections) < MOST_REJECTIONS:
                    self.answer.rejections.append(_rejection(number, outcome))
                else:
                    self.answer.rejections_omitted += 1


def _light(refusal: Refusal) -> Refusal:
    """The refusal without what it holds on to: the line, through its traceback and in its words."""
    refusal.detail = shortened(refusal.detail, LONGEST_DETAIL)
    refusal.args = (refusal.detail,)
    refusal.__traceback__ = refusal.__cause__ = refusal.__context__ = None
    return refusal


def _rejection(number: int, refused: Refused) -> Rejection:
    event_id, refusal = refused.event_id, refused.refusal
    return Rejection(
        line=number,
        id=None if event_id is None else shortened(event_id, LONGEST_ID),
        code=refusal.code,
        field=None if refusal.field is None else shortened(refusal.field, LONGEST_ECHO),
        detail=shortened(refusal.detail, LONGEST_DETAIL),
    )
