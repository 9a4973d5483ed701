"""What was given up: an operator sees it, has it tried again, and nobody gets twice what was taken."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.catalogue import Catalogue
from shared.contract.http import REPORTING
from shared.contract.schemas import read_golden
from tests.reporting.bound import application, caller
from tests.reporting.databases import on_sqlite
from tests.reporting.follow_up_office import OTHER, UNIT, FollowedOffice, by_webhook, waiting
from tests.reporting.test_audit import kept as audit_of
from tests.reporting.test_follow_up_sending import SIX_HOURS, URL, answering, standing

PATH = "/v1/follow-ups/given-up"


@pytest.fixture
async def office(engine: AsyncEngine, shipped: Catalogue) -> FollowedOffice:
    """The first unit's webhook took its slip, the other one's answered 404."""
    office = FollowedOffice(engine, shipped, by_webhook(URL, UNIT))
    await office.begin()
    office.recipients = by_webhook(URL, UNIT, OTHER)
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"), waiting("2023-02-07 10:00", OTHER))
    await office.look_at("2023-02-06 13:31")
    office.recipients = by_webhook(URL, UNIT)
    await office.send(office.sending(transport=answering(200)[0]))
    office.recipients = by_webhook(URL, UNIT, OTHER)
    assert await standing(office) == (0, 1)
    return office


async def asked(office: FollowedOffice, method: str, path: str, grants: str = "operator@*", **more: Any) -> Any:
    async with caller(application(office.engine, office.catalogue, office.clock), grants) as client:
        return await client.request(method, path, **more)


async def given_up(office: FollowedOffice) -> list[dict[str, Any]]:
    answer = await asked(office, "GET", PATH)
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.json()["given_up"] == len(answer.json()["deliveries"])
    found: list[dict[str, Any]] = answer.json()["deliveries"]
    return found


async def send_again(office: FollowedOffice, *ids: str) -> dict[str, list[str]]:
    answer = await asked(office, "POST", f"{PATH}/send-again", json={"deliveries": ids})
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, list[str]] = answer.json()
    return found


async def test_what_was_given_up_is_listed_sent_once_more_and_audited(office: FollowedOffice) -> None:
    taken, lost = sorted(await office.slips(), key=lambda kept: kept.sent_at is None)
    (one,) = await given_up(office)
    assert (one["id"], one["department"], one["way"], one["slips"]) == (lost.id, OTHER, "webhook", [str(lost.key)])
    assert "no such address" in one["problem"]
    office.now += timedelta(days=9)
    assert await send_again(office, taken.id, lost.id, "nobody's") == {
        "sent_again": [lost.id],
        "left": [taken.id, "nobody's"],
    }
    transport, posted = answering(200)
    await office.send(office.sending(transport=transport))
    assert [each.headers["webhook-id"] for each in posted] == [lost.id], "what was taken is not sent twice"
    assert (await given_up(office), await standing(office)) == ([], (0, 0))
    assert await send_again(office, lost.id) == {"sent_again": [], "left": [lost.id]}
    await office.send(office.sending(transport=transport))
    assert len(posted) == 1
    acts = [entry for entry in await audit_of(office.engine) if entry["act"] == "follow_ups_sent_again"]
    assert [(entry["details"], entry["name"]) for entry in acts] == [({"deliveries": [lost.id]}, "operator@*")]


@on_sqlite
async def test_it_is_tried_as_often_and_as_long_as_a_new_one(office: FollowedOffice) -> None:
    (one,) = await given_up(office)
    office.now += timedelta(days=9)
    await send_again(office, one["id"])
    transport, posted = answering(503)
    sending, began = office.sending(transport=transport, give_up_after=SIX_HOURS), office.now
    await office.send(sending)
    assert await standing(office) == (1, 0)
    while (await standing(office))[0]:
        office.now += timedelta(minutes=1)
        await office.send(sending)
    assert SIX_HOURS - (office.now - began) < timedelta(hours=1)
    assert len(posted) > 10
    assert {each.content for each in posted} == {posted[0].content}
    assert [again["id"] for again in await given_up(office)] == [one["id"]]


@on_sqlite
async def test_the_answers_are_as_published_and_a_wrong_body_is_named(office: FollowedOffice) -> None:
    golden = read_golden()
    assert {"http.follow-ups-given-up.v1", "http.follow-ups-sent-again.v1", "http.follow-ups-to-send.v1"} <= (
        golden.keys() & REPORTING.keys()
    )
    for body, field in (({}, "deliveries"), ({"deliveries": []}, "deliveries"), ({"delivery": "x"}, "delivery")):
        answer = await asked(office, "POST", f"{PATH}/send-again", json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert (await asked(office, "GET", f"{PATH}?limit=0")).status_code == httpx.codes.UNPROCESSABLE_ENTITY


@on_sqlite
async def test_where_nobody_sends_it_is_not_said_to_be_sent(office: FollowedOffice) -> None:
    app = application(office.engine, office.catalogue, office.clock, follows_up=False)
    async with caller(app, "operator@*") as client:
        answer = await client.post(f"{PATH}/send-again", json={"deliveries": ["x"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "follow_up_off")
    assert "MOTCUA_REPORTING_FOLLOW_UP_RECIPIENTS" in answer.json()["detail"]
    assert await standing(office) == (0, 1)


@on_sqlite
async def test_it_is_for_operators(office: FollowedOffice) -> None:
    for grants in (f"admin@{UNIT}", "officer@*", "compiler@*"):
        for method, path in (("GET", PATH), ("POST", f"{PATH}/send-again")):
            body = {"deliveries": ["x"]} if method == "POST" else None
            assert (await asked(office, method, path, grants, json=body)).status_code == httpx.codes.FORBIDDEN
