"""The three definitions of timeliness:
what each calls early, on time and overdue, and what all of them have in common."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.counting import JUDGED, Measure, contributions
from shared.domain.deadline import Deadline
from shared.domain.dossier import Dossier
from shared.domain.localtime import LOCAL, ONE_DAY
from shared.domain.terms import Term, TermUnit
from shared.domain.timeliness import BY_DATE, DEFINITIONS, HALF_DAY, INSTANT, Definition, Timeliness
from tests.builders.events import dossier_after, event, received
from tests.builders.histories import CLOCKS, History, histories
from tests.builders.times import at

DUE = at("2023-01-10 10:00")
HOURS = Term(8, TermUnit.WORKING_HOURS)
E, ON, L = Timeliness.EARLY, Timeliness.ON_TIME, Timeliness.OVERDUE
every_definition = pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=DEFINITIONS)
instants = st.builds(
    lambda day, clock: datetime.combine(date(2023, 1, 10) + day * ONE_DAY, clock, LOCAL),
    st.integers(-2, 2),
    st.sampled_from(CLOCKS) | st.times(),
)


def test_a_definition_is_found_by_the_name_it_publishes() -> None:
    assert list(DEFINITIONS.items()) == [("by-date/1", BY_DATE), ("instant/1", INSTANT), ("half-day/1", HALF_DAY)]


@pytest.mark.parametrize(
    ("closed", "due", "by_date", "instant", "half_day"),
    [
        ("2023-01-09 23:59", "2023-01-10 10:00", E, E, E),
        ("2023-01-10 00:00", "2023-01-10 10:00", ON, E, E),  # before the morning
        ("2023-01-10 06:59", "2023-01-10 10:00", ON, E, E),
        ("2023-01-10 07:00", "2023-01-10 10:00", ON, E, ON),
        ("2023-01-10 09:59", "2023-01-10 10:00", ON, E, ON),
        ("2023-01-10 10:00", "2023-01-10 10:00", ON, ON, ON),
        ("2023-01-10 10:01", "2023-01-10 10:00", ON, L, ON),
        ("2023-01-10 12:30", "2023-01-10 10:00", ON, L, ON),  # lunch belongs to the morning
        ("2023-01-10 13:29", "2023-01-10 10:00", ON, L, ON),
        ("2023-01-10 13:30", "2023-01-10 10:00", ON, L, L),
        ("2023-01-11 00:00", "2023-01-10 10:00", L, L, L),
        ("2023-01-10 13:29", "2023-01-10 16:00", ON, E, E),
        ("2023-01-10 13:30", "2023-01-10 16:00", ON, E, ON),
        ("2023-01-10 23:59", "2023-01-10 16:00", ON, L, ON),
        ("2023-01-10 05:00", "2023-01-10 02:00", ON, L, ON),  # received at night, due at night
        ("2023-01-10 07:00", "2023-01-10 02:00", ON, L, L),
    ],
)
def test_terms_in_days(closed: str, due: str, by_date: Timeliness, instant: Timeliness, half_day: Timeliness) -> None:
    judged = [definition.judge(at(closed), Deadline(at(due))) for definition in DEFINITIONS.values()]
    assert judged == [by_date, instant, half_day]


@pytest.mark.parametrize(
    ("closed", "by_date", "instant", "half_day"),
    [
        ("2023-01-10 06:59", E, E, E),
        ("2023-01-10 07:00", E, E, ON),
        ("2023-01-10 09:59", E, E, ON),
        ("2023-01-10 10:00", ON, ON, ON),
        ("2023-01-10 10:01", L, L, L),  # in hours nothing that comes after the deadline is on time
        ("2023-01-09 10:00", E, E, E),
    ],
)
def test_terms_in_hours(closed: str, by_date: Timeliness, instant: Timeliness, half_day: Timeliness) -> None:
    judged = [definition.judge(at(closed), Deadline(DUE, True)) for definition in DEFINITIONS.values()]
    assert judged == [by_date, instant, half_day]


@pytest.mark.parametrize(
    ("due", "hours", "by_date", "instant", "half_day"),
    [
        ("2023-01-10 10:00", False, "2023-01-11", "2023-01-10", "2023-01-10"),
        ("2023-01-10 16:00", False, "2023-01-11", "2023-01-10", "2023-01-11"),
        ("2023-01-10 02:00", False, "2023-01-11", "2023-01-10", "2023-01-10"),
        ("2023-01-10 10:00", True, "2023-01-11", "2023-01-10", "2023-01-10"),
        ("2023-01-10 16:00", True, "2023-01-11", "2023-01-10", "2023-01-10"),
        ("2023-01-10 23:59:59.999999", False, "2023-01-11", "2023-01-11", "2023-01-11"),
        ("2023-01-10 23:59:59.999999", True, "2023-01-11", "2023-01-11", "2023-01-11"),
    ],
)
def test_the_first_day_at_whose_end_an_open_dossier_is_overdue(
    *, due: str, hours: bool, by_date: str, instant: str, half_day: str
) -> None:
    days = [str(definition.overdue_on(Deadline(at(due), hours))) for definition in DEFINITIONS.values()]
    assert days == [by_date, instant, half_day]
    dossier = dossier_after(received(due_at=at(due), term=HOURS if hours else None))
    begins = [
        [str(delta.day) for delta in contributions(dossier, definition) if delta.measure is Measure.OPEN_OVERDUE]
        for definition in DEFINITIONS.values()
    ]
    assert begins == [[day] for day in days]


@every_definition
@given(closed=instants, due=instants, hours=st.booleans())
def test_all_agree_where_the_days_differ(
    *, definition: Definition, closed: datetime, due: datetime, hours: bool
) -> None:
    judged = definition.judge(closed, Deadline(due, hours))
    if closed.date() != due.date():
        assert judged is (E if closed.date() < due.date() else L)
    assert due.date() <= definition.overdue_on(Deadline(due, hours)) <= due.date() + ONE_DAY


@every_definition
@given(due=instants, hours=st.booleans())
def test_it_is_overdue_from_the_first_instant_that_is_judged_overdue(
    *, definition: Definition, due: datetime, hours: bool
) -> None:
    since = definition.overdue_from(Deadline(due, hours))
    assert definition.judge(since, Deadline(due, hours)) is L
    assert definition.judge(since - timedelta.resolution, Deadline(due, hours)) is ON
    assert definition.judge(due, Deadline(due, hours)) is ON


@every_definition
@given(due=instants, hours=st.booleans())
def test_a_dossier_counts_as_overdue_on_the_first_day_that_ends_overdue(
    *, definition: Definition, due: datetime, hours: bool
) -> None:
    day = definition.overdue_on(Deadline(due, hours))
    before = datetime.combine(day - ONE_DAY, time.max, LOCAL)
    assert definition.judge(datetime.combine(day, time.max, LOCAL), Deadline(due, hours)) is L
    if (
        definition is not BY_DATE or not hours
    ):  # by date the day of the deadline is not overdue, though a closing late in it is
        assert definition.judge(before, Deadline(due, hours)) is not L


@every_definition
@given(closed=instants, later=instants, due=instants, hours=st.booleans())
def test_closing_later_is_never_better(
    *, definition: Definition, closed: datetime, later: datetime, due: datetime, hours: bool
) -> None:
    order = [E, ON, L]
    first, second = sorted((closed, later))
    judged = [order.index(definition.judge(instant, Deadline(due, hours))) for instant in (first, second)]
    assert judged == sorted(judged)


@every_definition
def test_a_pause_is_judged_by_the_definition_in_question(definition: Definition) -> None:
    """Due at ten, paused at eleven of that day:
    overdue already at that instant, but not by half day and not by date."""
    dossier = dossier_after(received(due_at=DUE), event("supplement_requested", "2023-01-10 11:00"))
    overdue = [delta for delta in contributions(dossier, definition) if delta.measure is Measure.OPEN_OVERDUE]
    assert bool(overdue) is (definition is INSTANT)


@every_definition
@given(made=histories())
def test_only_the_judged_measures_depend_on_the_definition(
    definition: Definition, made: tuple[Dossier, History]
) -> None:
    dossier, _ = made

    def facts(found: list[tuple[date, Measure, int]]) -> list[tuple[date, Measure, int]]:
        return sorted(delta for delta in found if delta[1] not in JUDGED)

    assert facts([*contributions(dossier, definition)]) == facts([*contributions(dossier)])
