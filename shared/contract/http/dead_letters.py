"""Intake's messages about dead letters: what was put aside, and what somebody did about it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.contract.status import DeadLetterV1
from shared.domain.localtime import Instant

OPEN, SENT_AGAIN, DONE = "open", "sent_again", "done"
LetterState = Literal["open", "sent_again", "done"]
Became = Literal["accepted", "in_the_log", "refused", "no_event"]
MOST_LETTERS = 1000  # of one call

LetterId = Annotated[
    str,
    Meta(
        description="the beginning of the SHA-256 of the letter's bytes: it names this letter on any broker",
        examples=["3f9a1c0e7d2b4a55"],
    ),
]
Letters = Annotated[int, Meta(description="how many", examples=[3])]
_LETTER = {
    "topic": "motcua.dossier.events.v1",
    "partition": 3,
    "offset": 42,
    "reason": "malformed",
    "detail": "rated: Expected `int` <= 5 - at `$.score`",
    "failed_at": "2026-11-03T09:00:02+07:00",
    "key": "SDU5LjE1LTI2MTEwMi0wMDAx",
    "value": "eyJzcGVjdmVyc2lvbiI6",
}


class LetterOrigin(Struct, frozen=True, kw_only=True):
    """Who wrote a record that was put aside, as far as it can be known; of intake: when, and who had it accepted.

    An `author` `another` with a `position` claims to be the event there, and is another one.
    """

    author: Annotated[
        Literal["intake", "processing", "another"] | None,
        Meta(description="intake, processing, another (none of Motcua's), or null: not known", examples=["another"]),
    ]
    event_id: Annotated[str | None, Meta(description="the id that it gives", examples=["may-7/81"])] = None
    position: Annotated[int | None, Meta(description="where the log has an event of this id", examples=[417])] = None
    recorded_at: Annotated[
        Instant | None, Meta(description="when that was accepted", examples=["2026-11-03T09:00:01+07:00"])
    ] = None
    accepted_by: Annotated[str | None, Meta(description="for whom, as the audit names it", examples=["Quầy 7"])] = None
    requests: Annotated[
        list[str], Meta(description="by which requests, as intake's log has them", examples=[["3f9a1c0e7d2b4a55"]])
    ] = []
    audit_entry: Annotated[int | None, Meta(description="the audit's entry about it", examples=[120])] = None


class DeadLetterView(Struct, frozen=True, kw_only=True):
    """A dead letter, and what was done about it: by whom and when, null while it is open."""

    id: LetterId
    state: Annotated[LetterState, Meta(description="open, sent_again or done", examples=["open"])]
    letter: Annotated[DeadLetterV1 | None, Meta(description="null for a record that is none", examples=[_LETTER])]
    origin: Annotated[
        LetterOrigin | None, Meta(description="who wrote the record", examples=[{"author": "another"}])
    ] = None
    handled_at: Annotated[Instant | None, Meta(description="when", examples=["2026-11-03T10:12:00+07:00"])] = None
    handled_by: Annotated[str | None, Meta(description="who, as the audit names it", examples=["Trực ca"])] = None
    note: Annotated[str | None, Meta(description="what was noted", examples=["thử nghiệm của bên thứ ba"])] = None


class DeadLettersAnswer(Struct, frozen=True, kw_only=True):
    """`GET /v1/dead-letters`: the newest of those asked for, the newest first, and how many there are in all."""

    open: Letters
    handled: Letters
    letters: Annotated[list[DeadLetterView], Meta(description="the newest first", examples=[[]])]


class HandledLetters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/dead-letters/done` and `/send-again`: which letters, and what to note about them."""

    letters: Annotated[
        list[LetterId],
        Meta(description="their ids", min_length=1, max_length=MOST_LETTERS, examples=[["3f9a1c0e7d2b4a55"]]),
    ]
    note: Annotated[
        Annotated[str, Meta(max_length=500)] | None,
        Meta(description="why, without a person's data: it is kept", examples=["thử nghiệm của bên thứ ba"]),
    ] = None


class LetterFate(Struct, frozen=True, kw_only=True):
    """What became of a letter that was to be sent again."""

    id: LetterId
    became: Annotated[
        Became,
        Meta(
            description=(
                "accepted: an event that the log did not have, and has now; in_the_log: an event of the log, which is "
                "being sent again as a whole; refused: intake does not take it, and it stays open; no_event: a record "
                "of a topic that is derived from the log, and it stays open"
            ),
            examples=["in_the_log"],
        ),
    ]
    detail: Annotated[str | None, Meta(description="why not", examples=["data.score: is too large"])] = None


class SentAgain(Struct, frozen=True, kw_only=True):
    """`POST /v1/dead-letters/send-again`: what became of each letter, in the order asked for."""

    letters: Annotated[list[LetterFate], Meta(description="one for each", examples=[[]])]


class LettersDone(Struct, frozen=True, kw_only=True):
    """`POST /v1/dead-letters/done`: how many of them were not done before."""

    done: Letters
