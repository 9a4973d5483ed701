"""The calls about dead letters: which there are, sending events among them again, and saying that one is dealt with.

An event is sent again by the way that every event takes: offered to the log, which has it once. Where the log has it
already it was put aside behind the log, and the relay sends the log again: everything behind it recognises repeats.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.accepting.parsing import parse
from services.intake.accepting.refusals import TooLarge
from services.intake.http import bodies
from services.intake.http.bodies import CHECKED
from services.intake.http.service import Intake, IntakeService
from services.intake.log import event_log
from services.intake.log.database import audit_of, committing
from services.intake.log.handled_letters import handled, note_handled
from services.intake.relaying.dead_letters import ReadLetter
from services.intake.relaying.letter_origins import origins, with_accepting
from shared.access.roles import Permission
from shared.auditing.entries import Act, AuditEntry
from shared.contract.http import answered, reference
from shared.contract.http.dead_letters import (
    DONE,
    MOST_LETTERS,
    OPEN,
    SENT_AGAIN,
    DeadLettersAnswer,
    DeadLetterView,
    HandledLetters,
    LetterFate,
    LettersDone,
    SentAgain,
)
from shared.contract.topics import EVENTS
from shared.domain.errors import Refusal
from shared.domain.localtime import LOCAL
from shared.domain.texts import hidden_character, personal
from shared.service.access import Caller, Requires, access_of, requires
from shared.service.clock import system_clock
from shared.service.http import documented, json_response
from shared.service.kafka import BROKER_ERRORS
from shared.service.problems import Problem

router = APIRouter(tags=["dead letters"])
PATH = "/v1/dead-letters"
MOST_BODY_BYTES = 64 * 1024
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {bodies.JSON: {"schema": reference(HandledLetters)}}}
}
REFUSED = documented(
    {
        404: "no such letter",
        413: "the body is too large",
        415: "another media type, or compressed",
        422: "malformed, or the note tells who a person is",
        503: "the broker does not answer, and it has the letters",
    }
)
WANTED = {"open": lambda is_open: is_open, "handled": lambda is_open: not is_open, "all": lambda _is_open: True}
Operator = Annotated[Caller, Depends(Requires(Permission.REBUILD))]
_decode = msgspec.json.Decoder(HandledLetters).decode


@router.get(
    PATH,
    dependencies=[requires(Permission.READ_LOG), *CHECKED],
    response_class=Response,
    responses={200: answered(DeadLettersAnswer), **documented({422: "a parameter", 503: "the broker does not answer"})},
)
async def get_dead_letters(
    intake: IntakeService,
    state: Annotated[str, Query(description="open, handled or all", pattern="^(open|handled|all)$")] = OPEN,
    letter: Annotated[str | None, Query(alias="id", description="only this one, whatever its state")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LETTERS, description="how many at most")] = 100,
) -> Response:
    """What could not be processed and was put aside, the newest first, and what was done about it."""
    box = intake.dead_letters
    try:
        await box.look()
        if letter is None:
            found = await box.newest(limit, WANTED[state])
        else:
            found = list((await box.named([letter])).values())
    except BROKER_ERRORS as trouble:
        raise _away(trouble) from trouble
    return json_response(
        DeadLettersAnswer(open=box.open, handled=box.letters - box.open, letters=await _views(intake, found))
    )


@router.post(
    f"{PATH}/done",
    dependencies=[requires(Permission.REBUILD), *CHECKED],
    response_class=Response,
    responses={200: answered(LettersDone), **REFUSED},
    openapi_extra=BODY,
)
async def done(request: Request, intake: IntakeService) -> Response:
    """Say that letters are dealt with: they are counted as open no more, and stay in their topic."""
    asked = await _asked(request)
    await _letters(intake, asked)
    async with committing(intake.database) as writing:
        known = await handled(writing, asked.letters)
        new = [letter for letter in asked.letters if letter not in known or known[letter].state != DONE]
        await _note(intake, writing, DONE, new, asked.note)
    await intake.dead_letters.look()
    return json_response(LettersDone(done=len(new)))


@router.post(
    f"{PATH}/send-again",
    dependencies=[requires(Permission.REBUILD), *CHECKED],
    response_class=Response,
    responses={200: answered(SentAgain), **REFUSED},
    openapi_extra=BODY,
)
async def send_again(request: Request, intake: IntakeService, caller: Operator) -> Response:
    """Send events again that were put aside, by the way that makes each count once.

    An event that the log does not have is offered to it, which needs the right to post events too.
    """
    asked = await _asked(request)
    letters = await _letters(intake, asked)
    fates = [await _fate(request, intake, caller, letters[letter]) for letter in asked.letters]
    sent = [fate.id for fate in fates if fate.became in ("accepted", "in_the_log")]
    if sent:
        async with committing(intake.database) as writing:
            if any(fate.became == "in_the_log" for fate in fates):
                events = await event_log.set_back(writing)
                await audit_of(intake.database).write(writing, AuditEntry(Act.LOG_RESENT, details={"events": events}))
            await _note(intake, writing, SENT_AGAIN, sent, asked.note)
        intake.relay.look_again()
        await intake.dead_letters.look()
    return json_response(SentAgain(letters=fates))


async def _asked(request: Request) -> HandledLetters:
    bodies.require_json(request)
    try:
        asked = _decode(await bodies.read(request, MOST_BODY_BYTES))
    except TooLarge as large:
        raise Problem(413, "Content Too Large", f"the body is at most {MOST_BODY_BYTES} bytes") from large
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        detail = f'{wrong}; write {{"letters": ["ID", ...], "note": "..."}}'
        raise Problem(422, "Unprocessable Content", detail, code="malformed") from wrong
    note = asked.note or ""
    if (held := personal(note) or ("a hidden character" if hidden_character(note) else None)) is not None:
        detail = f"note: holds {held}, and is kept; write it without"
        raise Problem(422, "Unprocessable Content", detail, code="personal_data", field="note")
    return msgspec.structs.replace(asked, letters=list(dict.fromkeys(asked.letters)))


async def _letters(intake: Intake, asked: HandledLetters) -> dict[str, ReadLetter]:
    """The letters that were asked for, all of them."""
    try:
        await intake.dead_letters.look()
        found = await intake.dead_letters.named(asked.letters)
    except BROKER_ERRORS as trouble:
        raise _away(trouble) from trouble
    if missing := [letter for letter in asked.letters if letter not in found]:
        detail = f"there is no dead letter {missing[0]!r} in the topic; `motcua dead-letters list` names them"
        raise Problem(404, "Not Found", detail, code="unknown_letter", field="letters")
    return found


async def _fate(request: Request, intake: Intake, caller: Caller, read: ReadLetter) -> LetterFate:
    letter = read.letter
    if letter is None or letter.topic != EVENTS.name or letter.value is None:
        return LetterFate(
            id=read.id,
            became="no_event",
            detail="it is no event: what it was is made anew from the log; `motcua verify` tells whether it was",
        )
    if letter.value_bytes is not None:
        return LetterFate(id=read.id, became="refused", detail="the letter has the beginning of the event only")
    async with intake.database.reader.connect() as reading:
        (origin,) = await origins(reading, [letter])
        if origin.author == "intake":
            return LetterFate(id=read.id, became="in_the_log")
    scope = access_of(request).permit(caller.principal, Permission.POST_EVENTS).scope
    try:
        candidate = parse(letter.value, intake.settings.applicant_key)
        posted = await intake.post(candidate, None, scope)
    except Refusal as refusal:
        return LetterFate(id=read.id, became="refused", detail=refusal.detail)
    except Problem as refused:
        return LetterFate(id=read.id, became="refused", detail=str(refused.details.detail))
    return LetterFate(id=read.id, became="in_the_log" if posted.repeated else "accepted")


async def _note(intake: Intake, writing: AsyncConnection, state: str, letters: list[str], note: str | None) -> None:
    """What was done about the letters, and the audit's entry about it, or neither."""
    if letters:
        act = Act.DEAD_LETTERS_DONE if state == DONE else Act.DEAD_LETTERS_SENT_AGAIN
        await note_handled(writing, letters, state, system_clock(), note)
        details = {"letters": letters, **({} if note is None else {"note": note})}
        await audit_of(intake.database).write(writing, AuditEntry(act, details=details))


async def _views(intake: Intake, found: list[ReadLetter]) -> list[DeadLetterView]:
    async with intake.database.reader.connect() as reading:
        known = await handled(reading, [read.id for read in found])
        written = await origins(reading, [read.letter for read in found])
        if len(found) == 1:
            written = [await with_accepting(reading, written[0])]
    views = []
    for read, origin in zip(found, written, strict=True):
        done = known.get(read.id)
        if done is None:
            views.append(DeadLetterView(id=read.id, state="open", letter=read.letter, origin=origin))
            continue
        views.append(
            DeadLetterView(
                id=read.id,
                state="done" if done.state == DONE else "sent_again",
                letter=read.letter,
                origin=origin,
                handled_at=datetime.fromtimestamp(done.at, LOCAL),
                handled_by=done.by,
                note=done.note,
            )
        )
    return views


def _away(trouble: BaseException) -> Problem:
    detail = f"the broker does not answer ({type(trouble).__name__}), and it has the dead letters; start it first"
    return Problem(503, "Service Unavailable", detail, code="broker_away", headers={"Retry-After": "5"})
