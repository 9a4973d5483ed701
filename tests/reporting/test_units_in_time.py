"""Figures as organised then and now: Trà Vinh's dossiers before and after 2025-07-01, and random trees of changes."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.figures.grouping import GroupSums
from services.reporting.figures.query import Dimension, FigureQuery, Filters
from services.reporting.figures.range_sums import Pin
from services.reporting.figures.report import Report, report
from services.reporting.http.app import Reporting, create_app
from services.reporting.opening.tokens import OtherCatalogue, Tokens
from services.reporting.projecting.metrics import ProjectorHealth
from shared import catalogue
from shared.catalogue import Catalogue
from shared.catalogue.units import UnitChange
from shared.domain.columns import OF_FORM
from shared.domain.events import Received
from shared.domain.fields import Channel
from shared.domain.localtime import LOCAL
from tests.builders.events import Dated, event, received
from tests.builders.histories import OFFICE_DEPARTMENTS, OFFICE_PROCEDURES, office
from tests.builders.times import at
from tests.builders.unit_changes import trees
from tests.reporting.delivery import Topic, empty, statuses
from tests.reporting.lists import numbered, walked
from tests.reporting.recorded import Recorded, recorded

KEY = "a-key-for-this-test-only"
NOW = datetime(2025, 9, 15, 9, tzinfo=LOCAL)
OPENED = [*(column.key for column in OF_FORM.values()), "withdrawn", "received_in_person", "received_postal"]
SUMMER = "from=2025-07-01&to=2025-09-15&by=department"


def at_unit(unit: str, procedure: str, day: str, due: str, *more: Dated) -> tuple[Dated, ...]:
    about = {"department": unit, "procedure": procedure, "channel": Channel.POSTAL}
    return (received(at(f"{day} 08:00"), due_at=at(f"{due} 17:00"), **about), *more)


JUSTICE, PRESS, POST = ("H59.15", "2.000635"), ("H59.16", "2.001594"), ("H59.16", "1.009374")
ABROAD, HEIR = ("H59.01", "2.002311"), ("H61.15", "2.000635")
HISTORIES = {
    "H59.15-250610-0001": at_unit(*JUSTICE, "2025-06-10", "2025-06-17", event("resolved", "2025-06-12 10:00")),
    "H59.15-250620-0001": at_unit(*JUSTICE, "2025-06-20", "2025-06-27", event("resolved", "2025-07-04 10:00")),
    "000.00.15.H59-250625-0001": at_unit(*JUSTICE, "2025-06-25", "2025-07-02"),
    "H59.16-250624-0001": at_unit(*PRESS, "2025-06-24", "2025-12-01"),
    "H59.16-250624-0002": at_unit(*POST, "2025-06-24", "2025-07-24", event("resolved", "2025-07-10 10:00")),
    "H59.01-250626-0001": at_unit(*ABROAD, "2025-06-26", "2025-07-07", event("withdrawn", "2025-08-01 10:00")),
    "H61.15-250702-0001": at_unit(*HEIR, "2025-07-02", "2025-07-09", event("resolved", "2025-07-03 10:00")),
    "H61.03-250801-0001": at_unit("H61.03", "2.001594", "2025-08-01", "2025-12-01"),
}  # fmt: skip


def unit_of(code: str) -> str:
    """The unit that the dossier was received for, which no list rewrites."""
    opening = HISTORIES[code][0].event
    assert isinstance(opening, Received)
    return opening.department


def serving(engine: AsyncEngine, offices: Catalogue, now: datetime = NOW) -> httpx.AsyncClient:
    gauges, progress = FigureGauges(engine, lambda: now, None), ProjectorHealth(assigned=True)
    app = create_app(Reporting(engine, offices, lambda: now, SecretStr(KEY), progress, CollectorRegistry(), gauges))
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reporting", headers=headers)


@pytest.fixture
async def client(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    await Topic(engine).deliver([record for code, history in HISTORIES.items() for record in statuses(code, history)])
    async with serving(engine, shipped) as opened:
        yield opened


async def answered(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def figures(client: httpx.AsyncClient, query: str) -> dict[str, Any]:
    found = await answered(client, f"/v1/figures?{query}")
    assert [identity for identity in found["identities"] if not identity["holds"]] == []
    return found


def by_unit(found: dict[str, Any], *columns: str) -> dict[str, tuple[int, ...]]:
    return {row["key"]["department"]: tuple(row[column] for column in columns) for row in found["rows"]}


async def test_the_same_dossiers_stand_under_their_own_units_then_and_under_the_heirs_now(
    client: httpx.AsyncClient,
) -> None:
    columns = ("carried_over", "received_total", "resolved_total", "in_progress_total", "in_progress_overdue")
    then, now = [await figures(client, f"{SUMMER}&organised={word}") for word in ("then", "now")]
    assert (then["organised"], now["organised"]) == ("then", "now")
    assert then["total"] == now["total"]
    assert by_unit(then, *columns) == {
        "H59.01": (1, 1, 1, 0, 0),
        "H59.15": (2, 2, 1, 1, 1),
        "H59.16": (2, 2, 1, 1, 0),
        "H61.03": (0, 1, 0, 1, 0),
        "H61.15": (0, 1, 1, 0, 0),
    }
    assert by_unit(now, *columns) == {
        "H61.03": (1, 2, 0, 2, 0),
        "H61.12": (1, 1, 1, 0, 0),
        "H61.15": (2, 3, 2, 1, 1),
        "H61.20": (1, 1, 1, 0, 0),
    }
    default = await figures(client, SUMMER)
    assert (default["organised"], default["rows"], default["tokens"]) == ("then", then["rows"], then["tokens"])


async def test_the_period_beside_is_of_the_same_units_though_it_is_counted_up_to_a_day_before_they_changed(
    client: httpx.AsyncClient,
) -> None:
    found = await figures(
        client, "from=2025-09-01&to=2025-09-30&by=department&organised=now&against=2025-06-10..2025-06-30"
    )
    other = found["against"]
    assert other["as_of"] == "2025-06-24T23:59:59+07:00"
    assert by_unit(other, "received_total") == {"H61.03": (1,), "H61.12": (1,), "H61.15": (2,)}
    place = next(place for place, row in enumerate(other["rows"]) if row["key"] == {"department": "H61.15"})
    listed = await answered(client, f"/v1/figures/{other['tokens'][f'rows.{place}.received_total']}/dossiers")
    assert {one["code"] for one in listed["dossiers"]} == {"H59.15-250610-0001", "H59.15-250620-0001"}


async def test_what_was_open_at_the_end_of_june_is_inherited_once(client: httpx.AsyncClient) -> None:
    june = await figures(client, "from=2025-06-01&to=2025-06-30&by=department&organised=now")
    july = await figures(client, "from=2025-07-01&to=2025-07-31&by=department&organised=now")
    left = {unit: open_ for unit, (open_,) in by_unit(june, "in_progress_total").items() if open_}
    assert left == {unit: over for unit, (over,) in by_unit(july, "carried_over").items() if over}
    assert sum(left.values()) == june["total"]["in_progress_total"] == 5
    by_month = await figures(client, "from=2025-06-01&to=2025-07-31&by=month,department&organised=now")
    assert by_month["total"] == (await figures(client, "from=2025-06-01&to=2025-07-31"))["total"]
    assert {
        row["key"]["department"]: row["carried_over"]
        for row in by_month["rows"]
        if row["key"]["month"] == "2025-07" and row["carried_over"]
    } == left


@pytest.mark.parametrize("organised", ["then", "now"])
async def test_every_number_opens_into_exactly_its_dossiers(client: httpx.AsyncClient, organised: str) -> None:
    found = await figures(client, f"{SUMMER}&organised={organised}")
    seen: Counter[str] = Counter()
    for place, row in [("total", found["total"]), *((f"rows.{n}", row) for n, row in enumerate(found["rows"]))]:
        for column in OPENED:
            listed = await answered(client, f"/v1/figures/{found['tokens'][f'{place}.{column}']}/dossiers")
            codes = [dossier["code"] for dossier in listed["dossiers"]]
            assert len(set(codes)) == len(codes) == row[column], (place, column)
            assert listed["organised"] == organised
            if column == "received_total" and place != "total":
                seen.update(codes)
                assert all(dossier["department"] == unit_of(dossier["code"]) for dossier in listed["dossiers"])
    assert seen == Counter([code for code in HISTORIES if code != "H59.15-250610-0001"]), "each in one row"


async def test_before_the_day_now_is_then(client: httpx.AsyncClient) -> None:
    question = "from=2025-06-01&to=2025-06-30&by=department&as_of=2025-06-30"
    then, now = [await figures(client, f"{question}&organised={word}") for word in ("then", "now")]
    assert (then["rows"], then["total"]) == (now["rows"], now["total"])
    assert set(by_unit(now)) == {"H59.01", "H59.15", "H59.16"}


async def test_a_unit_is_asked_for_by_any_code_and_told_its_heir(client: httpx.AsyncClient) -> None:
    own = await figures(client, f"{SUMMER}&department=H59.15")
    for alias in ("000.00.15.H59", "H59.15,000.00.15.H59"):
        assert await figures(client, f"{SUMMER}&department={alias}") == own
    assert by_unit(own, "received_total") == {"H59.15": (2,)}
    heir = await figures(client, f"{SUMMER}&department=000.00.15.H61&organised=now")
    assert by_unit(heir, "received_total") == {"H61.15": (3,)}
    press = await figures(client, "from=2025-07-01&to=2025-09-15&department=H61.03&organised=now")
    assert (press["total"]["carried_over"], press["total"]["received_total"]) == (1, 2)
    refused = await client.get(f"/v1/figures?{SUMMER}&department=H59.16&organised=now")
    assert (refused.status_code, refused.json()["parameter"]) == (422, "department")
    assert "H59.16 has been taken over by H61.03, H61.12" in refused.json()["detail"]
    wrong = await client.get(f"/v1/figures?{SUMMER}&organised=later")
    assert (wrong.status_code, wrong.json()["parameter"]) == (422, "organised")
    listed = [await answered(client, f"/v1/attention?department={code}") for code in ("H59.15", "000.00.15.H59")]
    assert listed[0] == listed[1]
    assert [one["department"] for one in listed[0]["departments"]] == ["H59.15"]


async def test_a_token_is_of_the_changes_that_it_was_made_by(engine: AsyncEngine, client: httpx.AsyncClient) -> None:
    offices = catalogue.load()
    then, now = [(await figures(client, f"{SUMMER}&organised={word}"))["tokens"] for word in ("then", "now")]
    later = (*offices.unit_changes[:-1], replace(offices.unit_changes[-1], heir="H61.20"))
    async with serving(engine, replace(offices, unit_changes=later)) as other:
        assert (await other.get(f"/v1/figures/{then['total.received_total']}/dossiers")).status_code == 200
        assert (await other.get(f"/v1/figures/{now['total.received_total']}/dossiers")).status_code == 410
    async with serving(engine, offices, NOW + timedelta(days=400)) as next_year:
        listed = await answered(next_year, f"/v1/figures/{now['rows.0.received_total']}/dossiers")
        assert {dossier["code"] for dossier in listed["dossiers"]} == {"H59.16-250624-0001", "H61.03-250801-0001"}


async def test_the_form_says_for_whom_it_counts_and_tells_units_of_one_name_apart(client: httpx.AsyncClient) -> None:
    question = "/v1/reports/ii06a?from=2025-07-01&to=2025-09-15"
    then, now = [await answered(client, f"{question}&organised={word}") for word in ("then", "now")]
    assert then["total"] == now["total"]
    names = {line["code"]: line["name"] for line in then["lines"]}
    assert (names["H59.15"], names["H61.15"]) == ("Sở Tư pháp (Trà Vinh)", "Sở Tư pháp (Vĩnh Long)")
    assert {line["code"]: line["name"] for line in now["lines"]}["H61.15"] == "Sở Tư pháp"
    said = "được tính cho đơn vị tiếp nhận"
    texts = [(await client.get(f"{question}&format=text&organised={word}")).text for word in ("then", "now")]
    assert [said in text for text in texts] == [False, True]


FIRST = date(2023, 1, 14)
UNITS = [*OFFICE_DEPARTMENTS, "H59.01", "H61.02", "H61.15"]
OF_UNITS = (Dimension.DEPARTMENT, Dimension.RECEIVED_BY)
SHIPPED = catalogue.load()  # no fixture: hypothesis would print all of it with a failure
ANY_TREE = settings(
    max_examples=8, deadline=None, suppress_health_check=(HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
)


def any_question(rng: Random, of: Recorded) -> FigureQuery:
    first = FIRST + timedelta(days=rng.randrange(40))
    units = rng.choice([[Dimension.DEPARTMENT], [Dimension.RECEIVED_BY], [Dimension.DEPARTMENT, Dimension.RECEIVED_BY]])
    others = [dimension for dimension in (Dimension.MONTH, Dimension.CHANNEL) if rng.random() < 0.3]
    return FigureQuery(
        first=first,
        last=first + timedelta(days=rng.choice([0, 10, 60])),
        as_of=datetime.combine(FIRST + timedelta(days=rng.randrange(60)), time(12), LOCAL),
        by=(*units, *others),
        filters=Filters(channels=frozenset(rng.sample(list(Channel), rng.choice([0, 0, 2])))),
        known_at=of.any_instant(rng) if rng.random() < 0.4 else None,
    )


def rows_by_heir(of_procedures: Report, query: FigureQuery) -> dict[tuple[str | None, ...], Counter[str]]:
    """The rows by units and procedure, each given to the units' heirs."""
    organised = query.organised
    assert organised is not None
    rows: dict[tuple[str | None, ...], Counter[str]] = {}
    for row in of_procedures.rows:
        *values, procedure = row.key
        heirs = tuple(
            organised.heir(value or "", procedure or "") if dimension in OF_UNITS else value
            for dimension, value in zip(query.by, values, strict=True)
        )
        rows.setdefault(heirs, Counter()).update(row.figures)
    return rows


