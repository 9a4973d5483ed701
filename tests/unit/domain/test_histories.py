"""The random histories are as varied as the properties that rest on them need."""

from collections import Counter
from random import Random

from shared.domain.counting import Measure, contributions
from shared.domain.events import Corrected
from shared.domain.fields import UNKNOWN_CHANNEL, Channel, CorrectableField
from shared.domain.lifecycle import CLOSED, PAUSED, EventKind, State
from shared.domain.terms import counts_hours
from shared.domain.timeliness import DEFINITIONS, Timeliness
from tests.builders.histories import OWN_CHANNELS, history, office

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


def test_every_measure_occurs() -> None:
    found = {delta.measure for dossier, _ in HUNDREDS for delta in contributions(dossier)}
    assert found == set(Measure)


def test_closings_are_annulled_and_closed_again_and_few_dossiers_are_entered_by_mistake() -> None:
    kinds = [[event.kind for event in history] for _, history in HUNDREDS]
    reopened = [dossier for dossier, history in HUNDREDS if EventKind.REOPENED in [event.kind for event in history]]
    assert any(each.count(EventKind.REOPENED) > 1 for each in kinds)
    assert any(dossier.closed_at for dossier in reopened)
    assert any(dossier.closed_at is None for dossier in reopened)
    voided = [history for dossier, history in HUNDREDS if dossier.state is State.VOIDED]
    assert 0 < len(voided) < len(HUNDREDS) / 5
    assert sum(len(history) for _, history in HUNDREDS) > 6 * len(HUNDREDS)


def test_pauses_are_of_three_kinds_and_end_in_every_way() -> None:
    dossiers = [dossier for dossier, _ in HUNDREDS]
    assert {pause.kind for dossier in dossiers for pause in dossier.suspensions} == PAUSED
    ended = {
        dossier.closed_as
        for dossier in dossiers
        for pause in dossier.suspensions[-1:]
        if pause.ended_at is not None and pause.ended_at == dossier.closed_at
    }
    assert ended == CLOSED


def test_applications_are_sent_back_and_received_elsewhere_by_channels_of_every_class() -> None:
    dossiers = [dossier for dossier, _ in HUNDREDS]
    assert any(len(dossier.acceptances) > 1 for dossier in dossiers)
    assert any(dossier.place_of_receipt != dossier.department for dossier in dossiers)
    assert any(dossier.follows for dossier in dossiers)
    assert {dossier.counted_channel for dossier in dossiers if dossier.channel in OWN_CHANNELS} == set(Channel)
    assert any(dossier.channel == UNKNOWN_CHANNEL for dossier in dossiers)


def test_receipts_are_corrected_to_another_day_and_deadlines_counted_again() -> None:
    corrections = [event.event for _, history in HUNDREDS for event in history if isinstance(event.event, Corrected)]
    moved = [each for each in corrections if each.field is CorrectableField.RECEIVED_AT]
    assert any(str(each.old_value)[:10] > str(each.new_value)[:10] for each in moved)
    assert any(str(each.old_value)[:10] < str(each.new_value)[:10] for each in moved)
    assert any(len(each.deadlines or ()) > 1 for each in corrections)
    assert any(each.deadlines == () for each in corrections)


def test_there_are_several_pauses_hops_hours_deadlines_that_move_and_nights() -> None:
    dossiers = [dossier for dossier, _ in HUNDREDS]
    assert any(len(dossier.suspensions) > 2 for dossier in dossiers)
    assert any(len(dossier.deadlines) > 2 for dossier in dossiers)
    assert any(hop.answered_at for dossier in dossiers for hop in dossier.hops)
    assert any(counts_hours(dossier.term) for dossier in dossiers)
    assert any(dossier.due_original is not None and dossier.due_at is None for dossier in dossiers)
    assert {event.occurred_at.hour for _, history in HUNDREDS for event in history} >= {0, 6, 12, 13, 16, 22, 23}
