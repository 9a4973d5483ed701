"""Follow-ups over HTTP: the slips that units were sent, what became of them, and what a unit answers."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from shared.contract.follow_up import SLIP_EXAMPLE, FollowUpV1, UnitAnswer
from shared.contract.http.figures import Cursor
from shared.domain.localtime import Instant

Share = Annotated[str | None, Meta(description="in percent; null where there is none of them", examples=["75.0"])]
COUNTS_EXAMPLE = {
    "made": 12,
    "unsent": 1,
    "sent": 11,
    "answered": 6,
    "unanswered": 5,
    "under_way": 3,
    "judged": 8,
    "moved": 6,
    "not_moved": 2,
    "answered_share": "54.5",
    "moved_share": "75.0",
}
AnswerName = Annotated[str | None, Meta(description=f"one of {', '.join(UnitAnswer)}", examples=["in_progress"])]


class FollowUpCounts(Struct, frozen=True, kw_only=True):
    """How many slips: sent = answered + unanswered = under way + judged; judged = moved + not moved."""

    made: Annotated[int, Meta(description="made in the days asked for", examples=[12])]
    unsent: Annotated[int, Meta(description="that reached nobody yet", examples=[1])]
    sent: Annotated[int, Meta(description="that reached their unit by one way at least", examples=[11])]
    answered: Annotated[int, Meta(description="of those sent, answered", examples=[6])]
    unanswered: Annotated[int, Meta(description="of those sent, not answered", examples=[5])]
    under_way: Annotated[int, Meta(description="of those sent, less than 24 hours ago", examples=[3])]
    judged: Annotated[int, Meta(description="of those sent, 24 hours ago or earlier", examples=[8])]
    moved: Annotated[
        int, Meta(description="of those judged, whose dossier had an event within the 24 hours", examples=[6])
    ]
    not_moved: Annotated[int, Meta(description="of those judged, the others", examples=[2])]
    answered_share: Share = None
    moved_share: Share = None


class KeptFollowUp(Struct, frozen=True, kw_only=True):
    """A slip and what became of it."""

    id: Annotated[
        str,
        Meta(description="one for each dossier, stage and deadline", examples=["0d7a9a3e-2c6d-5f0e-9c58-1f6f3b6c8a10"]),
    ]
    slip: Annotated[FollowUpV1, Meta(description="what it tells", examples=[SLIP_EXAMPLE])]
    sent_at: Annotated[
        Instant | None, Meta(description="when the first way took it", examples=["2026-11-11T07:30:02+07:00"])
    ]
    moved_at: Annotated[
        Instant | None,
        Meta(description="when the first event after it happened", examples=["2026-11-11T10:00:00+07:00"]),
    ]
    moved_within_24h: Annotated[
        bool | None, Meta(description="null before 24 hours have passed since it was sent", examples=[True])
    ]
    answer: AnswerName
    promised_on: Annotated[
        date | None, Meta(description="by when the unit expects to be done", examples=["2026-11-12"])
    ]
    answered_at: Annotated[
        Instant | None, Meta(description="when it was answered", examples=["2026-11-11T09:00:00+07:00"])
    ]
    problem: Annotated[
        str | None, Meta(description="why a way has not taken it yet", examples=["the webhook answers 503"])
    ]


class FollowUpsAnswer(Struct, frozen=True, kw_only=True):
    """`GET /v1/follow-ups`: counts of all made in those days, and one page of those asked for, the newest first."""

    as_of: Annotated[Instant, Meta(description="when it was looked at", examples=["2026-11-12T08:00:00+07:00"])]
    counts: Annotated[FollowUpCounts, Meta(description="of all made in those days", examples=[COUNTS_EXAMPLE])]
    follow_ups: Annotated[list[KeptFollowUp], Meta(description="the page, the newest first", examples=[[]])]
    cursor: Cursor


class NewFollowUpAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a unit answers to a slip. It is chosen, not typed: nobody's name gets into it."""

    answer: Annotated[UnitAnswer, Meta(description="what the unit says", examples=["in_progress"])]
    promised_on: Annotated[
        date | None, Meta(description="by when it expects to be done, today or later", examples=["2026-11-12"])
    ] = None
