"""Whether a question stays within a scope, against every dossier that it could count."""

from datetime import date, timedelta
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.figures.query import Dimension, FigureQuery, Filters, GroupKey
from services.reporting.figures.reach import reach_of
from shared.access.roles import EVERYTHING, Grant, Scope
from shared.catalogue.units import UnitChange, UnitHistory
from tests.builders.times import at
from tests.builders.unit_changes import trees

UNITS = ("H59.01", "H59.02", "H59.03", "H59.15", "H59.16")
PROCEDURES = ("1.000001", "1.000002", "1.000003")
FIRST = date(2023, 1, 1)
AS_OF = at("2023-06-30 12:00")
MINE, PLACE = Grant.parse("officer@H59.15").scope, Grant.parse("officer@received_by:H59.01").scope
BY_BOTH = (Dimension.DEPARTMENT, Dimension.RECEIVED_BY)


def question(departments: str = "", places: str = "", by: tuple[Dimension, ...] = ()) -> FigureQuery:
    filters = Filters(frozenset(departments.split()), places=frozenset(places.split()))
    return FigureQuery(first=FIRST, last=date(2023, 12, 31), as_of=AS_OF, by=by, filters=filters)


@pytest.mark.parametrize(
    ("query", "key", "scope", "inside"),
    [
        (question(), (), EVERYTHING, True),
        (question(), (), MINE, False),
        (question("H59.15"), (), MINE, True),
        (question("H59.15 H59.02"), (), MINE, False),
        (question(places="H59.15"), (), MINE, False),  # what it received for others is not its own
        (question("H59.02", "H59.01"), (), PLACE, True),
        (question("H59.01"), (), PLACE, False),  # some of its dossiers were received elsewhere
        (question("H59.15"), (), Scope(), False),
        (question(by=BY_BOTH), ("H59.15", "H59.02"), MINE, True),
        (question(by=BY_BOTH), ("H59.02", "H59.01"), PLACE, True),
        (question(by=BY_BOTH), ("H59.02", "H59.15"), MINE, False),
        (question(by=(Dimension.CHANNEL,)), ("H59.15",), MINE, False),
        (question(by=BY_BOTH), (), MINE, False),
        (question(by=BY_BOTH), (None, None), MINE, False),
    ],
)
def test_what_is_inside(query: FigureQuery, key: GroupKey, scope: Scope, *, inside: bool) -> None:
    assert reach_of(query, key).is_within(scope) is inside


def test_a_scope_of_departments_and_places_covers_no_mixture_of_them() -> None:
    both = MINE | PLACE
    assert reach_of(question("H59.15")).is_within(both)
    assert reach_of(question(places="H59.01")).is_within(both)
    assert not reach_of(question("H59.15 H59.02", "H59.01 H59.03")).is_within(both)


@given(changes=trees(UNITS, PROCEDURES, FIRST, 60), rng=st.randoms(use_true_random=False))
def test_a_question_is_inside_when_each_dossier_that_it_counts_is(changes: list[UnitChange], rng: Random) -> None:
    """By what a scope covers and by whom a unit's dossiers are counted for; a dossier may have any procedure."""

    def some(most: int = 3) -> frozenset[str]:
        return frozenset(rng.sample(UNITS, rng.randint(0, most)))

    day = FIRST + timedelta(days=rng.randrange(80))
    organised = UnitHistory(changes).organised_on(day) if rng.random() < 0.7 else None
    filters, scope = Filters(some(), places=some()), Scope(some(4), some(4))
    query = FigureQuery(first=FIRST, last=day, as_of=AS_OF, filters=filters, organised=organised)
    counted = [
        (unit, place)
        for unit, place, procedure in product(UNITS, UNITS, (*PROCEDURES, "of no part"))
        if query.unit(unit, procedure) in (filters.departments or UNITS)
        and query.unit(place, procedure) in (filters.places or UNITS)
    ]
    inside = all(scope.covers(unit, place) for unit, place in counted)
    if reach_of(query).is_within(scope):
        assert inside
    elif organised is None and (filters.departments or filters.places):
        assert not inside