@ANY_TREE
@given(changes=trees(UNITS, OFFICE_PROCEDURES, FIRST, 40), seed=st.integers(0, 2**32 - 1))
async def test_totals_are_equal_and_each_dossier_stands_in_one_row_under_any_changes(
    engine: AsyncEngine, changes: list[UnitChange], seed: int
) -> None:
    rng = Random(seed)
    offices = replace(SHIPPED, unit_changes=tuple(sorted(changes, key=lambda change: change.day)))
    of = recorded(rng, office(rng, 25, days=20))
    await empty(engine)
    await Topic(engine).deliver(of.delivered(rng), batch_size=rng.choice([3, 40]))
    for _ in range(4):
        then = any_question(rng, of)
        now = replace(then, organised=offices.organised_on(then.as_of.date()))
        reports = [await report(engine, query, offices) for query in (then, now)]
        assert reports[0].total == reports[1].total
        for one in reports:
            assert [identity for identity in one.identities if not identity.holds] == [], one.query
        by_procedure = await report(engine, replace(then, by=(*then.by, Dimension.PROCEDURE)), offices)
        expected = {key: dict(row) for key, row in rows_by_heir(by_procedure, now).items() if any(row.values())}
        assert {row.key: {k: v for k, v in row.figures.items() if v} for row in reports[1].rows} == {
            key: {k: v for k, v in row.items() if v} for key, row in expected.items()
        }
        for one in reports:
            await opens_once(
                engine, offices, one, rng.choice(["received_total", "resolved_total", "in_progress_total"])
            )
        await filters_agree(engine, offices, reports[1])


