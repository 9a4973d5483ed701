"""Dead letters as intake tells of them: which are open, sent again so that each counts once, marked as dealt with."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from aiokafka.admin import NewTopic

from services.intake.relaying import dead_letters as relaying
from shared.contract.envelope import encode
from shared.contract.status import DeadLetterV1
from shared.contract.topics import DEAD_LETTERS, EVENTS, STATUS
from shared.service.clock import system_clock
from tests.intake.conftest import Start
from tests.intake.sending import Sender, cloud_event, received
from tests.intake.test_log_and_topic import ON_SQLITE, admin, started_producer
from tests.intake.test_relay import all_relayed, arrived, code
from tests.support.wait import wait_until_async

WITHIN_S = 60.0
PATH = "/v1/dead-letters"
OPEN = "motcua_dead_letters_open"


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "LOOK_SECONDS", 0.2)


def letter(value: bytes | None, topic: str = EVENTS.name, **more: Any) -> bytes:
    about: dict[str, Any] = {"partition": 1, "offset": 7, "reason": "malformed", "detail": "for a test", "key": b"k"}
    return encode(DeadLetterV1(topic=topic, failed_at=system_clock(), value=value, **(about | more)))


async def put_aside(broker: str, *letters: bytes) -> None:
    producer = await started_producer(broker)
    try:
        for one in letters:
            await producer.send_and_wait(DEAD_LETTERS.name, one)
    finally:
        await producer.stop()


async def listed(intake: Sender, **query: Any) -> dict[str, Any]:
    answer = await intake.http.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ids(intake: Sender, **query: Any) -> dict[str, str]:
    """The ids of letters by their details."""
    letters = (await listed(intake, **query))["letters"]
    return {"none" if view["letter"] is None else view["letter"]["detail"]: view["id"] for view in letters}


async def does(intake: Sender, what: str, *letters: str, **more: Any) -> Any:
    answer = await intake.http.post(f"{PATH}/{what}", json={"letters": letters} | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def says(intake: Sender, count: float) -> None:
    async def said() -> bool:
        return f"{OPEN} {count}\n" in (await intake.http.get("/metrics")).text

    await wait_until_async(said, WITHIN_S, f"{OPEN} is {count}")


async def test_events_are_sent_again_so_that_each_counts_once_and_the_rest_stays_open(
    start: Start, fresh_broker: str
) -> None:
    stranger = msgspec.json.encode(received(code(2)))
    too_much = msgspec.json.encode(cloud_event("rated", "2023-12-09T08:00", code(1), score=9))
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await intake.bulk(received(code(1)))
        await all_relayed(intake)
        await says(intake, 0.0)
        (logged,), before = await arrived(fresh_broker), await intake.log()
        await put_aside(
            fresh_broker,
            letter(logged.value, detail="of the log"),
            letter(stranger, detail="a stranger's"),
            letter(too_much, detail="refused"),
            letter(b"{}", STATUS.name, detail="a status"),
            b"no letter at all",
        )
        await says(intake, 5.0)
        found = await ids(intake)
        answer = await does(intake, "send-again", *found.values(), note="bản mới đã xử lý được")
        became = dict(zip(found, (fate["became"] for fate in answer["letters"]), strict=True))
        assert became == {
            "of the log": "in_the_log",
            "a stranger's": "accepted",
            "refused": "refused",
            "a status": "no_event",
            "none": "no_event",
        }
        await says(intake, 3.0)
        await all_relayed(intake)
        assert len(before) + 1 == len(await intake.log()), (
            "the stranger's event is in the log, the other one still once"
        )

        async def both() -> bool:
            values = [record.value for record in await arrived(fresh_broker)]
            return values.count(logged.value) == 2 and len(set(values)) == 2

        await wait_until_async(both, WITHIN_S, "the log was sent again, with the stranger's event")
        again = await does(intake, "send-again", found["a stranger's"])
        assert again["letters"][0]["became"] == "in_the_log", "by mistake: it counts no second time"
        assert len(await intake.log()) == len(before) + 1
        handled = await listed(intake, state="handled")
        assert {view["note"] for view in handled["letters"] if view["id"] == found["of the log"]} == {
            "bản mới đã xử lý được"
        }
        assert (handled["open"], handled["handled"]) == (3, 2)
        entries = [msgspec.json.decode(line) for line in (await intake.http.get("/v1/audit")).content.splitlines()]
        sent = [entry["details"] for entry in entries if entry["act"] == "dead_letters_sent_again"]
        assert set(sent[0]["letters"]) == {found["of the log"], found["a stranger's"]}
        assert sent[0]["note"] == "bản mới đã xử lý được"


@ON_SQLITE
async def test_what_is_done_stays_done_after_a_restart_and_a_new_letter_is_open(
    start: Start, fresh_broker: str
) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await all_relayed(intake)
        await wait_until_async(lambda: _has_topic(fresh_broker), WITHIN_S, "the topics are made")
        await put_aside(fresh_broker, letter(b"x"), letter(b"x", detail="other"))
        await says(intake, 2.0)
        found = await ids(intake)
        assert await does(intake, "done", found["for a test"], note="thử nghiệm") == {"done": 1}
        assert await does(intake, "done", found["for a test"]) == {"done": 0}
        (view,) = (await listed(intake, id=found["for a test"]))["letters"]
        assert (view["state"], view["handled_by"], view["note"]) == ("done", "the key from the settings", "thử nghiệm")
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await says(intake, 1.0)
        await put_aside(fresh_broker, letter(b"x"))
        await says(intake, 2.0)
        assert list(await ids(intake, state="handled")) == ["for a test"]
        async with admin(fresh_broker) as broker:
            await broker.delete_topics([DEAD_LETTERS.name])
            await broker.create_topics([NewTopic(DEAD_LETTERS.name, 4, 1)])
        await says(intake, 0.0)


@ON_SQLITE
async def test_who_wrote_a_record_is_told_by_the_log_and_by_its_headers(start: Start, fresh_broker: str) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await intake.bulk(received(code(1)))
        await all_relayed(intake)
        (logged,) = await arrived(fresh_broker)
        told = msgspec.json.decode(logged.value)
        await put_aside(
            fresh_broker,
            letter(logged.value, detail="of the log"),
            letter(msgspec.json.encode(told | {"source": "/stranger"}), detail="of its id"),
            letter(msgspec.json.encode(told | {"id": "nobody's"}), detail="of no id"),
            letter(b"<ho so>", detail="no event"),
            letter(b"{}", STATUS.name, detail="of the ledger", headers=[("motcua-ledger", "[1,1,0,1,1]")]),
            letter(b"{}", STATUS.name, detail="no status", headers=[]),
            letter(b"{}", STATUS.name, detail="of an earlier version"),
            letter(b"{", detail="cut", value_bytes=70_000, value_sha256="9f"),
            b"no letter at all",
        )
        await says(intake, 9.0)
        views = {
            "none" if view["letter"] is None else view["letter"]["detail"]: view
            for view in (await listed(intake))["letters"]
        }
        found = {detail: view["origin"] for detail, view in views.items()}
        assert {detail: origin["author"] for detail, origin in found.items()} == {
            "of the log": "intake",
            "of its id": "another",
            "of no id": "another",
            "no event": "another",
            "of the ledger": "processing",
            "no status": "another",
            "of an earlier version": None,
            "cut": None,
            "none": None,
        }
        assert (found["of the log"]["position"], found["of its id"]["position"]) == (1, 1)
        assert [found[one]["event_id"] for one in ("of its id", "of no id", "no event")] == [
            told["id"],
            "nobody's",
            None,
        ]
        (of_the_log,) = (await listed(intake, id=views["of the log"]["id"]))["letters"]
        origin, entry = of_the_log["origin"], await accepted(intake)
        assert (origin["audit_entry"], origin["accepted_by"]) == (entry["number"], entry["name"])
        assert origin["requests"] == entry["requests"] != []
        assert msgspec.convert(origin["recorded_at"], datetime) == msgspec.convert(told["recordedtime"], datetime)


async def accepted(intake: Sender) -> dict[str, Any]:
    """The audit's entry of what was accepted."""
    entries = [msgspec.json.decode(line) for line in (await intake.http.get("/v1/audit")).content.splitlines()]
    (found,) = (entry for entry in entries if entry["act"] == "events_accepted")
    assert isinstance(found, dict)
    return found


async def _has_topic(broker: str) -> bool:
    async with admin(broker) as client:
        return DEAD_LETTERS.name in await client.list_topics()


@ON_SQLITE
async def test_without_a_broker_the_calls_say_so_and_nothing_is_claimed(start: Start) -> None:
    async with start() as intake:
        answer = await intake.http.get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (503, "broker_away")
        assert f"\n{OPEN} " not in (await intake.http.get("/metrics")).text, "absent is not zero"
        for body, field in (
            ({"letters": []}, None),
            ({"letters": ["x"], "note": "gọi 0912 345 678"}, "note"),
            ({"letters": ["x"], "notes": "x"}, None),
        ):
            refused = await intake.http.post(f"{PATH}/done", json=body)
            assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text


async def test_a_letter_that_is_not_there_is_named(start: Start, fresh_broker: str) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await all_relayed(intake)
        answer = await intake.http.post(f"{PATH}/send-again", json={"letters": ["0000000000000000"]})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_letter"), answer.text
