"""Intake's answers about its log: what became of many events, how far it goes, what was sent again or came back."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contract.envelope import CloudEvent
from shared.contract.http.figures import Code

MOST_REJECTIONS = 4_000  # of one bulk call that are listed; the importer sends no more events a call

LOGGED_EVENT = {
    "specversion": "1.0",
    "id": "07-2611-0001",
    "source": "/centres/tra-vinh/counters/07",
    "type": "vn.motcua.dossier.rated.v1",
    "subject": "H59.15-261102-0001",
    "time": "2026-11-02T08:31:00+07:00",
    "data": {"score": 5},
    "sequence": 4,
    "recordedtime": "2026-11-02T08:31:02+07:00",
}


class Rejection(Struct, frozen=True, kw_only=True):
    """An event of a bulk call that was refused, and why."""

    line: Annotated[int, Meta(description="from 1; in a JSON array, the place in it", examples=[7])]
    id: Annotated[
        str | None,
        Meta(
            description="the event's, shortened beyond 200 characters; null when none can be read",
            examples=["07-2611-0001"],
        ),
    ]
    code: Annotated[str, Meta(description="why, for machines", examples=["transition_not_allowed"])]
    field: Annotated[
        str | None,
        Meta(description="the field at fault, such as data.due_at; null when none is", examples=["data.department"]),
    ] = None
    detail: Annotated[
        str,
        Meta(
            description=(
                "what is wrong and what to do, in at most 300 characters; values that were sent are shortened in it"
            ),
            examples=["data.score: is too large; write a whole number from 1 to 5"],
        ),
    ]


class BulkAnswer(Struct, frozen=True, kw_only=True):
    """`POST /v1/events`: what became of the lines; the good ones are accepted whatever their neighbours are."""

    accepted: Annotated[int, Meta(description="events that are in the log now", examples=[998])] = 0
    duplicates: Annotated[int, Meta(description="events that were in the log before", examples=[1])] = 0
    rejected: Annotated[int, Meta(description="events that were refused", examples=[1])] = 0
    rejections: Annotated[
        list[Rejection],
        Meta(
            description=(
                f"the first {MOST_REJECTIONS:,} of the rejected: "
                "who wants each explained sends at most so many events a call"
            ),
            examples=[[]],
        ),
    ] = []
    rejections_omitted: (
        Annotated[int, Meta(description="rejected and not listed; left out when all are listed", examples=[12])]
        | UnsetType
    ) = UNSET


class LogLine(Struct, frozen=True):
    """One line of `GET /v1/log`: an event at its position."""

    position: Annotated[int, Meta(description="its place in the log, growing, from 1", examples=[417])]
    event: Annotated[CloudEvent, Meta(description="the event as it was logged", examples=[LOGGED_EVENT])]


class LogHead(Struct, frozen=True, kw_only=True):
    """`GET /v1/log/head`: how far the log goes, how many events it holds, and how far Kafka has them."""

    position: Annotated[int, Meta(description="the position of its last event; 0 when it is empty", examples=[318023])]
    events: Annotated[int, Meta(description="how many events it holds", examples=[318023])]
    relayed: Annotated[int, Meta(description="the position up to which Kafka has them", examples=[318020])]


class CheckedLogLine(Struct, frozen=True, kw_only=True):
    """The last line of `GET /v1/log/consistency`: how much was looked at."""

    events: Annotated[int, Meta(description="events looked at", examples=[318023])]
    dossiers: Annotated[int, Meta(description="dossiers looked at", examples=[80121])]
    differences: Annotated[int, Meta(description="lines that told of something wrong", examples=[0])]


class Resent(Struct, frozen=True, kw_only=True):
    """`POST /v1/log/resend`: the relay begins again from the first event; what is behind it recognises repeats."""

    events: Annotated[int, Meta(description="how many events are sent again", examples=[318023])]


class RestoreAnswer(Struct, frozen=True, kw_only=True):
    """`POST /v1/log/restore`: what came back into the log; with a conflict nothing does."""

    restored: Annotated[int, Meta(description="events that the log lacked and has again", examples=[12])]


class Conflict(Struct, frozen=True, kw_only=True):
    """An event of the topic in whose place the log has another one."""

    id: Annotated[str, Meta(description="the event's id", examples=["01JGX5T0Z3V6Q8Y1B2C3D4E5F6"])]
    dossier: Code
    sequence: Annotated[int, Meta(description="the event's number within the dossier", examples=[4])]
