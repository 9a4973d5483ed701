"""From outside: every number of an answer is opened by its token;
what is no token, or not of this model, is refused with the reason."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.opening.tokens import OtherCatalogue, Tokens
from services.reporting.read_model.tables import model
from shared.catalogue import Catalogue
from shared.domain.columns import KEYS
from shared.service.sql import writing
from tests.reporting.test_api import HISTORIES, NOW, client, figures  # noqa: F401 - the fixture is asked for by name

pytestmark = pytest.mark.usefixtures("engine")
A_SECOND = timedelta(seconds=1)


async def opened(client: httpx.AsyncClient, token: str, query: str = "") -> dict[str, Any]:  # noqa: F811
    answer = await client.get(f"/v1/figures/{token}/dossiers?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestList:
    async def test_every_number_opens_into_as_many_dossiers(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        found = await figures(client, "by=department,month&from=2022-12-01&to=2023-02-28")
        assert len(found["tokens"]) == len(KEYS) * (1 + len(found["rows"]))
        for name, token in found["tokens"].items():
            place, _, column = name.rpartition(".")
            row = found["total"] if place == "total" else found["rows"][int(place.removeprefix("rows."))]
            listed = await opened(client, token)
            assert (len(listed["dossiers"]), listed["figure"], listed["cursor"]) == (row[column], column, None)

    async def test_it_says_what_it_lists(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        found = await figures(client, "by=department,month&from=2023-01-01&to=2023-02-28&definition=instant/1")
        index = next(
            index
            for index, row in enumerate(found["rows"])
            if row["key"] == {"department": "H59.15", "month": "2023-02"}
        )
        listed = await opened(client, found["tokens"][f"rows.{index}.in_progress_overdue"])
        assert (listed["from"], listed["to"], listed["definition"]) == ("2023-02-01", "2023-02-28", "instant/1")
        assert (listed["as_of"], listed["as_known_at"], listed["key"]) == (
            NOW.isoformat(),
            None,
            {"department": "H59.15"},
        )
        (one,) = listed["dossiers"]
        assert one == {
            "code": "H59.15-230103-0000",
            "department": "H59.15",
            "procedure": "2.000635",
            "channel": "online",
            "received_at": "2022-12-20T08:00:00+07:00",
            "due_at": "2023-01-31T08:00:00+07:00",
            "in_hours": False,
            "state": "received",
            "closed_at": None,
            "closed_as": None,
            "returned_at": None,
            "timeliness": "overdue",
            "officer": None,
        }

    async def test_pages_follow_the_link(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        token = (await figures(client))["tokens"]["total.received_total"]
        codes, address = [], f"/v1/figures/{token}/dossiers?limit=4"
        answer = await client.get(address)
        codes += [one["code"] for one in answer.json()["dossiers"]]
        answer = await client.get(answer.links["next"]["url"])
        codes += [one["code"] for one in answer.json()["dossiers"]]
        assert (sorted(codes), "next" in answer.links) == (
            [f"H59.15-230103-{number:04}" for number in range(len(HISTORIES))],
            False,
        )

    async def test_tokens_can_be_left_out(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        assert "tokens" not in await figures(client, "tokens=none")
        assert (await client.get("/v1/figures?tokens=some")).json()["parameter"] == "tokens"

    async def test_tokens_are_short_and_safe_in_a_url(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        tokens = (
            await figures(client, "by=field,department,month&department=H59.02,H59.15&channel=online&field=Dược phẩm")
        )["tokens"]
        for token in tokens.values():
            assert len(token) <= 160
            assert httpx.URL(f"http://a/{token}").path == f"/{token}"


class TestRefusal:
    async def test_a_token_altered_anywhere_is_not_found(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        token = (await figures(client))["tokens"]["total.received_total"]
        for place, character in enumerate(token):
            altered = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
            answer = await client.get(f"/v1/figures/{altered}/dossiers")
            assert answer.status_code == 404, place
            assert "copy it whole" in answer.json()["detail"]

    @pytest.mark.parametrize("token", ["x", "token", "a" * 400, "%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9"])
    async def test_what_is_no_token_is_not_found(self, client: httpx.AsyncClient, token: str) -> None:  # noqa: F811
        assert (await client.get(f"/v1/figures/{token}/dossiers")).status_code == 404

    async def test_a_token_of_a_model_made_anew_is_gone(self, engine: AsyncEngine, client: httpx.AsyncClient) -> None:  # noqa: F811
        token = (await figures(client))["tokens"]["total.received_total"]
        async with writing(engine) as connection:
            await connection.execute(update(model).values(generation=model.c.generation + 1))
        answer = await client.get(f"/v1/figures/{token}/dossiers")
        assert (answer.status_code, "ask for the figures again" in answer.json()["detail"]) == (410, True)

    async def test_a_token_of_a_state_that_a_restored_database_lost_is_gone(
        self,
        engine: AsyncEngine,
        client: httpx.AsyncClient,  # noqa: F811
    ) -> None:
        token = (await figures(client))["tokens"]["total.received_total"]
        async with writing(engine) as connection:
            await connection.execute(update(model).values(revision=0))
        assert (await client.get(f"/v1/figures/{token}/dossiers")).status_code == 410

    async def test_a_token_of_another_catalogue_is_told_apart(
        self,
        client: httpx.AsyncClient,  # noqa: F811
        shipped: Catalogue,
    ) -> None:
        token = (await figures(client))["tokens"]["total.received_total"]
        code, procedure = next(iter(shipped.procedures.items()))
        renamed = {**shipped.procedures, code: replace(procedure, field="Lĩnh vực mới")}
        other = dataclasses.replace(shipped, versions=tuple(renamed.values()))
        with pytest.raises(OtherCatalogue):
            Tokens(other).read(token)

    @pytest.mark.parametrize(
        ("query", "named"),
        [
            ("limit=0", "limit"),
            ("limit=10001", "limit"),
            ("cursor=%21", "cursor"),
            ("cursor=abc", "cursor"),
            ("by=month", "by"),
        ],
    )
    async def test_a_wrong_parameter_is_named(self, client: httpx.AsyncClient, query: str, named: str) -> None:  # noqa: F811
        token = (await figures(client))["tokens"]["total.received_total"]
        for address in (
            f"{token}/dossiers?{query}",
            f"definitions?{query}",
            f"changes?as_known_at=2023-01-09T00:00:00Z&{query}",
        ):
            answer = await client.get(f"/v1/figures/{address}")
            assert (answer.status_code, named in answer.json()["detail"]) == (422, True), address

    async def test_a_cursor_of_another_list_or_an_altered_one_is_refused(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        tokens = (await figures(client))["tokens"]
        mine, other = tokens["total.received_total"], tokens["total.in_progress_total"]
        cursor = (await client.get(f"/v1/figures/{mine}/dossiers?limit=1")).json()["cursor"]
        assert (
            await client.get(f"/v1/figures/{mine}/dossiers", params={"cursor": cursor, "limit": 2})
        ).status_code == 200
        altered = [
            cursor[:place] + ("A" if letter != "A" else "B") + cursor[place + 1 :]
            for place, letter in enumerate(cursor[:-1])
        ]
        for address, wrong in [(other, cursor), *((mine, one) for one in (*altered, cursor.lower(), cursor[:-2]))]:
            answer = await client.get(f"/v1/figures/{address}/dossiers", params={"cursor": wrong})
            assert (answer.status_code, answer.json()["parameter"]) == (422, "cursor"), wrong

    @pytest.mark.parametrize("parameter", ["by", "department", "channel", "procedure", "level"])
    async def test_an_empty_filter_is_not_all_of_them(self, client: httpx.AsyncClient, parameter: str) -> None:  # noqa: F811
        answer = await client.get(f"/v1/figures?{parameter}=")
        assert (answer.status_code, answer.json()["parameter"]) == (422, parameter)


class TestAsKnownAt:
    async def test_the_answer_of_a_past_day_can_be_had_again(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        """Known on the ninth at eight, when the first dossier was about to be resolved; judged then too."""
        then = await figures(client, "as_known_at=2023-01-09T08:00:00%2B07:00&from=2023-01-01&to=2023-01-31")
        assert (then["as_known_at"], then["as_of"]) == ("2023-01-09T08:00:00+07:00",) * 2
        assert (
            then["total"]["resolved_total"],
            then["total"]["in_progress_total"],
            then["total"]["in_progress_suspended"],
        ) == (0, 5, 1)
        assert all(one["holds"] for one in then["identities"])
        listed = await opened(client, then["tokens"]["total.in_progress_total"])
        assert (len(listed["dossiers"]), listed["as_known_at"]) == (5, then["as_known_at"])
        assert {one["state"] for one in listed["dossiers"]} == {"received", "awaiting_supplement"}

    @pytest.mark.parametrize(
        "path", ["/v1/figures?", "/v1/reports/ii06a?", "/v1/figures/changes?", "/v1/figures/definitions?"]
    )
    async def test_nobody_knows_what_will_be_known(self, client: httpx.AsyncClient, path: str) -> None:  # noqa: F811
        later = (datetime.now(NOW.tzinfo) + timedelta(days=1)).isoformat().replace("+", "%2B")
        answer = await client.get(f"{path}as_known_at={later}")
        assert (answer.status_code, answer.json()["parameter"]) == (422, "as_known_at")

    async def test_changes_name_the_dossiers_that_moved(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        query = "from=2023-01-01&to=2023-01-31&as_known_at=2023-01-09T12:00:00%2B07:00"
        found = (await client.get(f"/v1/figures/changes?{query}&limit=2")).json()
        following = (
            await client.get((await client.get(f"/v1/figures/changes?{query}&limit=2")).links["next"]["url"])
        ).json()
        assert (
            found["difference"]["resolved_on_time"]
            == found["now"]["resolved_on_time"] - found["then"]["resolved_on_time"]
            == 1
        )
        assert "difference" not in following
        moved = {one["code"]: one for one in found["dossiers"] + following["dossiers"]}
        on_time = moved["H59.15-230103-0002"]
        assert on_time["left"] == ["in_progress_total", "in_progress_overdue"]
        assert on_time["entered"] == ["resolved_total", "resolved_on_time", "awaiting_return"]
        assert (on_time["sequence_then"], on_time["sequence_now"], on_time["known_at"]) == (
            1,
            3,
            "2023-02-01T08:00:00+07:00",
        )
        for column in KEYS:
            entered = sum((column in one["entered"]) - (column in one["left"]) for one in moved.values())
            assert entered == found["difference"][column], column

    async def test_changes_need_an_instant_to_compare_with_and_one_after_it(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        assert (await client.get("/v1/figures/changes")).json()["parameter"] == "as_known_at"
        for until in ("2023-01-08T12:00:00z", "", "2999-01-01T00:00:00Z"):
            query = f"as_known_at=2023-01-09t12:00:00z&until_known_at={until}"
            assert (await client.get(f"/v1/figures/changes?{query}")).json()["parameter"] == "until_known_at", until

    async def test_definitions_are_compared_with_the_dossiers_they_differ_on(self, client: httpx.AsyncClient) -> None:  # noqa: F811
        found = (await client.get("/v1/figures/definitions?from=2023-01-01&to=2023-02-01")).json()
        totals = found["definitions"]
        assert (totals["by-date/1"]["resolved_on_time"], totals["instant/1"]["resolved_on_time"]) == (1, 0)
        classes = {one["code"]: one["classes"] for one in found["dossiers"]}
        assert classes["H59.15-230103-0002"] == {
            "by-date/1": "on_time",
            "instant/1": "overdue",
            "half-day/1": "overdue",
        }
        assert (totals["by-date/1"]["resolved_overdue"], totals["instant/1"]["resolved_overdue"]) == (1, 2)
