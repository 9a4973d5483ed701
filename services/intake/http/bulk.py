"""Many events in one call: parsed and committed in chunks while the body arrives, each bad line refused alone."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import UNSET
from msgspec.structs import asdict, replace

from services.intake.accepting.batch import NotDecided
from services.intake.accepting.candidates import Accepted, Candidate, Duplicate, Refused
from services.intake.accepting.committer import CannotBeStored, Committer, StoreUnavailable
from services.intake.accepting.parsing import id_of, parse, subject_of
from services.intake.accepting.refusals import TooLarge
from services.intake.http.bodies import CHECKED, JSON, ArraySplitter, LineSplitter, NotAnArray, Numbered, media_type
from services.intake.http.documents import cloud_event_example, cloud_event_schema
from services.intake.http.service import IntakeService, failed
from services.intake.log.history import LogDisagrees
from services.intake.log.metrics import Metrics
from services.intake.settings import IntakeSettings
from shared.access.roles import Permission, Scope
from shared.contract.http import answered
from shared.contract.http.log import MOST_REJECTIONS, BulkAnswer, Rejection
from shared.domain.errors import Refusal, holds_back
from shared.service.access import Caller, Requires, requires
from shared.service.echoes import LONGEST_ECHO, shortened
from shared.service.http import documented, json_response
from shared.service.problems import Problem

router = APIRouter(tags=["events"], dependencies=[requires(Permission.POST_EVENTS), *CHECKED])
Poster = Annotated[Caller, Depends(Requires(Permission.POST_EVENTS))]
PATH = "/v1/events"
NDJSON = "application/x-ndjson"
BATCH = "application/cloudevents-batch+json"
ARRAY_SCHEMA = {"type": "array", "items": cloud_event_schema(), "examples": [[cloud_event_example("received")]]}
BULK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            NDJSON: {
                "schema": {
                    "type": "string",
                    "description": "one CloudEvent a line; each is one of those of the JSON batch",
                }
            },
            BATCH: {"schema": ARRAY_SCHEMA},
            JSON: {"schema": ARRAY_SCHEMA},
        },
    }
}
PROBLEMS = documented(
    {
        413: "the body is too large; says what was accepted before the limit",
        415: f"send {NDJSON} or {BATCH}, uncompressed",
        422: "not a JSON array (says what was accepted of it), or a query parameter",
        503: "the log can't be written right now; says what was accepted; send again, repeats are recognised",
    }
)
CHUNK_EVENTS = 1000
CHUNK_BYTES = 4 * 1024 * 1024
LONGEST_ID, LONGEST_DETAIL = 200, 300  # characters of a rejection, and half as many where each takes four bytes
HoldBack = Literal["later", "all"]
MOST_HELD = 50_000  # dossiers remembered of one body; when more were refused, all are held back
PIECE_BYTES = 16 * 1024  # cut at once; between pieces others get their turn
TURN_SECONDS = 0.005  # then the other requests have the loop

Held = Annotated[
    HoldBack | None,
    Query(
        description="later: after an event whose content is refused, later ones of its dossier in this body are "
        "refused as held_back, so that it can still be corrected and sent before them; all: every event is. "
        "What is in the log already is a duplicate all the same"
    ),
]


class BulkCall:
    """One bulk call. A chunk is parsed while the last one commits, and submitted after it: no failure leaves a gap."""

    def __init__(
        self,
        committer: Committer,
        metrics: Metrics,
        settings: IntakeSettings,
        scope: Scope,
        hold_back: HoldBack | None = None,
    ) -> None:
        self._scope = scope
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
        self._accepted = self._duplicates = self._rejected = 0
        self._rejections: list[Rejection] = []

    @property
    def answer(self) -> BulkAnswer:
        """What became of the lines so far."""
        return BulkAnswer(
            accepted=self._accepted,
            duplicates=self._duplicates,
            rejected=self._rejected,
            rejections=self._rejections,
            rejections_omitted=(self._rejected - len(self._rejections)) or UNSET,
        )

    async def add(self, lines: Iterable[Numbered]) -> None:
        """Take lines; commits when a chunk is full. Others get their turn, however many lines there are."""
        for number, line in lines:
            self._read.append(self._parsed(number, line))
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

    def _parsed(self, number: int, line: bytes | None) -> tuple[int, Candidate | Refused, str | None]:
        """The event, or why it is none, and the dossier that it is of where that can be read."""
        if line is None:
            too_large = TooLarge(f"an event is at most {self._max_event_bytes} bytes (MOTCUA_INTAKE_MAX_EVENT_BYTES)")
            return number, Refused(None, None, too_large), None
        try:
            candidate = parse(line, self._applicant_key, follows=self._hold_back is not None)
        except Refusal as refusal:
            event_id = id_of(line)
            refused = Refused(None if event_id is None else shortened(event_id, LONGEST_ID), None, _light(refusal))
            return number, refused, None if self._hold_back is None else subject_of(line)
        return number, candidate, candidate.code

    async def _commit(self, read: list[tuple[int, Candidate | Refused, str | None]]) -> None:
        candidates = list(self._candidates(read))
        decided = iter(await self._committer.submit(candidates, self._scope) if candidates else ())
        outcomes = [event if isinstance(event, Refused) else next(decided) for _, event, _ in read]
        self._metrics.count(outcome.labels for outcome in outcomes)
        for (number, _, code), outcome in zip(read, outcomes, strict=True):
            if isinstance(outcome, Accepted):
                self._accepted += 1
            elif isinstance(outcome, Duplicate):
                self._duplicates += 1
            else:
                self._refuse(number, code, outcome)

    def _candidates(self, read: Iterable[tuple[int, Candidate | Refused, str | None]]) -> Iterator[Candidate]:
        """What is to be decided; with `hold_back` each knows whether a line of its dossier before it was refused."""
        if self._hold_back is None:
            yield from (event for _, event, _ in read if isinstance(event, Candidate))
            return
        held, all_held = set(self._held), self._hold_back == "all"
        for _number, event, code in read:
            if isinstance(event, Candidate):
                yield replace(event, held=True) if all_held or code in held else event
            elif code is not None:
                held.add(code)

    def _refuse(self, number: int, code: str | None, refused: Refused) -> None:
        self._rejected += 1
        if len(self._rejections) < MOST_REJECTIONS:
            self._rejections.append(_rejection(number, refused))
        if self._hold_back is not None and code is not None and holds_back(refused.refusal.code):
            self._held.add(code)
            if len(self._held) > MOST_HELD:
                self._hold_back = "all"


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


def is_bulk(method: str, path: str) -> bool:
    """Whether a request is a bulk call: it takes much, and its body is read as it comes."""
    return method == "POST" and path == PATH


@router.post(
    PATH,
    response_class=Response,
    responses={200: answered(BulkAnswer), **PROBLEMS},
    openapi_extra=BULK_BODY,
)
async def post_events(request: Request, intake: IntakeService, caller: Poster, hold_back: Held = None) -> Response:
    """Log many events; good lines are accepted whatever their neighbours are, and a second delivery adds nothing."""
    sent_as = media_type(request)
    settings = intake.settings
    bulk = BulkCall(intake.committer, intake.metrics, settings, caller.scope, hold_back)
    try:
        if sent_as == NDJSON:
            limit = BodyLimit(settings.max_bulk_bytes, "MOTCUA_INTAKE_MAX_BULK_BYTES")
            await _stream(request, bulk, LineSplitter(settings.max_event_bytes), limit)
        elif sent_as in (BATCH, JSON):
            limit = BodyLimit(settings.max_array_bytes, "MOTCUA_INTAKE_MAX_ARRAY_BYTES")
            await _stream(request, bulk, ArraySplitter(settings.max_event_bytes), limit)
        else:
            raise Problem(
                415, "Unsupported Media Type", f"send {NDJSON} (one CloudEvent a line), or a JSON array as {BATCH}"
            )
        answer = await bulk.finish()
    except (StoreUnavailable, CannotBeStored, NotDecided, LogDisagrees) as failure:
        raise failed(failure, **asdict(bulk.answer)) from failure
    return json_response(answer)


class BodyLimit(NamedTuple):
    """How long a body may be, and the setting that says so."""

    most_bytes: int
    setting: str


async def _stream(request: Request, bulk: BulkCall, splitter: LineSplitter | ArraySplitter, limit: BodyLimit) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit.most_bytes:
        raise _too_large(limit, bulk)
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit.most_bytes:
                await bulk.finish()
                raise _too_large(limit, bulk)
            for first in range(0, len(chunk), PIECE_BYTES):
                await bulk.add(splitter.feed(chunk[first : first + PIECE_BYTES]))
        await bulk.add(splitter.end())
    except NotAnArray as wrong:
        await bulk.finish()
        raise _not_an_array(wrong, bulk) from wrong
    finally:
        await bulk.settled()


def _too_large(limit: BodyLimit, bulk: BulkCall) -> Problem:
    detail = (
        f"the body is at most {limit.most_bytes} bytes ({limit.setting}); {_done(bulk)}. "
        "Send the rest in further calls; events sent again are recognised"
    )
    return Problem(413, "Content Too Large", detail, code="too_large", **asdict(bulk.answer))


def _not_an_array(wrong: NotAnArray, bulk: BulkCall) -> Problem:
    detail = (
        f"not a JSON array of CloudEvents: the body {wrong}; {_done(bulk)}. "
        "Send it whole; events sent again are recognised"
    )
    return Problem(422, "Unprocessable Content", detail, code="malformed", **asdict(bulk.answer))


def _done(bulk: BulkCall) -> str:
    done = bulk.answer
    return (
        f"of the events before that {done.accepted} were accepted, "
        f"{done.duplicates} were duplicates and {done.rejected} rejected"
    )
