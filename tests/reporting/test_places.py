"""Where a dossier was received is not who answers for it: figures by place of receipt add up both ways."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.query import Dimension, FigureQuery, Filters
from services.reporting.figures.range_sums import pinned
from services.reporting.figures.report import Report, report
from services.reporting.opening.lists import SUBMITTED, candidates
from services.reporting.opening.tokens import TokenFigure
from services.reporting.read_model.tables import dossiers, sums
from shared.domain.columns import KEYS
from shared.domain.fields import CorrectableField
from tests.builders.events import event, received
from tests.builders.histories import OFFICE_DEPARTMENTS, Office, offices
from tests.builders.times import at
from tests.reporting.delivery import Topic, empty, statuses
from tests.reporting.test_against_recount import AFTER_ALL, SHIPPED, WORSE_THAN_ANY_BROKER, any_query, records
from tests.reporting.test_api import client, figures  # noqa: F401 - the fixture is asked for by name

BY_BOTH = (Dimension.DEPARTMENT, Dimension.RECEIVED_BY)
YEAR = FigureQuery(first=date(2023, 1, 1), last=date(2023, 12, 31), as_of=AFTER_ALL)


def rows_of(found: Report, place: int) -> dict[str | None, Counter[str]]:
    """Its rows added up by one part of their key; what is 0 in every column is left out."""
    added: dict[str | None, Counter[str]] = {}
    for row in found.rows:
        added.setdefault(row.key[place], Counter()).update(row.figures)
    return {key: row for key, row in added.items() if +row}


@WORSE_THAN_ANY_BROKER
@given(of=offices(), rng=st.randoms(use_true_random=False))
async def test_the_matrix_adds_up_both_ways(engine: AsyncEngine, of: Office, rng: Random) -> None:
    await empty(engine)
    await Topic(engine).deliver(records(of), batch_size=rng.randint(1, 10))
    query = replace(any_query(rng, 45), filters=Filters())
    matrix = await report(engine, replace(query, by=BY_BOTH), SHIPPED)
    for place, dimension in enumerate(BY_BOTH):
        alone = await report(engine, replace(query, by=(dimension,)), SHIPPED)
        assert rows_of(matrix, place) == {row.key[0]: Counter(row.figures) for row in alone.rows}
        assert alone.total == matrix.total
        assert all(identity.holds for identity in (*alone.identities, *matrix.identities))
    for code in OFFICE_DEPARTMENTS:
        there = await report(engine, replace(query, filters=Filters(places=frozenset({code}))), SHIPPED)
        assert Counter(there.total) == rows_of(matrix, 1).get(code, Counter(dict.fromkeys(KEYS, 0)))
        assert all(identity.holds for identity in there.identities)


async def test_an_office_without_crossed_receipts_has_no_further_sums(engine: AsyncEngine) -> None:
    opening = [received(), received(received_by="H59.15"), received(received_by="H59.02")]
    counted = []
    for number, event_of_receipt in enumerate(opening):
        await Topic(engine, end=number).deliver(statuses(f"H59.15-230103-{number:04}", [event_of_receipt]))
        async with engine.connect() as connection:
            counted.append((await connection.execute(select(func.count()).select_from(sums))).scalar_one())
    assert counted[0] == counted[1] < counted[2]


async def test_a_correction_moves_the_receipt_alone(engine: AsyncEngine) -> None:
    code, corrected = "H59.15-230103-0001", {"old_value": "H59.02", "new_value": None}
    history = (
        received(received_by="H59.02"),
        event("corrected", "2023-01-05 08:00", field=CorrectableField.RECEIVED_BY, **corrected),
    )
    for number, place in enumerate(("H59.02", "H59.15")):
        await Topic(engine, end=number).deliver(list(statuses(code, history))[number : number + 1])
        found = await report(engine, replace(YEAR, by=BY_BOTH), SHIPPED)
        assert [(row.key, row.figures["received_total"]) for row in found.rows] == [(("H59.15", place), 1)]


class TestOverHttp:
    async def crossed(self, engine: AsyncEngine) -> None:
        history = (received(received_by="H59.02", channel="kiosk", channel_class="in_person"),)
        await Topic(engine, end=100).deliver(statuses("H59.15-230103-0100", history))

    async def test_rows_filters_and_lists(self, engine: AsyncEngine, client: httpx.AsyncClient) -> None:  # noqa: F811
        await self.crossed(engine)
        found = await figures(client, "by=department,received_by")
        received_there = {tuple(row["key"].values()): row["received_total"] for row in found["rows"]}
        assert received_there == {("H59.02", "H59.02"): 2, ("H59.15", "H59.02"): 1, ("H59.15", "H59.15"): 4}
        there = await figures(client, "received_by=H59.02&by=department")
        assert (there["total"]["received_total"], len(there["rows"])) == (3, 2)
        listed = (await client.get(f"/v1/figures/{there['tokens']['total.received_total']}/dossiers")).json()
        assert len(listed["dossiers"]) == 3
        listed = (await client.get(f"/v1/figures/{found['tokens']['rows.1.received_in_person']}/dossiers")).json()
        (one,) = listed["dossiers"]
        assert listed["key"] == {"department": "H59.15", "received_by": "H59.02"}
        assert (one["channel"], one["own_channel"], one["received_by"]) == ("in_person", "kiosk", "H59.02")

    @pytest.mark.parametrize("query", ["received_by=H99.99", "received_by="])
    async def test_a_place_that_nobody_knows_is_refused(self, client: httpx.AsyncClient, query: str) -> None:  # noqa: F811
        answer = await client.get(f"/v1/figures?{query}")
        assert (answer.status_code, answer.json()["parameter"]) == (422, "received_by")

    async def test_an_unknown_channel_is_said_beside_the_online_share(
        self,
        engine: AsyncEngine,
        client: httpx.AsyncClient,  # noqa: F811
    ) -> None:
        address = "/v1/reports/ii06a?format=text&from=2023-01-01&to=2023-01-31"
        assert "không rõ kênh" not in (await client.get(address)).text
        await Topic(engine, end=100).deliver(statuses("H59.15-230103-0100", (received(channel="unknown"),)))
        written = (await client.get(address)).text
        assert "công ích 2 hồ sơ (trong đó 1 hồ sơ không rõ kênh)" in written
        assert "(trực tuyến 2; không rõ kênh 1)" in written


OTHER = "1.004650"  # a procedure that no other dossier here has
ASKED: dict[str, Any] = {"procedure": OTHER, "channel": "online", "acceptance_due_at": at("2023-01-04 10:00")}


class TestApplications:
    """They are counted before they are received, and found by the day of submission."""

    @pytest.mark.parametrize(
        ("history", "columns"),
        [
            ((event("submitted", "2023-01-03 10:00", **ASKED),), {"awaiting_acceptance", "awaiting_acceptance_late"}),
            (
                (event("submitted", "2023-01-03 10:00", **ASKED), event("declined", "2023-01-04 09:00")),
                {"accepted_in_time"},
            ),
            (
                (event("submitted", "2023-01-03 10:00", **ASKED), received(at("2023-01-05 09:00"), procedure=OTHER)),
                {"accepted_late", "received_online", "received_total", "in_progress_total", "in_progress_overdue"},
            ),
            ((event("submitted", "2023-01-03 10:00", **ASKED), event("voided", "2023-01-04 09:00")), set()),
        ],
    )
    async def test_what_is_counted_can_be_opened(
        self,
        engine: AsyncEngine,
        client: httpx.AsyncClient,  # noqa: F811
        history: tuple[Any, ...],
        columns: set[str],
    ) -> None:
        await Topic(engine, end=100).deliver(statuses("H59.15-230103-0100", history))
        found = await figures(client, f"procedure={OTHER}")
        assert {key for key in KEYS if found["total"][key]} == columns
        for column in columns:
            answer = await client.get(f"/v1/figures/{found['tokens'][f'total.{column}']}/dossiers")
            (one,) = answer.json()["dossiers"]
            assert (one["timeliness"] == "not_received") == (one["received_at"] is None)
        async with engine.connect() as connection:
            days = select(dossiers.c[SUBMITTED]).where(dossiers.c.code == "H59.15-230103-0100")
            assert (await connection.execute(days)).scalar_one() == (20230103 if columns else None)

    @pytest.mark.parametrize(
        ("column", "indexes"),
        [
            ("awaiting_acceptance", {"dossiers_waiting", "dossiers_answered", "dossiers_asked_again"}),
            ("accepted_late", {"dossiers_answered"}),
        ],
    )
    async def test_an_index_finds_them(self, engine: AsyncEngine, column: str, indexes: set[str]) -> None:
        """PostgreSQL would rather scan so small a table, so it is told not to."""
        async with engine.begin() as connection:
            figure = TokenFigure(YEAR, (), column, await pinned(connection))
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SET LOCAL enable_seqscan = off"))
            explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            plan = ""
            for table, conditions in candidates(figure, SHIPPED):
                if table is dossiers:
                    query = select(dossiers.c.code).where(*conditions)
                    written = query.compile(engine.sync_engine, compile_kwargs={"literal_binds": True})
                    plan += " ".join(str(row) for row in await connection.execute(text(f"{explain} {written}")))
        assert set(re.findall(r"dossiers_[a-z_]+", plan)) == indexes
