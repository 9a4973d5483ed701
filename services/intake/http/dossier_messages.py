"""How the calls about a dossier read a new one, and what they answer made of the domain's values."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import asdict
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from services.intake.explanation.deadlines import CatalogueAt
from services.intake.explanation.explain import explain, timeliness_by
from services.intake.explanation.work import work_steps
from services.intake.log.history import HistoryEntry
from shared.contract.envelope import cut_instant
from shared.contract.http.dossiers import (
    AcceptanceView,
    DossierAnswer,
    DossierView,
    EventAnswer,
    HistoryItem,
    HopView,
    SuspensionView,
)
from shared.domain.dossier import Dossier
from shared.domain.events import Corrected
from shared.domain.fields import LONGEST_CODE, CorrectableField
from shared.domain.lifecycle import allowed_from
from shared.domain.localtime import Instant as WireInstant
from shared.domain.texts import DOSSIER_CODE
from shared.domain.timeliness import BY_DATE, Definition, timeliness_of
from shared.language.languages import Language

LONGEST_TEXT = 2000
_decode_object = msgspec.json.Decoder(dict).decode


def _as_in_events(value: object) -> datetime | None:
    """Read as the contract of the events reads an instant: pydantic takes numbers and other spellings as well."""
    if value is None:
        return None
    try:
        return msgspec.convert(cut_instant(value) if isinstance(value, str) else value, WireInstant)
    except msgspec.ValidationError as wrong:
        raise PydanticCustomError(
            "instant",
            "write an instant with its offset, such as 2023-12-08T08:31:00+07:00",
            {"vietnamese": "hãy ghi thời điểm kèm múi giờ, như 2023-12-08T08:31:00+07:00"},
        ) from wrong


def _dossier_code(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(DOSSIER_CODE, value, re.ASCII):
        raise PydanticCustomError(
            "dossier_code",
            "write a dossier's code, such as H59.15-231208-0001, or leave it out and get one",
            {"vietnamese": "hãy ghi mã hồ sơ, như H59.15-231208-0001, hoặc bỏ đi để hệ thống cấp mã"},
        )
    return value


def _applicant(value: object) -> object:
    """A text or details, which are read with the event; another kind of value is refused in one sentence."""
    if value is None or isinstance(value, dict):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError(
            "applicant",
            "write a text, or an object such as {id_number, name, phone}",
            {"vietnamese": "hãy ghi một đoạn chữ, hoặc đối tượng như {id_number, name, phone}"},
        )
    if not value:
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    if len(value) > LONGEST_TEXT:
        raise PydanticKnownError("string_too_long", {"max_length": LONGEST_TEXT})
    return value


ApplicantText = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Instant = Annotated[AwareDatetime, BeforeValidator(_as_in_events)]
Code = Annotated[str, BeforeValidator(_dossier_code), Field(max_length=LONGEST_CODE)]


class NewDossierBody(BaseModel):
    """Reads a `NewDossier`: pydantic names every field at fault at once, where decoding ends at the first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    department: str = Field(max_length=32)
    procedure: str = Field(max_length=32)
    channel: str = Field(max_length=32)
    online_level: Literal["full", "partial"] | None = None
    applicant: Annotated[ApplicantText | dict[str, Any] | None, BeforeValidator(_applicant)] = None
    received_at: Instant | None = None
    due_at: Instant | None = None
    code: Code | None = None
    received_by: str | None = Field(None, max_length=32)
    follows: Code | None = None


def event_answer(event_id: str, dossier: Dossier) -> EventAnswer:
    """The answer to an event, judged at the event's own instant, so that a repeat gets the same."""
    return EventAnswer(
        id=event_id, subject=dossier.code, timeliness=_timeliness_then(dossier), **_own_fields(EventAnswer, dossier)
    )


def dossier_answer(event_id: str, dossier: Dossier) -> DossierAnswer:
    """The answer to a new dossier."""
    return DossierAnswer(id=event_id, timeliness=_timeliness_then(dossier), **_own_fields(DossierAnswer, dossier))


def dossier_view(
    history: Sequence[HistoryEntry],
    catalogue_at: CatalogueAt,
    now: datetime,
    definition: Definition = BY_DATE,
    language: Language = Language.ENGLISH,
) -> DossierView:
    """The dossier as it stands after its history, explained in a language."""
    dossier = history[-1].after
    catalogue = catalogue_at(history[-1].recorded_at)
    department, procedure = catalogue.departments.get(dossier.department), catalogue.procedures.get(dossier.procedure)
    own = _own_fields(DossierView, dossier) | {
        "suspensions": [SuspensionView(**asdict(suspension)) for suspension in dossier.suspensions],
        "acceptances": [AcceptanceView(**asdict(each), late=each.is_late(now)) for each in dossier.counted_acceptances],
        "hops": [HopView(**asdict(hop), late=hop.is_late(now)) for hop in dossier.hops],
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
        steps=work_steps(history, catalogue.calendar_of(dossier.department), now),
        history=[_history_item(entry) for entry in history],
        explanation=explain(history, catalogue_at, now, definition, language),
    )


def _own_fields(answer: type[Struct], dossier: Dossier) -> dict[str, Any]:
    """The fields of an answer that are the dossier's own, under the same names."""
    return {name: getattr(dossier, name) for name in answer.__struct_fields__ if hasattr(dossier, name)}


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
