"""Who must be reminded today: what is listed, how it stands, in what order,
and how many each department and officer has."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.reporting.figures.attention import Attention, DepartmentHorizons, UrgentDossier
from shared.catalogue import Catalogue
from shared.contract.http.attention import AttentionCounts
from shared.domain.dossier import Dossier
from shared.domain.terms import Term, TermUnit
from tests.builders.events import Dated, dossier_after, event, received
from tests.builders.times import at

FRIDAY = at("2023-02-10 15:00")
HOURS = Term(8, TermUnit.WORKING_HOURS)
TWO_DAYS = timedelta(hours=16)


def due(when: str | None, *further: Dated, code: str = "H59.15-230201-0001", **payload: Any) -> Dossier:
    opening = received(at("2023-02-01"), due_at=None if when is None else at(when), **payload)
    return dossier_after(opening, *further, code=code)


def listed(
    shipped: Catalogue, *dossiers: Dossier, now: datetime = FRIDAY, within: timedelta = TWO_DAYS
) -> list[UrgentDossier]:
    return attention(shipped, *dossiers, now=now, within=within).page


def attention(
    shipped: Catalogue, *dossiers: Dossier, now: datetime = FRIDAY, within: timedelta = TWO_DAYS
) -> Attention:
    """The list, read two dossiers at a time."""
    found, desks = Attention(limit=100), DepartmentHorizons(shipped, now, within)
    for start in range(0, len(dossiers), 2):
        found.take(desks.urgent(dossiers[start : start + 2]))
    return found


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("2023-02-14 15:00", (False, 2, 16)),  # two working days on a Friday afternoon reach Tuesday afternoon
        ("2023-02-14 15:01", None),
        ("2023-02-13 08:00", (False, 1, 3)),
        ("2023-02-10 16:00", (False, 0, 1)),
        ("2023-02-10 09:00", (False, 0, -4)),  # due today at an hour that has passed: overdue from midnight only
        ("2023-02-09 16:00", (True, -1, -7)),
        ("2023-02-03 15:00", (True, -5, -40)),
        (None, None),
    ],
)
def test_what_is_due_within_the_time_or_overdue_is_listed(
    shipped: Catalogue, when: str | None, found: tuple[bool, int, int] | None
) -> None:
    assert [(one.overdue, one.days, one.left / timedelta(hours=1)) for one in listed(shipped, due(when))] == (
        [found] if found else []
    )


@pytest.mark.parametrize(
    ("when", "number"),
    [("2023-02-14 17:00", 1), ("2023-02-15 02:45", 1), ("2023-02-15 07:00", 1), ("2023-02-15 07:01", 0)],
)
def test_a_deadline_in_the_night_after_the_last_hour_has_no_more_working_time_left(
    shipped: Catalogue, when: str, number: int
) -> None:
    assert len(listed(shipped, due(when), now=at("2023-02-10 17:00"))) == number


def test_a_term_in_hours_is_overdue_right_after_its_hour(shipped: Catalogue) -> None:
    assert [one.overdue for one in listed(shipped, due("2023-02-10 14:59", term=HOURS))] == [True]
    assert [one.overdue for one in listed(shipped, due("2023-02-10 15:00", term=HOURS))] == [False]


def test_what_is_not_open_needs_nobody(shipped: Catalogue) -> None:
    late = "2023-02-03 15:00"
    closed = [due(late, event(kind, "2023-02-08 09:00")) for kind in ("resolved", "withdrawn", "stopped", "returned")]
    assert listed(shipped, *closed, dossier_after(event("submitted", "2023-02-01 08:00"))) == []


def test_a_pause_takes_a_dossier_off_the_list_unless_it_was_overdue_before(shipped: Catalogue) -> None:
    in_time = due("2023-02-10 16:00", event("supplement_requested", "2023-02-10 09:00"))
    too_late = due("2023-02-08 16:00", event("payment_requested", "2023-02-09 00:00"))
    (found,) = listed(shipped, in_time, too_late)
    assert (found.dossier, found.overdue, found.suspended, found.left) == (too_late, True, True, timedelta(hours=-15))


def test_a_hop_that_is_late_or_due_shows_on_its_dossier(shipped: Catalogue) -> None:
    forwarded = [
        ("H59.02", "2023-02-08 09:00"),
        ("H59.03", "2023-02-13 09:00"),
        ("H59.04", "2023-02-20 09:00"),
        ("H59.05", "2023-02-07 09:00"),
    ]
    hops = [event("forwarded", "2023-02-02 09:00", agency=agency, due_at=at(when)) for agency, when in forwarded]
    answered = event("forward_answered", "2023-02-09 09:00", agency="H59.05")
    without_deadline = event("forwarded", "2023-02-09 10:00", agency="H59.06")
    (found,) = listed(shipped, due("2023-02-13 08:00", *hops, answered, without_deadline))
    assert [(hop.agency, hop.is_late(FRIDAY)) for hop in found.hops] == [("H59.02", True), ("H59.03", False)]


def test_after_a_pause_the_deadline_in_force_counts(shipped: Catalogue) -> None:
    paused = event("supplement_requested", "2023-02-02 08:00")
    resumed = due("2023-02-09 08:00", paused, event("supplemented", "2023-02-03 08:00", due_at=at("2023-02-13 08:00")))
    assert [(one.overdue, one.suspended, one.days) for one in listed(shipped, resumed)] == [(False, False, 1)]


def test_a_department_that_the_catalogue_does_not_have_is_listed_by_the_usual_hours(shipped: Catalogue) -> None:
    (found,) = listed(shipped, due("2023-02-09 16:00", department="X99.99"))
    assert (found.overdue, found.left) == (True, timedelta(hours=-7))


def test_the_list_goes_on_where_the_calendar_ends(shipped: Catalogue) -> None:
    monday = at(f"{shipped.calendar_last_day.year + 2}-01-01")
    monday += timedelta(days=-monday.weekday() % 7)
    dossier = dossier_after(received(monday - timedelta(days=7), due_at=monday + timedelta(days=1)))
    assert [one.left for one in listed(shipped, dossier, now=monday)] == [timedelta(hours=8)]


def test_the_most_urgent_come_first(shipped: Catalogue) -> None:
    """The overdue by working time late, then the others by working time left; a weekend makes nothing more urgent."""
    deadlines = ["2023-02-09 16:00", "2023-02-07 09:00", "2023-02-10 16:30", "2023-02-13 07:10", "2023-02-10 08:00"]
    dossiers = [due(when, code=f"H59.15-230201-{number:04}") for number, when in enumerate(deadlines)]
    order = [int(one.dossier.code[-4:]) for one in listed(shipped, *dossiers)]
    assert order == [1, 0, 4, 2, 3]


def test_equally_urgent_ones_keep_one_order(shipped: Catalogue) -> None:
    two = [due("2023-02-09 16:00", code=code) for code in ("H59.15-230201-0002", "H59.15-230201-0001")]
    assert listed(shipped, *two) == listed(shipped, *reversed(two))


def test_departments_and_officers_with_the_most_overdue_come_first(shipped: Catalogue) -> None:
    def of(department: str, officer: str | None, when: str) -> Dossier:
        started = () if officer is None else (event("processing_started", "2023-02-01 09:00", officer=officer),)
        return due(when, *started, department=department)

    late, soon = "2023-02-08 16:00", "2023-02-13 08:00"
    found = attention(
        shipped,
        of("H59.02", "o-1", soon),
        of("H59.02", "o-2", soon),
        of("H59.02", "o-2", soon),
        of("H59.15", None, late),
        of("H59.15", "o-9", late),
        of("H59.15", "o-9", soon),
    ).by_department()
    assert found == {
        "H59.15": {"o-9": AttentionCounts(1, 1), None: AttentionCounts(1, 0)},
        "H59.02": {"o-2": AttentionCounts(0, 2), "o-1": AttentionCounts(0, 1)},
    }
    assert [(code, list(officers)) for code, officers in found.items()] == [
        ("H59.15", ["o-9", None]),
        ("H59.02", ["o-2", "o-1"]),
    ]
