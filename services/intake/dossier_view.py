"""One dossier as its log tells it: state, history and explanation."""

from datetime import datetime

import msgspec

from services.intake.answers import term_view
from services.intake.changes import Change, changes
from services.intake.explanation.explain import CatalogueAt, explain
from services.intake.explanation.verdicts import timeliness_by
from services.intake.schemas import DossierView, HistoryItem, HopView, SuspensionView
from shared.contract.envelope import CloudEvent, decode_envelope, event_name
from shared.domain.definitions import BY_DATE, Definition
from shared.domain.events import CorrectableField, Corrected
from shared.domain.lifecycle import allowed_from

_decode_any = msgspec.json.Decoder(dict).decode


def view(
    code: str, logged: list[tuple[bytes, str]], catalogue_at: CatalogueAt, now: datetime, definition: Definition = BY_DATE
) -> DossierView:
    """The dossier after its logged events, of which there is at least one; each comes with the fields that intake put into it."""
    envelopes = [(decode_envelope(event), added) for event, added in logged]
    found = changes(code, envelopes)
    dossier = found[-1].after
    catalogue = catalogue_at(found[-1].recorded_at)
    department, procedure = catalogue.departments.get(dossier.department), catalogue.procedures.get(dossier.procedure)
    return DossierView(
        code=code,
        state=dossier.state.value,
        allowed=[kind.value for kind in allowed_from(dossier.state)],
        sequence=dossier.sequence,
        department=dossier.department,
        department_name=None if department is None else department.name,
        procedure=dossier.procedure,
        procedure_name=None if procedure is None else procedure.name,
        field=None if procedure is None else procedure.field,
        channel=dossier.channel.value,
        online_level=None if dossier.online_level is None else dossier.online_level.value,
        submitted_at=dossier.submitted_at,
        received_at=dossier.received_at,
        term=term_view(dossier.term),
        due_original=dossier.due_original,
        due_at=dossier.due_at,
        definition=definition.name,
        timeliness=timeliness_by(dossier, now, definition),
        deadline_corrected_after_closing=any(_corrects_a_closed_deadline(change) for change in found),
        closed_at=dossier.closed_at,
        closed_as=None if dossier.closed_as is None else dossier.closed_as.value,
        returned_at=dossier.returned_at,
        suspensions=[
            SuspensionView(kind=pause.kind.value, started_at=pause.started_at, ended_at=pause.ended_at) for pause in dossier.suspensions
        ],
        hops=[
            HopView(agency=hop.agency, forwarded_at=hop.forwarded_at, due_at=hop.due_at, answered_at=hop.answered_at, late=hop.is_late(now))
            for hop in dossier.hops
        ],
        history=[_item(envelope) for envelope, _ in envelopes],
        explanation=explain(found, catalogue_at, now, definition),
    )


def _corrects_a_closed_deadline(change: Change) -> bool:
    event, before = change.event, change.before
    return isinstance(event, Corrected) and event.field is CorrectableField.DUE_AT and before is not None and before.closed_at is not None


def _item(envelope: CloudEvent) -> HistoryItem:
    assert envelope.sequence is not None, "intake numbers what it logs"
    assert envelope.recordedtime is not None, "intake dates what it logs"
    return HistoryItem(
        sequence=envelope.sequence,
        id=envelope.id,
        event=event_name(envelope.type) or envelope.type,
        occurred_at=envelope.time,
        recorded_at=envelope.recordedtime,
        source=envelope.source,
        data=_decode_any(envelope.data),
    )
