"""Definition by-date/1 (domain §4) and how an open dossier stands at an instant."""

from datetime import timedelta

import pytest

from shared.domain.deadline import Deadline
from shared.domain.terms import Term, TermUnit
from shared.domain.timeliness import BY_DATE, Standing, Timeliness, closed_timeliness, standing
from tests.builders.events import Dated, dossier_after, event, received
from tests.builders.times import at

DUE = at("2023-01-10 08:31")
HOURS = Term(8, TermUnit.WORKING_HOURS)
TWO_DAYS = timedelta(days=2)


@pytest.mark.parametrize(
    ("closed", "timeliness"),
    [
        ("2023-01-09 23:59", Timeliness.EARLY),
        ("2023-01-10 00:00", Timeliness.ON_TIME),
        ("2023-01-10 08:32", Timeliness.ON_TIME),  # a day is a day: the minute does not matter
        ("2023-01-10 23:59", Timeliness.ON_TIME),
        ("2023-01-11 00:00", Timeliness.OVERDUE),
    ],
)
def test_terms_in_days_compare_local_dates(closed: str, timeliness: Timeliness) -> None:
    assert BY_DATE.judge(at(closed), Deadline(DUE)) is timeliness


@pytest.mark.parametrize(
    ("closed", "timeliness"),
    [
        ("2023-01-10 07:59", Timeliness.EARLY),
        ("2023-01-10 08:00", Timeliness.ON_TIME),  # the deadline's own local hour
        ("2023-01-10 08:31", Timeliness.ON_TIME),
        ("2023-01-10 08:32", Timeliness.OVERDUE),
        ("2023-01-09 08:31", Timeliness.EARLY),  # the same hour of another day
    ],
)
def test_terms_in_hours_compare_instants(closed: str, timeliness: Timeliness) -> None:
    assert BY_DATE.judge(at(closed), Deadline(DUE, True)) is timeliness


@pytest.mark.parametrize(
    ("ending", "timeliness"),
    [
        (event("resolved", "2023-01-09"), Timeliness.EARLY),
        (event("returned", "2023-01-10"), Timeliness.ON_TIME),
        (event("withdrawn", "2023-01-11"), Timeliness.OVERDUE),
        (event("stopped", "2023-01-09"), Timeliness.EARLY),
    ],
)
def test_every_way_to_close_is_judged(ending: Dated, timeliness: Timeliness) -> None:
    assert closed_timeliness(dossier_after(received(), ending)) is timeliness


def test_a_late_return_does_not_make_a_timely_resolution_late() -> None:
    dossier = dossier_after(received(), event("resolved", "2023-01-09"), event("returned", "2023-03-01"))
    assert closed_timeliness(dossier) is Timeliness.EARLY


def test_an_apology_does_not_make_late_timely() -> None:
    dossier = dossier_after(
        received(), event("apologised", "2023-01-10", promised_at=at("2023-01-20")), event("resolved", "2023-01-12")
    )
    assert closed_timeliness(dossier) is Timeliness.OVERDUE


def test_an_extension_does() -> None:
    dossier = dossier_after(
        received(), event("extended", "2023-01-10", due_at=at("2023-01-20")), event("resolved", "2023-01-12")
    )
    assert closed_timeliness(dossier) is Timeliness.EARLY


def test_without_a_deadline_there_is_no_timeliness_to_claim() -> None:
    assert (
        closed_timeliness(dossier_after(received(due_at=None), event("resolved", "2024-01-01")))
        is Timeliness.NO_DEADLINE
    )


def test_an_open_dossier_has_no_class_yet() -> None:
    assert closed_timeliness(dossier_after(received())) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2023-01-08 08:30", Standing.WITHIN),
        ("2023-01-08 08:31", Standing.DUE_SOON),
        ("2023-01-10 23:59", Standing.DUE_SOON),  # past its minute, but its day is not over
        ("2023-01-11 00:00", Standing.OVERDUE),
    ],
)
def test_an_open_dossier_stands_as_the_clock_says(now: str, expected: Standing) -> None:
    assert standing(dossier_after(received()), at(now), TWO_DAYS) is expected


def test_nothing_is_due_soon_without_a_lead() -> None:
    assert standing(dossier_after(received()), at("2023-01-10 20:00"), timedelta(0)) is Standing.WITHIN


def test_in_hours_overdue_begins_right_after_the_deadline() -> None:
    dossier = dossier_after(received(term=HOURS))
    assert standing(dossier, DUE, TWO_DAYS) is Standing.DUE_SOON
    assert standing(dossier, DUE + timedelta(microseconds=1), TWO_DAYS) is Standing.OVERDUE


def test_a_paused_dossier_does_not_become_overdue() -> None:
    dossier = dossier_after(received(), event("supplement_requested", "2023-01-10 16:00"))
    assert standing(dossier, at("2024-01-01"), TWO_DAYS) is Standing.SUSPENDED


def test_a_dossier_overdue_before_its_pause_stays_overdue() -> None:
    dossier = dossier_after(received(), event("payment_requested", "2023-01-11 00:00"))
    assert standing(dossier, at("2023-01-12"), TWO_DAYS) is Standing.OVERDUE


def test_a_dossier_extended_in_its_pause_is_only_suspended() -> None:
    dossier = dossier_after(
        received(), event("payment_requested", "2023-01-11"), event("extended", "2023-01-12", due_at=at("2023-02-01"))
    )
    assert standing(dossier, at("2023-01-13"), TWO_DAYS) is Standing.SUSPENDED


def test_an_open_dossier_without_a_deadline_stands_in_no_class() -> None:
    dossier = dossier_after(received(due_at=None))
    assert standing(dossier, at("2024-01-01"), TWO_DAYS) is Standing.NO_DEADLINE


@pytest.mark.parametrize("ending", ["resolved", "returned", "withdrawn", "stopped"])
def test_a_closed_dossier_does_not_stand(ending: str) -> None:
    assert standing(dossier_after(received(), event(ending, "2023-01-04")), at("2024-01-01"), TWO_DAYS) is None


def test_a_dossier_not_yet_received_does_not_stand() -> None:
    assert standing(dossier_after(event("submitted", "2023-01-04")), at("2024-01-01"), TWO_DAYS) is None
