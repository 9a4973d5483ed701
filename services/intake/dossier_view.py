"""One dossier as its log tells it: state, history and explanation."""

from datetime import datetime

import msgspec

from services.intake.answers import term_view
from services.intake.explanation import Change, explain
from services.intake.schemas import DossierView, HistoryItem, SuspensionView
from shared.catalogue import Catalogue
from shared.contract.envelope import CloudEvent, decode_envelope, event_name
from shared.domain.dossier import Dossier, apply
from shared.mapping import decode_data, timeliness_of, to_event

_decode_any = msgspec.json.Decoder(dict).decode


def view(code: str, logged: list[bytes], catalogue: Catalogue, now: datetime) -> DossierView:
    """The dossier after its logged events, of which there is at least one."""
    envelopes = [decode_envelope(event) for event in logged]
    changes = _changes(code, envelopes)
    dossier = changes[-1][2]
    return DossierView(
        code=code,
        state=dossier.state.value,
        sequence=dossier.sequence,
        department=dossier.department,
        procedure=dossier.procedure,
        channel=dossier.channel.value,
        online_level=None if dossier.online_level is None else dossier.online_level.value,
        submitted_at=dossier.submitted_at,
        received_at=dossier.received_at,
        term=term_view(dossier.term),
        due_original=dossier.due_original,
        due_at=dossier.due_at,
        timeliness=timeliness_of(dossier, now),
        closed_at=dossier.closed_at,
        closed_as=None if dossier.closed_as is None else dossier.closed_as.value,
        returned_at=dossier.returned_at,
        suspensions=[
            SuspensionView(kind=pause.kind.value, started_at=pause.started_at, ended_at=pause.ended_at) for pause in dossier.suspensions
        ],
        history=[_item(envelope) for envelope in envelopes],
        explanation=explain(changes, catalogue, now),
    )


def _changes(code: str, envelopes: list[CloudEvent]) -> list[Change]:
    changes: list[Change] = []
    before: Dossier | None = None
    for envelope in envelopes:
        event = to_event(decode_data(envelope), envelope.time)
        after = apply(before, code, event)
        changes.append((event, before, after))
        before = after
    return changes


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
