"""Every generated line is a valid CloudEvent of the contract, and the domain accepts it."""

from pathlib import Path

import pytest

from shared.catalogue import load
from shared.contract.envelope import decode_envelope, event_of
from shared.domain import events
from shared.domain.deadline import due_at
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import State
from shared.domain.transitions import apply


@pytest.mark.slow
def test_the_domain_accepts_every_line_in_the_order_of_the_file(tra_vinh_file: Path) -> None:
    catalogue = load()
    dossiers: dict[str, Dossier] = {}
    with tra_vinh_file.open("rb") as lines:
        for line in lines:
            envelope = decode_envelope(line)
            event = event_of(envelope)
            dossiers[envelope.subject] = apply(dossiers.get(envelope.subject), envelope.subject, event, envelope.time)
            if isinstance(event, events.Received):
                assert event.term == catalogue.procedures[event.procedure].term
                assert event.term is not None
                assert event.due_at == due_at(envelope.time, event.term, catalogue.calendar(event.department))
                assert catalogue.procedures[event.procedure].may_be_handled_by(event.department)
    paused = [dossier for dossier in dossiers.values() if dossier.suspensions and dossier.suspensions[0].ended_at]
    assert len(paused) > 1_000
    assert all(dossier.due_at > dossier.due_original for dossier in paused if dossier.due_at and dossier.due_original)
    states = {dossier.state for dossier in dossiers.values()}
    assert states >= set(State) - {
        State.SUBMITTED,
        State.AWAITING_PAYMENT,
        State.SUSPENDED,
        State.TRANSFERRED,
        State.VOIDED,
    }  # few or none stand there when the year ends
