"""The processor as a process on a real broker: killed in the middle, fed twice, fed poison;
nothing lost, nothing counted twice."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.contract.envelope import CloudEvent
from shared.contract.status import AlertV1, decode_alert, decode_dead_letter
from shared.contract.topics import ALERTS, DEAD_LETTERS, EVENTS, TICKS
from shared.service.clock import system_clock
from tests.processing.records import envelope
from tests.processing.topics import delete_topic, everything_on, get, publish, publisher, statuses
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, Service, service
from tests.support.wait import wait_until_async

HISTORY = (
    ("received", 8),
    ("processing_started", 9),
    ("supplement_requested", 10),
    ("supplemented", 11),
    ("resolved", 14),
    ("returned", 15),
)


@pytest.fixture
def processing(module_broker: str, tmp_path: Path) -> Iterator[Service]:
    environment = {
        "KAFKA_BOOTSTRAP": module_broker,
        "INSTANCE": "the-only-one",
        "ALERT_GRACE_SECONDS": "1",
        "CLOCK": "2023-12-31T12:00:00+07:00",
    }
    with service("processing", free_port_base(1), environment, tmp_path / "processing.log") as running:
        yield running


def code(department: str, number: int) -> str:
    """Each test works for a department of its own on the shared broker."""
    return f"{department}-231208-{number:04d}"


async def test_killed_again_and_again_while_events_arrive_it_ends_where_a_straight_run_would(
    processing: Service, module_broker: str
) -> None:
    department, dossiers, a_slice = "H59.01", 600, 300
    about: dict[str, Any] = {"department": department, "due_at": "2024-03-01T08:00:00+07:00"}

    def happened(sequence: int, name: str, hour: int, numbers: range) -> list[CloudEvent]:
        carries: dict[str, Any] = about if name == "received" else {}
        return [envelope(code(department, n), sequence, name, f"2023-12-08 {hour:02d}:00", **carries) for n in numbers]

    async with publisher(module_broker) as broker:
        for sequence, (name, hour) in enumerate(HISTORY, 1):
            for first in range(0, dossiers, a_slice):
                await publish(broker, happened(sequence, name, hour, range(first, first + a_slice)))
            await publish(broker, happened(sequence, name, hour, range(0, dossiers, 7)))
            await asyncio.to_thread(processing.kill)
            await asyncio.to_thread(processing.start)

    async def all_returned() -> bool:
        found = await statuses(module_broker, department)
        return len(found) == dossiers and all(status.state == "returned" for status in found.values())

    await wait_until_async(all_returned, 60, "every dossier is returned")
    found = await statuses(module_broker, department)
    assert {(status.sequence, status.version, status.timeliness) for status in found.values()} == {(6, 24, "early")}
    assert await everything_on(module_broker, DEAD_LETTERS.name) == []
    ledger = (await get(processing, "/v1/ledger", HEADERS)).text.splitlines()
    assert {json.loads(line)["code"] for line in ledger} == set(found)
    status = f'motcua_processing_dossiers{{department="{department}",timeliness="early"}} {dossiers}.0'
    assert status in (await get(processing, "/metrics")).text
    assert await asyncio.to_thread(processing.stop) == 0


async def test_poison_goes_to_the_dead_letters_and_the_stream_goes_on(processing: Service, module_broker: str) -> None:
    department = "H59.02"
    first, second, third = (code(department, number) for number in (1, 2, 3))
    async with publisher(module_broker) as broker:
        await broker.publish(EVENTS.name, {0: [(b"H59.02-231208-0009", b"not json")]})
        await publish(
            broker,
            [envelope(each, 1, "received", "2023-12-08 08:00", department=department) for each in (first, second)],
        )
        await publish(
            broker,
            [
                envelope(first, 3, "resolved", "2023-12-08 09:00"),
                envelope(second, 2, "supplemented", "2023-12-08 09:00"),
            ],
        )
        await publish(broker, [envelope(third, 1, "received", "2023-12-08 08:00", department=department)])

    async def all_three() -> bool:
        return len(await statuses(module_broker, department)) == 3

    await wait_until_async(all_three, 30, "three dossiers are followed")

    async def buried() -> list[bytes]:
        letters = await everything_on(module_broker, DEAD_LETTERS.name)
        return letters if len(letters) >= 3 else []

    letters = [decode_dead_letter(value) for value in await wait_until_async(buried, 30, "three dead letters")]
    assert sorted(letter.reason for letter in letters) == ["malformed", "sequence_gap", "transition_not_allowed"]
    malformed = next(letter for letter in letters if letter.reason == "malformed")
    assert (malformed.topic, malformed.partition, malformed.value) == (EVENTS.name, 0, b"not json")
    assert 'motcua_dead_letters_total{reason="sequence_gap"} 1.0' in (await get(processing, "/metrics")).text


async def test_time_alone_makes_a_dossier_due_soon_or_overdue_with_one_alert_each(
    processing: Service, module_broker: str
) -> None:
    """The clock stands at noon of 31 December:
    one deadline has passed, one is near, one is far, one waits for papers."""
    department = "H59.03"
    passed, near, far, waits, later = (code(department, number) for number in range(1, 6))
    due = {passed: "2023-12-20", near: "2024-01-01", far: "2024-02-01", waits: "2023-12-20", later: "2023-12-21"}

    def received(each: str) -> CloudEvent:
        about: dict[str, Any] = {"department": department, "due_at": f"{due[each]}T08:00:00+07:00"}
        return envelope(each, 1, "received", "2023-12-08 08:00", recordedtime=system_clock(), **about)

    async def alerts() -> list[AlertV1]:
        found = [decode_alert(value) for value in await everything_on(module_broker, ALERTS.name)]
        return [alert for alert in found if alert.department == department]

    async def two() -> bool:
        return len(await alerts()) == 2

    async def three() -> bool:
        return len(await alerts()) >= 3

    async with publisher(module_broker) as broker:
        await publish(broker, [received(waits), envelope(waits, 2, "supplement_requested", "2023-12-11 08:00")])
        await publish(broker, [received(each) for each in (passed, near, far)])
        await wait_until_async(two, 30, "two alerts")
        await asyncio.to_thread(processing.kill)
        await asyncio.to_thread(processing.start)
        await publish(broker, [received(later)])
        await wait_until_async(three, 30, "the third alert")
    raised = [(alert.code, alert.threshold) for alert in await alerts()]
    assert sorted(raised) == [(passed, "overdue"), (near, "due_soon"), (later, "overdue")], (
        "none is raised again after a kill"
    )
    metrics = (await get(processing, "/metrics")).text
    for timeliness, count in {"overdue": 2, "due_soon": 1, "within": 1, "suspended": 1}.items():
        assert f'motcua_processing_dossiers{{department="{department}",timeliness="{timeliness}"}} {count}.0' in metrics


@pytest.mark.long
async def test_alerts_go_on_when_the_topic_of_their_ticks_was_deleted(processing: Service, module_broker: str) -> None:
    """At once under the worker that runs, and after a start that gets its partitions back as they were
    given without the ticks'."""
    department = "H59.04"

    def overdue(number: int) -> CloudEvent:
        about: dict[str, Any] = {"department": department, "due_at": "2023-12-20T08:00:00+07:00"}
        return envelope(
            code(department, number), 1, "received", "2023-12-08 08:00", recordedtime=system_clock(), **about
        )

    async def announced(numbers: int) -> bool:
        found = [decode_alert(value) for value in await everything_on(module_broker, ALERTS.name)]
        return {alert.code for alert in found if alert.department == department} == {
            code(department, n) for n in range(1, numbers + 1)
        }

    async with publisher(module_broker) as broker:
        await publish(broker, [overdue(1)])
        await wait_until_async(lambda: announced(1), 60, "the first is announced")
        await delete_topic(module_broker, TICKS.name)
        await publish(broker, [overdue(2)])
        await wait_until_async(lambda: announced(2), 90, "the second is announced")
        await delete_topic(module_broker, TICKS.name)
        await asyncio.to_thread(processing.kill)
        await asyncio.to_thread(processing.start)
        await publish(broker, [overdue(3)])
        await wait_until_async(lambda: announced(3), 60, "the third is announced")


async def test_a_number_of_partitions_that_the_topics_do_not_have_is_refused(
    processing: Service, module_broker: str, tmp_path: Path
) -> None:
    """The topics are there with four partitions, as the running worker made them."""
    log = tmp_path / "other.log"
    other = Service("processing", free_port_base(1), {"KAFKA_BOOTSTRAP": module_broker, "KAFKA_PARTITIONS": "6"}, log)
    with pytest.raises(AssertionError, match="processing ended with 70"):
        await asyncio.to_thread(other.start)
    assert "has 4 partitions, MOTCUA_PROCESSING_KAFKA_PARTITIONS says 6" in log.read_text()


async def test_the_ledger_is_for_those_with_the_key(processing: Service) -> None:
    assert (await get(processing, "/v1/ledger")).status_code == httpx.codes.UNAUTHORIZED
    assert (await get(processing, "/v1/ledger", HEADERS)).status_code == httpx.codes.OK
    assert (await get(processing, "/healthz/live")).status_code == httpx.codes.OK
