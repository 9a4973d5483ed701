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
MOST_DELIVERIES = 1000  # of one call
DELIVERY_EXAMPLE = "0d7a9a3e-2c6d-5f0e-9c58-1f6f3b6c8a10"
DeliveryId = Annotated[
    str, Meta(description="the delivery's id, as its receiver sees it", max_length=36, examples=[DELIVERY_EXAMPLE])
]
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


class GivenUpDelivery(Struct, frozen=True, kw_only=True):
    """A mail or a webhook that nobody took, or a mail that not every address took; it is not tried again by itself."""

    id: DeliveryId
    department: Annotated[str, Meta(description="the unit that it was for, by code", examples=["H59.15"])]
    way: Annotated[str, Meta(description="mail or webhook", examples=["mail"])]
    made_at: Annotated[Instant, Meta(description="when it was made", examples=["2026-11-11T07:30:00+07:00"])]
    attempts: Annotated[int, Meta(description="how often it was tried", examples=[74])]
    problem: Annotated[
        str | None, Meta(description="why the last try failed", examples=["the mail server answers 550"])
    ]
    slips: Annotated[
        list[str], Meta(description="the slips in it; a weekly mail has none", examples=[["H59.15/2026/12"]])
    ]


class GivenUpAnswer(Struct, frozen=True, kw_only=True):
    """`GET /v1/follow-ups/given-up`: how many there are in all, and the newest of them."""

    given_up: Annotated[int, Meta(description="how many", examples=[3])]
    deliveries: Annotated[list[GivenUpDelivery], Meta(description="the newest first", examples=[[]])]


class DeliveriesToSend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/follow-ups/given-up/send-again`: which of them are to be tried again."""

    deliveries: Annotated[
        list[DeliveryId],
        Meta(description="their ids", min_length=1, max_length=MOST_DELIVERIES, examples=[[DELIVERY_EXAMPLE]]),
    ]


class DeliveriesSentAgain(Struct, frozen=True, kw_only=True):
    """Which are tried again now. Those `left` were not given up: they were taken, wait, or are not known."""

    sent_again: Annotated[list[str], Meta(description="ids", examples=[[DELIVERY_EXAMPLE]])]
    left: Annotated[list[str], Meta(description="ids", examples=[[]])]
