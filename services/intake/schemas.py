"""Bodies and answers of the HTTP calls, as the API documents show them."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

import msgspec
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from shared.contract.instants import cut
from shared.domain.codes import DOSSIER_CODE
from shared.domain.localtime import Instant as WireInstant
from shared.service.echoes import MOST_REJECTIONS

Channel = Literal["online", "in_person", "postal"]
OnlineLevel = Literal["full", "partial"]


def _as_in_events(value: object) -> datetime | None:
    """Read as the contract of the events reads an instant: pydantic takes numbers and other spellings as well."""
    if value is None:
        return None
    try:
        return msgspec.convert(cut(value) if isinstance(value, str) else value, WireInstant)
    except msgspec.ValidationError as wrong:
        raise PydanticCustomError("instant", "write an instant with its offset, such as 2023-12-08T08:31:00+07:00") from wrong


def _dossier_code(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(DOSSIER_CODE, value, re.ASCII):
        raise PydanticCustomError("dossier_code", "write a dossier's code, such as H59.15-231208-0001, or leave it out and get one")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_as_in_events)]
Code = Annotated[str, BeforeValidator(_dossier_code), Field(max_length=64, json_schema_extra={"pattern": DOSSIER_CODE})]


class NewDossier(BaseModel):
    """A dossier received at a counter, online or by post."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"department": "H59.15", "procedure": "2.000635", "channel": "online", "online_level": "full"}]},
    )

    department: str = Field(max_length=32, description="the agency that answers for the dossier (GET /v1/departments)")
    procedure: str = Field(max_length=32, description="one of the department's procedures (GET /v1/procedures), or any other with due_at")
    channel: Channel = Field(description="how it came in")
    online_level: OnlineLevel | None = Field(None, description="of an online dossier: the whole procedure online, or a part of it")
    applicant: str | None = Field(None, min_length=1, max_length=2000, description="kept only as a pseudonym that can't be turned back")
    received_at: Instant | None = Field(None, description="when it was received; now when missing")
    due_at: Instant | None = Field(None, description="computed from the procedure's term and the calendar when missing")
    code: Code | None = Field(None, description="minted when missing: {department}-{yyMMdd}-{serial}")


JUDGED_THEN = (
    "as it was at the event's own instant, so that a repeat gets the same answer; GET /v1/dossiers/{code} tells how the dossier stands now"
)


class Term(BaseModel):
    amount: int
    unit: Literal["working_days", "calendar_days", "working_hours", "months"]


class EventAnswer(BaseModel):
    """The dossier right after the event."""

    id: str = Field(description="the event's")
    subject: str = Field(description="the dossier's code")
    sequence: int = Field(description="1 for the dossier's first event")
    state: str
    due_at: datetime | None
    timeliness: str | None = Field(description=JUDGED_THEN)


class DossierAnswer(BaseModel):
    """The dossier as it was opened."""

    code: str
    id: str = Field(description="the received event's")
    sequence: int
    state: str
    department: str
    procedure: str
    channel: Channel
    online_level: OnlineLevel | None
    received_at: datetime | None
    term: Term | None
    due_at: datetime | None
    timeliness: str | None = Field(description=JUDGED_THEN)


class Rejection(BaseModel):
    line: int = Field(description="from 1; in a JSON array, the place in it")
    id: str | None = Field(description="the event's, shortened beyond 200 characters; null when none can be read")
    code: str
    field: str | None = Field(None, description="the field at fault, such as data.due_at; null when none is")
    detail: str = Field(description="what is wrong and what to do, in at most 300 characters; values that were sent are shortened in it")


class BulkAnswer(BaseModel):
    """What became of the lines; the good ones are accepted whatever their neighbours are."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    rejections: list[Rejection] = Field(
        default=[],
        description=f"the first {MOST_REJECTIONS:,} of the rejected: who wants each explained sends at most so many events a call",
    )
    rejections_omitted: int = Field(
        default=0, description="rejected and not listed; left out when all are listed", exclude_if=lambda omitted: omitted == 0
    )


class SuspensionView(BaseModel):
    kind: str
    started_at: datetime
    ended_at: datetime | None


class HistoryItem(BaseModel):
    sequence: int
    id: str
    event: str
    occurred_at: datetime
    recorded_at: datetime
    source: str
    data: dict[str, Any]


StepName = Literal[
    "submitted",
    "received",
    "start",
    "interval",
    "deadline",
    "pause",
    "resumed",
    "extended",
    "apologised",
    "forwarded",
    "forward_answered",
    "corrected",
    "closed",
    "returned",
    "standing",
    "class",
]


class Step(BaseModel):
    """One step of how the deadline and the class came about; the text can be checked against a paper calendar."""

    step: StepName
    at: datetime | None = None
    until: datetime | None = Field(None, description="the end of an interval")
    counted: bool | None = Field(
        None, description="whether the time from `at` to `until` counted; null when the step is no stretch of time"
    )
    due_at: datetime | None = Field(None, description="the deadline after the step; of a hop, its own")
    text: str


class HopView(BaseModel):
    """A hop to another agency, with its own deadline."""

    agency: str | None
    forwarded_at: datetime
    due_at: datetime | None
    answered_at: datetime | None
    late: bool


class DossierView(BaseModel):
    code: str
    state: str
    allowed: list[str] = Field(description="the events that may come next")
    sequence: int
    department: str
    department_name: str | None = Field(description="of the catalogue in force; null when it has no such department")
    procedure: str
    procedure_name: str | None = Field(description="as the field: by the procedure's latest version, which figures are grouped by")
    field: str | None
    channel: Channel
    online_level: OnlineLevel | None
    submitted_at: datetime | None
    received_at: datetime | None
    term: Term | None
    due_original: datetime | None
    due_at: datetime | None
    definition: str = Field(description="the definition that the class or standing is told by")
    timeliness: str | None = Field(description="early, on_time, overdue, no_deadline once closed; how it stands now while open")
    deadline_corrected_after_closing: bool = Field(description="whether what it was judged by was set right when it was closed already")
    closed_at: datetime | None
    closed_as: str | None
    returned_at: datetime | None
    suspensions: list[SuspensionView]
    hops: list[HopView]
    history: list[HistoryItem]
    explanation: list[Step]


Session = tuple[time, time]


class DepartmentView(BaseModel):
    code: str
    name: str
    name_en: str
    sessions: list[Session] = Field(description="the hours of a working day on the date asked for", examples=[[["07:00:00", "11:30:00"]]])


class ProcedureView(BaseModel):
    """A procedure as it is in force on the date asked for."""

    code: str
    name: str
    department: str | None
    field: str
    level: str
    term: Term | None
    closing_hour: time | None = Field(description="a receipt after it, or on a day off, counts as made at the next working day's opening")
    same_day: bool = Field(description="the answer is due when the day's last session closes")
    departments: list[str] = Field(description="departments that may handle it beside its own")
    channels: list[Channel] = Field(description="channels it is offered by; all when there are none")
    online_levels: list[OnlineLevel] = Field(description="online levels it is offered at; all when there are none")
    valid_from: date | None
    valid_to: date | None = Field(description="the last day; null when it is open")


LocalDate = date  # in a model, a field named date hides the type


class DayView(BaseModel):
    date: LocalDate
    working: bool
    reason: Literal["weekday", "weekend", "day_off", "swapped_to_work"]
    name: str | None = None
    source: str | None = Field(None, description="who announced a day off or a swapped day")
    applies_to: list[str] = Field(default=[], description="codes of the provinces or departments it was announced for; none: everywhere")
    announced: LocalDate | None = None


class LogHead(BaseModel):
    position: int
    events: int
    relayed: int
