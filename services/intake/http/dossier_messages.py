"""Bodies and answers of the calls about a dossier, as the API documents show them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import asdict
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.intake.explanation.deadlines import CatalogueAt
from services.intake.explanation.explain import explain, timeliness_by
from services.intake.explanation.steps import Step
from services.intake.log.history import HistoryEntry
from shared.contract.envelope import cut_instant
from shared.domain.dossier import Dossier
from shared.domain.events import Corrected
from shared.domain.fields import CorrectableField
from shared.domain.lifecycle import allowed_from
from shared.domain.localtime import Instant as WireInstant
from shared.domain.texts import DOSSIER_CODE
from shared.domain.timeliness import BY_DATE, Definition, timeliness_of

_decode_object = msgspec.json.Decoder(dict).decode
Channel = Literal["online", "in_person", "postal"]
OnlineLevel = Literal["full", "partial"]


def _as_in_events(value: object) -> datetime | None:
    """Read as the contract of the events reads an instant: pydantic takes numbers and other spellings as well."""
    if value is None:
        return None
    try:
        return msgspec.convert(cut_instant(value) if isinstance(value, str) else value, WireInstant)
    except msgspec.ValidationError as wrong:
        raise PydanticCustomError(
            "instant", "write an instant with its offset, such as 2023-12-08T08:31:00+07:00"
        ) from wrong


def _dossier_code(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(DOSSIER_CODE, value, re.ASCII):
        raise PydanticCustomError(
            "dossier_code", "write a dossier's code, such as H59.15-231208-0001, or leave it out and get one"
        )
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_as_in_events)]
Code = Annotated[str, BeforeValidator(_dossier_code), Field(max_length=64, json_schema_extra={"pattern": DOSSIER_CODE})]


class NewDossier(BaseModel):
    """A dossier received at a counter, online or by post."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"department": "H61.15", "procedure": "2.000635", "channel": "online", "online_level": "full"}]
        },
    )

    department: str = Field(max_length=32, description="the agency that answers for the dossier (GET /v1/departments)")
    procedure: str = Field(
        max_length=32, description="one of the department's procedures (GET /v1/procedures), or any other with due_at"
    )
    channel: Channel = Field(description="how it came in")
    online_level: OnlineLevel | None = Field(
        None, description="of an online dossier: the whole procedure online, or a part of it"
    )
    applicant: str | None = Field(
        None, min_length=1, max_length=2000, description="kept only as a pseudonym that can't be turned back"
    )
    received_at: Instant | None = Field(None, description="when it was received; now when missing")
    due_at: Instant | None = Field(None, description="computed from the procedure's term and the calendar when missing")
    code: Code | None = Field(None, description="minted when missing: {department}-{yyMMdd}-{serial}")


JUDGED_THEN = (
    "as it was at the event's own instant, so that a repeat gets the same answer; "
    "GET /v1/dossiers/{code} tells how the dossier stands now"
)


class View(BaseModel):
    """An answer, or a part of one, that may be read from a value of the domain."""

    model_config = ConfigDict(from_attributes=True)


class TermView(View):
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
    term: TermView | None
    due_at: datetime | None
    timeliness: str | None = Field(description=JUDGED_THEN)


class SuspensionView(View):
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


class HopView(View):
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
    procedure_name: str | None = Field(
        description="as the field: by the procedure's latest version, which figures are grouped by"
    )
    field: str | None
    channel: Channel
    online_level: OnlineLevel | None
    submitted_at: datetime | None
    received_at: datetime | None
    term: TermView | None
    due_original: datetime | None
    due_at: datetime | None
    definition: str = Field(description="the definition that the class or standing is told by")
    timeliness: str | None = Field(
        description="early, on_time, overdue, no_deadline once closed; how it stands now while open"
    )
    deadline_corrected_after_closing: bool = Field(
        description="whether what it was judged by was set right when it was closed already"
    )
    closed_at: datetime | None
    closed_as: str | None
    returned_at: datetime | None
    suspensions: list[SuspensionView]
    hops: list[HopView]
    history: list[HistoryItem]
    explanation: list[Step]


def event_answer(event_id: str, dossier: Dossier) -> EventAnswer:
    """The answer to an event, judged at the event's own instant, so that a repeat gets the same."""
    return EventAnswer(
        id=event_id, subject=dossier.code, timeliness=_timeliness_then(dossier), **_own_fields(EventAnswer, dossier)
    )


def dossier_answer(event_id: str, dossier: Dossier) -> DossierAnswer:
    """The answer to a new dossier."""
    return DossierAnswer(id=event_id, timeliness=_timeliness_then(dossier), **_own_fields(DossierAnswer, dossier))


def dossier_view(
    history: Sequence[HistoryEntry], catalogue_at: CatalogueAt, now: datetime, definition: Definition = BY_DATE
) -> DossierView:
    """The dossier as it stands after its history."""
    dossier = history[-1].after
    catalogue = catalogue_at(history[-1].recorded_at)
    department, procedure = catalogue.departments.get(dossier.department), catalogue.procedures.get(dossier.procedure)
    own = _own_fields(DossierView, dossier) | {
        "hops": [{**asdict(hop), "late": hop.is_late(now)} for hop in dossier.hops],
    }
    return DossierView(
        **own,
        allowed=[kind.value for kind in allowed_from(dossier.state)],
        department_name=None if department is None else department.name,
        procedure_name=None if procedure is None else procedure.name,
        field=None if procedure is None else procedure.field,
        definition=definition.name,
        timeliness=timeliness_by(dossier, now, definition),
        deadline_corrected_after_closing=any(_corrects_a_closed_deadline(entry) for entry in history),
        history=[_history_item(entry) for entry in history],
        explanation=explain(history, catalogue_at, now, definition),
    )


def _own_fields(view: type[BaseModel], dossier: Dossier) -> dict[str, Any]:
    """The fields of a view that are the dossier's own, under the same names."""
    return {name: getattr(dossier, name) for name in view.model_fields if hasattr(dossier, name)}


def _timeliness_then(dossier: Dossier) -> str | None:
    return timeliness_of(dossier, dossier.last_occurred_at)


def _corrects_a_closed_deadline(entry: HistoryEntry) -> bool:
    event, before = entry.event, entry.before
    return (
        isinstance(event, Corrected)
        and event.field is CorrectableField.DUE_AT
        and before is not None
        and before.closed_at is not None
    )


def _history_item(entry: HistoryEntry) -> HistoryItem:
    envelope = entry.envelope
    return HistoryItem(
        sequence=entry.after.sequence,
        id=envelope.id,
        event=entry.event.kind.value,
        occurred_at=envelope.time,
        recorded_at=entry.recorded_at,
        source=envelope.source,
        data=_decode_object(envelope.data),
    )
