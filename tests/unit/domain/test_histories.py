"""The random histories are as varied as the properties that rest on them need."""

from collections import Counter
from random import Random

from shared.domain.counting import Measure, contributions
from shared.domain.events import Corrected
from shared.domain.fields import CorrectableField
from shared.domain.lifecycle import EventKind
from shared.domain.terms import counts_hours
from shared.domain.timeliness import DEFINITIONS, Timeliness
from tests.builders.histories import history, office

HUNDREDS = [history(Random(number)) for number in range(600)]


def test_an_office_of_hundreds_has_events_of_every_kind_and_corrections_of_every_field() -> None:
    events = [event for history in office(Random(1), 300).values() for event in history]
    assert {event.kind for event in events} == set(EventKind)
    assert {event.event.field for event in events if isinstance(event.event, Corrected)} == set(CorrectableField)


def test_every_class_of_every_definition_occurs_and_dossiers_stay_open_overdue() -> None:
    found = Counter(
        (name, delta.measure)
        for dossier, _ in HUNDREDS
        for name in DEFINITIONS
        for delta in contributions(dossier, DEFINITIONS[name])
    )
    wanted = [Measure.OPEN_OVERDUE, *(Measure(f"resolved_{timeliness}") for timeliness in Timeliness)]
    assert [(name, measure.value) for name in DEFINITIONS for measure in wanted if not found[name, measure]] == []


def test_there_are_several_pauses_hops_hours_deadlines_that_move_and_nights() -> None:
    dossiers = [dossier for dossier, _ in HUNDREDS]
    assert any(len(dossier.suspensions) > 2 for dossier in dossiers)
    assert any(len(dossier.deadlines) > 2 for dossier in dossiers)
    assert any(hop.answered_at for dossier in dossiers for hop in dossier.hops)
    assert any(counts_hours(dossier.term) for dossier in dossiers)
    assert any(dossier.due_original is not None and dossier.due_at is None for dossier in dossiers)
    assert {event.occurred_at.hour for _, history in HUNDREDS for event in history} >= {0, 6, 12, 13, 16, 22, 23}
