"""What a follow-up (đôn đốc) tells the unit whose dossier waits: on the slip, in the mail, at the webhook."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID, uuid5

from msgspec import Meta, Struct

from shared.contract.envelope import JSON
from shared.domain.fields import DossierCode
from shared.domain.localtime import Instant, local
from shared.domain.timeliness import ACCEPTANCE_OVERDUE, Standing

FOLLOW_UP_TYPE = "vn.motcua.follow-up.v1"
_NAMESPACE = UUID("6d6f7463-7561-5e64-8d00-666f6c6c6f77")


class Stage(StrEnum):
    """What a dossier has come to: the thresholds that alerts name too."""

    DUE_SOON = Standing.DUE_SOON.value
    OVERDUE = Standing.OVERDUE.value
    ACCEPTANCE_OVERDUE = ACCEPTANCE_OVERDUE


class UnitAnswer(StrEnum):
    """What a unit answers: chosen, not typed, so that nobody's name gets into it."""

    DONE = "done"
    IN_PROGRESS = "in_progress"
    WAITS_FOR_APPLICANT = "waits_for_applicant"
    WAITS_FOR_AGENCY = "waits_for_agency"
    NOT_OURS = "not_ours"


def follow_up_id(code: str, stage: Stage, due_at: datetime) -> str:
    """The same for the same dossier, stage and deadline, wherever and whenever it is made."""
    return str(uuid5(_NAMESPACE, f"{code}/{stage}/{local(due_at).isoformat()}"))


class FollowUpV1(Struct, frozen=True, kw_only=True):
    """A slip: a dossier that waits for its unit, and what it had come to. It names no person."""

    year: Annotated[int, Meta(description="the year that the slip is numbered in", examples=[2026])]
    number: Annotated[int, Meta(description="its number in that year and unit, from 1 without gaps", examples=[12])]
    department: Annotated[str, Meta(description="the unit that is to act", examples=["H59.15"])]
    code: Annotated[str, Meta(description="the dossier's code", examples=["H59.15-261102-0001"])]
    procedure: Annotated[str, Meta(description="the procedure's code", examples=["2.000635"])]
    stage: Annotated[
        str, Meta(description=f"what it had come to: {', '.join(Stage)}; more in later versions", examples=["overdue"])
    ]
    state: Annotated[str, Meta(description="its state then (domain §2)", examples=["processing"])]
    due_at: Annotated[
        Instant,
        Meta(
            description="the deadline; of an application, until when it was to be answered",
            examples=["2026-11-09T08:31:00+07:00"],
        ),
    ]
    working_days: Annotated[
        int, Meta(description="working days left until the deadline's day; negative: passed since", examples=[-2])
    ]
    made_at: Annotated[Instant, Meta(description="when the slip was made", examples=["2026-11-11T07:30:00+07:00"])]
    received_at: Annotated[
        Instant | None, Meta(description="when the dossier was received", examples=["2026-11-02T08:31:00+07:00"])
    ] = None
    received_by: Annotated[
        str | None, Meta(description="the unit that took it in, where that is another", examples=["H59.20"])
    ] = None


SLIP_EXAMPLE = {
    "year": 2026,
    "number": 12,
    "department": "H59.15",
    "code": "H59.15-261102-0001",
    "procedure": "2.000635",
    "stage": "overdue",
    "state": "processing",
    "due_at": "2026-11-09T08:31:00+07:00",
    "working_days": -2,
    "made_at": "2026-11-11T07:30:00+07:00",
    "received_at": "2026-11-02T08:31:00+07:00",
}


class FollowUpEventV1(Struct, frozen=True, kw_only=True):
    """The body of a webhook: a CloudEvent (structured JSON). A repeat has the same `id` and the same bytes."""

    specversion: Annotated[Literal["1.0"], Meta(description="the version of CloudEvents", examples=["1.0"])] = "1.0"
    id: Annotated[
        str,
        Meta(description="one for each dossier, stage and deadline", examples=["0d7a9a3e-2c6d-5f0e-9c58-1f6f3b6c8a10"]),
    ]
    source: Annotated[str, Meta(description="who sends it", examples=["/motcua/reporting"])] = "/motcua/reporting"
    type: Annotated[str, Meta(description="what it is", examples=[FOLLOW_UP_TYPE])] = FOLLOW_UP_TYPE
    subject: Annotated[DossierCode, Meta(description="the dossier's code", examples=["H59.15-261102-0001"])]
    time: Annotated[Instant, Meta(description="when the slip was made", examples=["2026-11-11T07:30:00+07:00"])]
    data: Annotated[FollowUpV1, Meta(description="the slip", examples=[SLIP_EXAMPLE])]
    datacontenttype: Annotated[str, Meta(description="the media type of data", examples=[JSON])] = JSON