async def opens_once(engine: AsyncEngine, offices: Catalogue, one: Report, column: str) -> None:
    """The rows' lists are as long as their numbers say and together the total's, each dossier once (a month, each)."""
    of_rows: Counter[str] = Counter()
    of_total: list[str] = []
    for token, number, key, name in numbered(one, offices):
        if name != column:
            continue
        codes = await walked(engine, offices, token, 1000)
        assert len(set(codes)) == len(codes) == number, (one.query, key)
        if key is None:
            of_total = codes
        else:
            of_rows.update(codes)
    if Dimension.MONTH not in one.query.by:
        assert of_rows == Counter(of_total), one.query


async def filters_agree(engine: AsyncEngine, offices: Catalogue, now: Report) -> None:
    """Asked for alone, a unit has the figures of its row."""
    if not set(now.query.by) <= set(OF_UNITS):
        return
    names = {Dimension.DEPARTMENT: "departments", Dimension.RECEIVED_BY: "places"}
    for row in now.rows:
        wanted: dict[str, Any] = {
            names[dimension]: frozenset([unit]) for dimension, unit in zip(now.query.by, row.key, strict=True)
        }
        alone = replace(now.query, by=(), filters=replace(now.query.filters, **wanted))
        assert (await report(engine, alone, offices)).total == row.figures


def test_a_token_of_figures_as_organised_now_is_refused_under_other_changes(shipped: Catalogue) -> None:
    query = FigureQuery(first=FIRST, last=FIRST, as_of=NOW, organised=shipped.organised_on(NOW.date()))
    made = Report(query, GroupSums().figures, (), (), Pin(1, 1))
    token = Tokens(shipped).of_report(made)["total.received_total"]
    assert Tokens(shipped).read(token).query == query
    with pytest.raises(OtherCatalogue):
        Tokens(replace(shipped, unit_changes=())).read(token)
