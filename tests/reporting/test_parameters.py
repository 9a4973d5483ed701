"""What a query's words mean: named periods, cut-offs and definitions; what is wrong is named with its fix."""

from datetime import date, datetime
from typing import Any

import pytest

from services.reporting.figures.query import FigureQuery
from services.reporting.http.parameters import FigureParameters, figure_query
from shared.catalogue import Catalogue
from shared.domain.localtime import LOCAL
from shared.domain.timeliness import DEFINITIONS
from shared.service.problems import Problem
from tests.builders.times import at

NOW = at("2023-06-20 09:00")


def query_of(catalogue: Catalogue, **words: Any) -> FigureQuery:
    return figure_query(FigureParameters(**words), catalogue, NOW, NOW)


def refused(catalogue: Catalogue, **words: Any) -> tuple[str, str]:
    with pytest.raises(Problem) as problem:
        query_of(catalogue, **words)
    assert problem.value.status == 422
    details = problem.value.details
    assert details.parameter
    return details.parameter, details.detail


def test_a_named_period_stands_in_place_of_its_days(shipped: Catalogue) -> None:
    query = query_of(shipped, period="2023-Q1")
    assert (query.period, query.first, query.last) == ("2023-Q1", date(2022, 12, 15), date(2023, 3, 14))


@pytest.mark.parametrize(
    "days", [{"first": "2023-01-01"}, {"last": "2023-01-31"}, {"first": "2023-01-01", "last": "2023-01-31"}]
)
def test_a_period_has_either_a_name_or_days(shipped: Catalogue, days: dict[str, str]) -> None:
    parameter, detail = refused(shipped, period="2023-Q1", **days)
    assert parameter == "period"
    assert "leave either it or them out" in detail


def test_an_unknown_period_is_refused_with_the_names_there_are(shipped: Catalogue) -> None:
    parameter, detail = refused(shipped, period="2023-Q5")
    assert parameter == "period"
    assert "2023-03, 2023-Q1, 2023-6M, 2023-9M or 2023" in detail


@pytest.mark.parametrize(
    ("word", "as_of"),
    [
        ("2023-01-31", "2023-01-31 23:59:59"),
        ("2023-01-31T17:00:00+07:00", "2023-01-31 23:59:59"),  # figures are sums of days
        ("2023-01-31T17:00:00 07:00", "2023-01-31 23:59:59"),  # a bare + of a URL
        ("2023-01-31T17:00:00Z", "2023-02-01 23:59:59"),  # midnight here
        ("2023-06-20", "2023-06-20 09:00"),  # today is as of now
        ("2023-06-20T23:00:00+07:00", "2023-06-20 09:00"),
    ],
)
def test_a_cut_off_is_the_end_of_a_local_day_and_now_at_most(shipped: Catalogue, word: str, as_of: str) -> None:
    query = query_of(shipped, as_of=word, first="2023-01-01", last="2023-12-31")
    assert query.as_of == at(as_of)
    assert query.cut == at(as_of).date()


def test_the_default_period_ends_with_the_cut_off(shipped: Catalogue) -> None:
    query = query_of(shipped, as_of="2022-03-31")
    assert (query.first, query.last, query.as_of) == (
        date(2022, 1, 1),
        date(2022, 3, 31),
        datetime(2022, 3, 31, 23, 59, 59, tzinfo=LOCAL),
    )


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("2023-06-21", "up to 2023-06-20"),
        ("2023-06-20T17:30:00Z", "up to 2023-06-20"),
        ("2023-02-29", "ends on 28"),
        ("2023-01-31T17:00:00", "2023-01-31T17:00:00+07:00"),
        ("yesterday", "2023-01-31"),
        ("1899-12-31", "1900-01-01"),
        ("0001-01-01T00:00:00Z", "of the years 1900 to 2999"),
    ],
)
def test_a_cut_off_that_cannot_be_is_refused_with_the_fix(shipped: Catalogue, word: str, fix: str) -> None:
    parameter, detail = refused(shipped, as_of=word)
    assert parameter == "as_of"
    assert fix in detail


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_definition_can_be_asked_for(shipped: Catalogue, name: str) -> None:
    assert query_of(shipped, definition=name).definition == name


def test_an_unknown_definition_is_refused_with_those_there_are(shipped: Catalogue) -> None:
    parameter, detail = refused(shipped, definition="by-date/2")
    assert parameter == "definition"
    assert "by-date/1, instant/1, half-day/1" in detail
