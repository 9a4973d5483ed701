"""The outbox and its webhooks: what is tried again, what is given up, and that nobody waits for somebody else."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import standardwebhooks
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.follow_up import outbox
from services.reporting.follow_up.outbox import Way
from services.reporting.read_model.sums import instant_of
from services.reporting.recipients import read_recipients
from shared.catalogue import Catalogue
from shared.contract.follow_up import FollowUpEventV1
from shared.service.clock import system_clock
from tests.builders.times import at
from tests.reporting.databases import on_sqlite
from tests.reporting.follow_up_office import (
    KEY,
    OTHER,
    UNIT,
    FollowedOffice,
    by_webhook,
    code,
    waiting,
)
from tests.support.wait import wait_until_async

pytestmark = on_sqlite
SIX_HOURS = timedelta(hours=6)
URL = "https://nghiep-vu.example/hook"


@pytest.fixture
async def office(engine: AsyncEngine, shipped: Catalogue) -> FollowedOffice:
    """With a slip for each of two units."""
    office = FollowedOffice(engine, shipped, by_webhook(URL, UNIT, OTHER))
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"), waiting("2023-02-07 10:00", OTHER))
    await office.look_at("2023-02-06 13:31")
    return office


def answering(*statuses: int | httpx.Response) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A receiver that gives these answers one after the other, the last one for ever; and what it was asked."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = statuses[min(len(asked), len(statuses)) - 1]
        return found if isinstance(found, httpx.Response) else httpx.Response(found)

    return httpx.MockTransport(answer), asked


async def standing(office: FollowedOffice) -> tuple[int, int]:
    """How many wait and how many were given up."""
    found = (await outbox.waiting(office.engine))[Way.WEBHOOK]
    return found.waiting, found.given_up


async def test_a_receiver_gets_a_signed_event_that_says_what_waits(office: FollowedOffice) -> None:
    transport, asked = answering(204)
    await office.send(office.sending(transport=transport))
    assert await standing(office) == (0, 0)
    (kept, _) = await office.slips()
    (request,) = [each for each in asked if each.headers["webhook-id"] == kept.id]
    signed = f"{kept.id}.{request.headers['webhook-timestamp']}.".encode() + request.content
    expected = base64.b64encode(hmac.digest(KEY, signed, sha256)).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    event = msgspec.json.decode(request.content, type=FollowUpEventV1)
    assert (event.id, event.subject, event.data) == (kept.id, kept.slip.code, kept.slip)
    assert json.loads(request.content)["type"] == "vn.motcua.follow-up.v1"
    assert kept.sent_at == at("2023-02-06 13:31")


@pytest.mark.parametrize("before", ["", "whsec_"])
async def test_what_is_posted_is_verified_by_the_library_of_standard_webhooks(
    engine: AsyncEngine, shipped: Catalogue, tmp_path: Path, before: str
) -> None:
    secret = before + base64.b64encode(bytes(range(32))).decode()
    (tmp_path / "secret").write_text(secret + "\n")
    (tmp_path / "recipients.toml").write_text(
        f'[[recipients]]\ndepartment = "{UNIT}"\nwebhook = "{URL}"\nwebhook_secret_file = "secret"\n'
    )
    office = FollowedOffice(engine, shipped, read_recipients(tmp_path / "recipients.toml", shipped))
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"))
    await office.look_at("2023-02-06 13:31")
    office.now = system_clock()  # it refuses what is older than five minutes
    transport, asked = answering(204)
    await office.send(office.sending(transport=transport))
    (request,) = asked
    event = standardwebhooks.Webhook(secret).verify(request.content, dict(request.headers))
    assert event["subject"] == code(0)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(request.content + b" ", dict(request.headers))


@pytest.mark.parametrize("status", [500, 503, 408, 425, 429])
async def test_what_may_pass_is_tried_again_with_the_same_id_and_bytes(office: FollowedOffice, status: int) -> None:
    transport, asked = answering(status, status, 200)
    sending = office.sending(transport=transport)
    await office.send(sending)
    assert await standing(office) == (2, 0)
    await office.send(sending)
    assert len(asked) == 2, "not before the pause is over"
    for _ in range(3):
        office.now += timedelta(minutes=5)
        await office.send(sending)
    assert await standing(office) == (0, 0)
    repeated = [each for each in asked if each.headers["webhook-id"] == asked[0].headers["webhook-id"]]
    assert len(repeated) == 2
    assert len({each.content for each in repeated}) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 413])
async def test_what_will_not_pass_is_given_up_at_once_and_shown(office: FollowedOffice, status: int) -> None:
    transport, asked = answering(status)
    await office.send(office.sending(transport=transport))
    office.now += timedelta(days=1)
    await office.send(office.sending(transport=transport))
    assert (len(asked), await standing(office)) == (2, (0, 2))
    assert {kept.problem for kept in await office.slips()} == {f"the webhook answers {status}"}


@pytest.mark.parametrize("when", ["600", "Mon, 06 Feb 2023 06:41:00 GMT", "Mon, 06 Feb 2023 13:41:00 +0700"])
async def test_a_receiver_that_says_when_is_asked_then(office: FollowedOffice, when: str) -> None:
    transport, asked = answering(httpx.Response(503, headers={"Retry-After": when}), 503, 200)
    sending = office.sending(transport=transport)
    await office.send(sending)
    office.now += timedelta(seconds=599)
    await office.send(sending)
    ids = [each.headers["webhook-id"] for each in asked]
    assert ids.count(ids[0]) == 1
    office.now += timedelta(seconds=1)
    await office.send(sending)
    assert await standing(office) == (0, 0)


async def test_a_long_pause_does_not_give_up_what_is_young(office: FollowedOffice) -> None:
    """It is asked for at the 60th hour of 72: the try after it comes a little later than the 72nd."""
    transport, _ = answering(httpx.Response(429, headers={"Retry-After": "86400"}))
    office.now += timedelta(hours=60)
    await office.send(office.sending(transport=transport))
    assert await standing(office) == (2, 0)
    office.now += timedelta(days=1)
    await office.send(office.sending(transport=transport))
    assert await standing(office) == (0, 2)


async def test_pauses_grow_and_one_that_is_away_for_days_is_given_up(office: FollowedOffice) -> None:
    transport, asked = answering(503)
    sending, tried = office.sending(transport=transport, give_up_after=SIX_HOURS), [office.now]
    await office.send(sending)
    while (await standing(office))[0]:
        office.now = instant_of(max(row.next_try_at for row in await office.deliveries()))
        tried.append(office.now)
        await office.send(sending)
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses == sorted(pauses)
    assert pauses[0] < timedelta(minutes=1)
    assert pauses[-1] == timedelta(hours=1)
    assert timedelta(0) <= SIX_HOURS - (tried[-1] - tried[0]) < timedelta(hours=1)
    assert (len(asked), await standing(office)) == (2 * len(tried), (0, 2))


class Slow(httpx.AsyncBaseTransport):
    """Answers other receivers at once, and one of them never."""

    def __init__(self, is_slow: Callable[[httpx.Request], bool]) -> None:
        self._is_slow = is_slow
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        event: dict[str, Any] = json.loads(await request.aread())
        self.asked.append(event["data"]["department"])
        if self._is_slow(request):
            await asyncio.Event().wait()
        return httpx.Response(200)


async def test_a_receiver_that_never_answers_holds_nobody_up(office: FollowedOffice) -> None:
    slow = Slow(lambda request: json.loads(request.content)["data"]["department"] == UNIT)
    sending = office.sending(timeout_s=0.3, transport=slow)
    await sending.look()

    async def other_has_it() -> bool:
        return (await standing(office))[0] == 1

    await wait_until_async(other_has_it, 30, "the other unit's slip is sent")
    of_other = [kept.sent_at for kept in await office.slips() if kept.slip.department == OTHER]
    assert of_other == [office.now], "while the first one is still waited for"
    await sending.settle()
    (kept,) = [kept for kept in await office.slips() if kept.slip.department == UNIT]
    assert (kept.sent_at, kept.problem) == (None, "no answer within 0.3 s")


async def test_one_that_does_not_answer_is_not_asked_for_each_that_waits(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    office = FollowedOffice(engine, shipped, by_webhook(URL))
    await office.begin()
    await office.deliver(*(waiting("2023-02-07 09:00") for _ in range(20)))
    await office.look_at("2023-02-06 13:31")
    transport, asked = answering(*[503] * 4, 204)
    sending = office.sending(transport=transport)
    begun, times = office.now, []
    for second in range(5 * 60):
        office.now = begun + timedelta(seconds=second)
        before = len(asked)
        await sending.look()
        await sending.settle()
        times += [second] * (len(asked) - before)
    assert times[:5] == [0, 10, 30, 70, 130], "ten seconds, twenty, forty, and then a minute"
    assert len(asked) == 4 + 20, "once it answers, it gets all of them"
    assert await standing(office) == (0, 0)


async def test_two_processes_send_each_of_them_once(office: FollowedOffice) -> None:
    transport, asked = answering(200)
    await asyncio.gather(*(office.send(office.sending(transport=transport)) for _ in range(3)))
    assert len(asked) == 2


async def test_who_died_while_sending_leaves_it_to_be_sent_again(office: FollowedOffice) -> None:
    transport, asked = answering(200)
    lane = (UNIT, Way.WEBHOOK)
    (delivery,) = await outbox.due(office.engine, lane, office.now)
    assert await outbox.claim(office.engine, delivery, office.now, timedelta(seconds=15)), "and dies"
    sending = office.sending(transport=transport)
    await office.send(sending)
    assert [json.loads(each.content)["data"]["department"] for each in asked] == [OTHER]
    office.now += timedelta(seconds=15)
    await office.send(sending)
    assert asked[-1].headers["webhook-id"] == delivery.id
    assert await standing(office) == (0, 0)


@pytest.mark.parametrize("meanwhile", [200, 404])
async def test_who_was_frozen_while_sending_leaves_to_others_what_they_settled(
    office: FollowedOffice, meanwhile: int
) -> None:
    """It wakes up when its receiver has hung up; another process has had the same slip taken, or given it up."""
    asked, wakes = asyncio.Event(), asyncio.Event()

    async def frozen(_: httpx.Request) -> httpx.Response:
        asked.set()
        await wakes.wait()
        return httpx.Response(503)

    sleeper = office.sending(transport=httpx.MockTransport(frozen))
    sleeper.recipients = office.recipients = by_webhook(URL, UNIT)
    await sleeper.look()
    await asked.wait()
    office.now += timedelta(minutes=1)
    await office.send(office.sending(transport=answering(meanwhile)[0]))
    before = {row.id: row for row in await office.deliveries()}
    wakes.set()
    await sleeper.settle()
    assert {row.id: row for row in await office.deliveries()} == before
    assert (await standing(office))[0] == 0


async def test_a_unit_that_is_no_recipient_any_more_is_not_waited_for(office: FollowedOffice) -> None:
    transport, asked = answering(200)
    sending = office.sending(transport=transport)
    sending.recipients = by_webhook(URL, OTHER)
    await office.send(sending)
    assert (len(asked), await standing(office)) == (1, (0, 1))


async def test_who_is_stopped_finishes_what_is_being_sent_and_no_more(engine: AsyncEngine, shipped: Catalogue) -> None:
    office = FollowedOffice(engine, shipped, by_webhook(URL))
    await office.begin()
    await office.deliver(*(waiting("2023-02-07 09:00") for _ in range(3)))
    await office.look_at("2023-02-06 13:31")
    begun, goes_on, asked = asyncio.Event(), asyncio.Event(), list[str]()

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["webhook-id"])
        begun.set()
        await goes_on.wait()
        return httpx.Response(200)

    sending = office.sending(transport=httpx.MockTransport(answer))
    await sending.look()
    await begun.wait()
    ending = asyncio.create_task(sending.end())
    await asyncio.sleep(0)
    goes_on.set()
    await ending
    assert [kept.id for kept in await office.slips() if kept.sent_at is not None] == asked
    assert (len(asked), await standing(office)) == (1, (2, 0))
