"""Figures beside another period: both are the recount's, made of one state, and every number of both is opened."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.pairs import difference_row, gathered_pair
from services.reporting.figures.query import Dimension, FigureQuery, GroupKey
from services.reporting.figures.report import report
from services.reporting.http.beside import query_beside
from services.reporting.opening.tokens import Tokens
from shared import catalogue
from shared.catalogue import Catalogue
from shared.domain.columns import KEYS
from shared.domain.figures import Figures
from shared.domain.localtime import LOCAL
from shared.domain.periods import statutory_period
from tests.builders.histories import Office, offices
from tests.reporting.databases import on_sqlite
from tests.reporting.delivery import Topic, empty
from tests.reporting.expected import expected, recounted
from tests.reporting.lists import numbered, some, walked
from tests.reporting.test_against_recount import AFTER_ALL, FIRST, WORSE_THAN_ANY_BROKER, any_query, records
from tests.reporting.test_api import client, figures  # noqa: F401 - the fixture is asked for by name
from tests.support.recount import RecountedDossier

SHIPPED = catalogue.load()  # no fixture: hypothesis would print all of it with a failure
NOTHING = dict.fromkeys(KEYS, 0)
NO_JUDGEMENT_BEFORE = datetime(2024, 12, 31, 12, tzinfo=LOCAL)


def any_pair(rng: Random) -> tuple[FigureQuery, FigureQuery]:
    """A query of no rows of time beside any other period; the cut-off now and then in one of them."""
    query = any_query(rng, 45)
    cut = query.as_of if query.as_of.date() >= query.first else AFTER_ALL  # of what has not begun there is nothing
    query = replace(query, by=query.of_dossiers, as_of=cut)
    start = min(FIRST + timedelta(days=rng.randrange(45)), cut.date())
    days = f"{start}..{start + timedelta(days=rng.randrange(45))}"
    word = rng.choice(["last_year", "previous", days])
    if word == "last_year":  # what there is stands in the year before
        year_on = timedelta(days=365)
        cut = NO_JUDGEMENT_BEFORE if query.as_of == AFTER_ALL else query.as_of + year_on
        query = replace(query, first=query.first + year_on, last=query.last + year_on, as_of=cut)
    return query, query_beside(query, word)


def in_both(
    dossiers: list[RecountedDossier], query: FigureQuery, other: FigureQuery
) -> tuple[list[Figures], dict[GroupKey, list[Figures]]]:
    """Totals and rows of both by the recount, a row of either in both."""
    (total, rows), (other_total, other_rows) = (expected(dossiers, one, SHIPPED) for one in (query, other))
    keys = rows.keys() | other_rows.keys()
    return [total, other_total], {key: [one.get(key, NOTHING) for one in (rows, other_rows)] for key in keys}


@WORSE_THAN_ANY_BROKER
@given(of=offices(), rng=st.randoms(use_true_random=False))
async def test_both_periods_are_those_of_a_straight_recount_and_differences_add_up(
    engine: AsyncEngine, of: Office, rng: Random
) -> None:
    await empty(engine)
    await Topic(engine).deliver(records(of))
    dossiers = recounted(of)
    for _ in range(3):
        query, other = any_pair(rng)
        this, that = (await gathered_pair(engine, query, other, SHIPPED)).reports()
        assert this.pin == that.pin
        totals, rows = in_both(list(dossiers.values()), query, other)
        assert [this.total, that.total] == totals, (query, other)
        pairs = {row.key: [row.figures, beside.figures] for row, beside in zip(this.rows, that.rows, strict=True)}
        assert [row.key for row in this.rows] == [row.key for row in that.rows]
        assert pairs == rows, (query, other)
        assert all(one.holds for found in (this, that) for one in found.identities), (query, other)
        if query.by:
            differences = [difference_row(*pair) for pair in pairs.values()]
            whole = difference_row(this.total, that.total)
            assert {key: whole[key] for key in KEYS} == {key: sum(one[key] for one in differences) for key in KEYS}, (
                query,
                other,
            )
        for found in (this, that):
            for token, number, key, _ in some(rng, numbered(found, SHIPPED), 4):
                assert len(await walked(engine, SHIPPED, token, 1000)) == number, (found.query, key)


@WORSE_THAN_ANY_BROKER
@given(of=offices(), rng=st.randoms(use_true_random=False))
async def test_statutory_rows_follow_each_other_and_open_into_their_dossiers(
    engine: AsyncEngine, of: Office, rng: Random, shipped: Catalogue
) -> None:
    """Each is the same as its own period asked for by name."""
    await empty(engine)
    await Topic(engine).deliver(records(of))
    kind = rng.choice([Dimension.STATUTORY_MONTH, Dimension.STATUTORY_QUARTER])
    first, last = statutory_period("2023-6M")
    cut = datetime.combine(FIRST + timedelta(days=rng.randrange(60)), time(12), LOCAL)
    query = FigureQuery(first=first, last=last, as_of=rng.choice([AFTER_ALL, cut]), by=(kind,))
    found = await report(engine, query, shipped)
    for row in found.rows:
        (name,) = row.key
        start, end = statutory_period(name or "")
        alone = await report(engine, replace(query, first=start, last=end, by=()), shipped)
        assert row.figures == alone.total, name
        token = Tokens(shipped).of_report(alone)["total.received_total"]
        index = found.rows.index(row)
        assert Tokens(shipped).of_report(found)[f"rows.{index}.received_total"] == token
    names = {identity.name for identity in found.identities}
    assert {"6(t)=11(t-1)", "flows: total=sum of rows"} <= names
    assert all(identity.holds for identity in found.identities)
    for token, number, _, _ in some(rng, numbered(found, shipped), 4):
        assert len(await walked(engine, shipped, token, 1000)) == number


async def opened(client: httpx.AsyncClient, token: str) -> dict[str, Any]:  # noqa: F811
    answer = await client.get(f"/v1/figures/{token}/dossiers")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestOverHttp:
    async def test_the_other_period_stands_under_against(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        query = "from=2023-01-01&to=2023-01-31&by=department&against=previous"
        found = await figures(client, query)
        other = found["against"]
        assert (other["from"], other["to"], other["as_of"]) == ("2022-12-01", "2022-12-31", found["as_of"])
        assert "period" not in other
        alone = await figures(client, "from=2022-12-01&to=2022-12-31&by=department")
        assert other["total"] == alone["total"]
        assert [row["key"] for row in other["rows"]] == [{"department": "H59.02"}, {"department": "H59.15"}]
        assert other["rows"][1] == alone["rows"][0]
        assert not any(other["rows"][0][key] for key in KEYS), "a row that only this period has is all zeros there"
        assert all(one["holds"] for one in (*found["identities"], *other["identities"]))
        difference, percent = other["difference"], other["percent"]
        for column in KEYS:
            more = found["total"][column] - other["total"][column]
            assert difference["total"][column] == more == sum(row[column] for row in difference["rows"])
        assert (difference["total"]["received_online"], percent["total"]["received_online"]) == (3, "300.0")
        assert (difference["total"]["received_postal"], percent["total"]["received_postal"]) == (1, None)
        assert difference["total"]["online_share"] == "-33.3"
        assert difference["total"]["early_share"] is None
        assert [row["key"] for row in percent["rows"]] == [row["key"] for row in found["rows"]]

    async def test_every_number_of_both_opens_into_as_many_dossiers(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        found = await figures(client, "from=2023-01-01&to=2023-01-31&by=department&against=2022-12-15..2023-01-14")
        for answer in (found, found["against"]):
            assert len(answer["tokens"]) == len(KEYS) * (1 + len(answer["rows"]))
            for name, token in answer["tokens"].items():
                place, _, column = name.rpartition(".")
                row = answer["total"] if place == "total" else answer["rows"][int(place.removeprefix("rows."))]
                listed = await opened(client, token)
                assert (len(listed["dossiers"]), listed["from"]) == (row[column], answer["from"])

    async def test_what_has_not_ended_is_compared_up_to_the_same_day(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        """It is the first of February, at nine."""
        found = (await figures(client, "period=2023-Q1&against=last_year&tokens=none"))["against"]
        assert (found["period"], found["from"], found["to"]) == ("2022-Q1", "2021-12-15", "2022-03-14")
        assert found["as_of"] == "2022-02-01T23:59:59+07:00"
        assert "tokens" not in found
        found = (await figures(client, "period=2023-Q1&against=previous"))["against"]
        assert (found["period"], found["as_of"]) == ("2022-Q4", "2022-11-02T23:59:59+07:00")
        listed = await opened(client, found["tokens"]["total.received_total"])
        assert (listed["as_of"], len(listed["dossiers"])) == (found["as_of"], found["total"]["received_total"])

    async def test_both_are_as_known_at_the_same_instant(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        known = "as_known_at=2023-01-09T08:00:00%2B07:00&definition=instant/1&channel=online"
        found = await figures(client, f"from=2023-01-01&to=2023-01-09&against=2022-12-01..2022-12-31&{known}")
        alone = await figures(client, f"from=2022-12-01&to=2022-12-31&{known}")
        assert found["against"]["total"] == alone["total"]
        assert found["against"]["tokens"] == alone["tokens"]

    async def test_months_stand_beside_those_as_far_from_the_beginning(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        found = await figures(client, "period=2023-Q1&by=statutory_month&against=last_year")
        assert [row["key"]["statutory_month"] for row in found["rows"]] == ["2023-01", "2023-02"]
        assert [row["key"]["statutory_month"] for row in found["against"]["rows"]] == ["2022-01", "2022-02"]
        keys = [row["key"] for row in found["against"]["difference"]["rows"]]
        assert keys == [row["key"] for row in found["rows"]]
        found = await figures(client, "from=2022-12-15&to=2023-01-14&by=statutory_month,department&against=previous")
        assert [row["key"] for row in found["against"]["rows"]] == [
            {"statutory_month": "2022-12", "department": department} for department in ("H59.02", "H59.15")
        ]

    @pytest.mark.parametrize(
        ("query", "parameter", "fix"),
        [
            ("against=yesterday", "against", "last_year, previous, or days as 2022-01-01..2022-12-31"),
            ("against=", "against", "last_year"),
            (
                "against=2023-02-02..2023-03-01",
                "against",
                "begins on 2 Feb 2023, after the day that figures",
            ),
            ("as_of=2023-01-10&against=2023-01-11..2023-01-12", "against", "judged at, 10 Jan 2023"),
            ("from=2023-02-02&to=2023-03-01&against=last_year", "from", "ask for a period that has begun"),
            ("period=2023-Q4&against=2022-01-01..2022-12-31", "period", "ask for a period that has begun"),
            ("against=2022-12-31..2022-01-01", "against", "exchange"),
            ("against=2022-02-30..2022-12-31", "against", "ends on 28"),
            ("against=2022-01-01..", "against", "is not known"),
            ("period=2023-6M&against=previous", "against", "no such period before it; write last_year"),
            ("period=2023-9M&against=previous", "against", "from the beginning of its year"),
            ("period=1901&against=previous", "against", "out of range"),
            ("from=1900-01-01&to=1900-12-31&against=last_year", "against", "from 1900-01-01 on"),
            ("period=2022&by=statutory_month&against=2021-01-01..2021-12-31", "against", "2020-12-15..2021-12-14"),
            ("period=2022&by=statutory_month&against=2020-12-15..2021-06-14", "against", "not as many rows"),
            ("period=2023-Q1&by=statutory_month&against=previous", "against", "beside last_year only"),
            ("period=2023-Q1&by=month,statutory_month", "by", "leave one out"),
            (
                "from=2023-01-01&to=2023-12-31&by=statutory_month",
                "by",
                "period=2023, which is from=2022-12-15&to=2023-12-14",
            ),
            ("from=2023-02-17&to=2023-03-16&by=statutory_month", "by", "period=2023-03, which"),
            ("from=2023-01-16&to=2023-06-10&by=statutory_month", "by", "is from=2023-01-15&to=2023-06-14"),
            ("period=2023-02&by=statutory_quarter", "by", "period=2023-Q1, which"),
        ],
    )
    @on_sqlite
    async def test_what_cannot_be_compared_is_refused_with_the_fix(
        self,
        client: httpx.AsyncClient,  # noqa: F811
        query: str,
        parameter: str,
        fix: str,
    ) -> None:
        answer = await client.get(f"/v1/figures?{query}")
        assert (answer.status_code, answer.json()["parameter"]) == (422, parameter), answer.text
        assert fix in answer.json()["detail"]

    async def test_other_answers_take_no_other_period(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        answer = await client.get("/v1/figures/definitions?against=last_year")
        assert (answer.status_code, answer.json()["parameter"]) == (422, "against")


class TestForm:
    @pytest.mark.parametrize("by", ["by=department", "by=field", "by=field&sections=level"])
    async def test_the_form_has_the_same_lines_for_both(self, client: httpx.AsyncClient, by: str) -> None:  # noqa: F811
        query = f"/v1/reports/ii06a?from=2023-01-01&to=2023-01-31&{by}"
        form = (await client.get(f"{query}&against=2022-12-01..2022-12-31")).json()
        other = form["against"]
        assert (other["from"], other["to"]) == ("2022-12-01", "2022-12-31")
        names = [{name: line[name] for name in ("number", "code", "name")} for line in form["lines"]]
        for lines in (other["lines"], other["difference"]["lines"], other["percent"]["lines"]):
            assert [{name: line[name] for name in ("number", "code", "name")} for line in lines] == names
        for column in KEYS:
            assert (
                other["difference"]["total"][column]
                == form["total"][column] - other["total"][column]
                == sum(line[column] for line in other["difference"]["lines"])
            )
        assert all(one["holds"] for one in other["identities"])
        assert "against" not in (await client.get(query)).json()

    @pytest.mark.parametrize(("shape", "separator"), [("csv", ","), ("office-csv", ";")])
    async def test_csv_has_the_rows_of_both(self, client: httpx.AsyncClient, shape: str, separator: str) -> None:  # noqa: F811
        query = f"/v1/reports/ii06a?from=2023-01-01&to=2023-01-31&lang=en&format={shape}"
        alone = (await client.get(query)).text.splitlines()
        both = (await client.get(f"{query}&against=previous")).text.splitlines()
        assert both[: len(alone)] == alone
        assert len(both) == 2 * len(alone) - 1
        head, *_, total = (line.split(separator) for line in both)
        other = (await client.get("/v1/figures?from=2022-12-01&to=2022-12-31")).json()["total"]
        column = head.index("received_total" if shape == "csv" else "To handle, in all")
        assert total[column] == str(other["received_total"]) == "1"
        assert {"2022-12-01", "01/12/2022"} & set(total)

    async def test_the_text_has_a_sentence_that_compares(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        query = "/v1/reports/ii06a?from=2023-01-01&to=2023-01-31&format=text&lang=en&against=previous"
        text = (await client.get(query)).text
        assert "Compared with the period before (from 1 Dec 2022 to 31 Dec 2022):" in text
        query = "/v1/reports/ii06a?period=2023-Q1&format=text&lang=vi&against=previous"
        text = (await client.get(query)).text
        assert "kỳ trước liền kề (từ ngày 15/09/2022 đến ngày 02/11/2022)" in text, "as many days as of this quarter"

    async def test_a_form_beside_what_has_not_begun_is_refused_in_the_readers_language(
        self,
        client: httpx.AsyncClient,  # noqa: F811
    ) -> None:
        beside = "/v1/reports/ii06a?from=2023-01-01&to=2023-01-31&against="
        answer = await client.get(f"{beside}2023-02-02..2023-03-01&lang=vi&format=text")
        assert (answer.status_code, answer.json()["parameter"]) == (422, "against")
        assert "kỳ báo cáo bắt đầu từ ngày 02/02/2023, sau ngày tính số liệu 01/02/2023" in answer.json()["detail"]
        assert (await client.get(f"{beside}2023-02-01..2023-03-01")).status_code == 200, "it begins today"

    async def test_a_form_beside_what_does_not_exist_is_refused(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        answer = await client.get("/v1/reports/ii06a?period=2023-6M&against=previous")
        assert (answer.status_code, answer.json()["parameter"]) == (422, "against")
