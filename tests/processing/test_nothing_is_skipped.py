"""A worker on a real broker whose topics lose records, gain a second writer,
are made anew or hold what nobody can read."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from services.processing.ledger import LedgerEntry, step
from shared.contract.envelope import CloudEvent, encode
from shared.contract.marks import LedgerMark, mark_header, number_header
from shared.contract.status import decode_dead_letter
from shared.contract.topics import DEAD_LETTERS, EVENTS, STATUS, TICKS
from shared.domain.counting import RULES_VERSION
from shared.service.clock import system_clock
from tests.faults.topics import remake
from tests.processing.records import envelope
from tests.processing.topics import (
    PARTITIONS,
    delete_topic,
    everything_on,
    get,
    in_partition,
    metric,
    partition_of,
    publish,
    publish_numbered,
    publisher,
    statuses,
)
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, Service, service
from tests.support.wait import wait_until_async

DIFFERENCE = 'motcua_reconciliation_difference{stage="processing"}'


@pytest.fixture
def processing(fresh_broker: str, tmp_path: Path) -> Iterator[Service]:
    environment = {
        "KAFKA_BOOTSTRAP": fresh_broker,
        "INSTANCE": "one",
        "ALERT_GRACE_SECONDS": "3600",
        "CLOSED_KEPT_DAYS": "1",
    }
    with service("processing", free_port_base(1), environment, tmp_path / "processing.log") as running:
        yield running
        running.stop()  # and leave the group: the broker can be kept for the next test


def life(code: str, *, recordedtime: Any = None) -> list[CloudEvent]:
    """Received and resolved."""
    about: dict[str, Any] = {"department": code.partition("-")[0], "due_at": "2999-03-01T08:00:00+07:00"}
    when = recordedtime or system_clock()
    received = envelope(code, 1, "received", "2023-12-08 08:00", recordedtime=when, **about)
    return [received, envelope(code, 2, "resolved", "2023-12-11 08:00", recordedtime=when)]


async def sequences(broker: str, department: str) -> dict[str, int]:
    return {code: status.sequence for code, status in (await statuses(broker, department)).items()}


async def wait_for_sequences(broker: str, department: str, expected: dict[str, int]) -> None:
    async def there() -> bool:
        return await sequences(broker, department) == expected

    await wait_until_async(there, 30, f"the dossiers stand at {expected}")


async def wait_for_metric(processing: Service, sample: str, expected: float) -> None:
    async def said() -> bool:
        return await metric(processing, sample) == expected

    await wait_until_async(said, 30, f"{sample} is {expected}")


async def restart(processing: Service) -> None:
    await asyncio.to_thread(processing.kill)
    await asyncio.to_thread(processing.start)


async def test_a_number_that_jumps_is_read_again_said_and_mended_when_the_event_comes(
    processing: Service, fresh_broker: str
) -> None:
    department = "H59.11"
    first, second, third = in_partition(1, department, 3)
    events = [life(code)[0] for code in (first, second, third)]
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, [(1, events[0]), (3, events[2])])
        await wait_for_sequences(fresh_broker, department, {first: 1, third: 1})
        await wait_for_metric(processing, DIFFERENCE, 1.0)
        assert await metric(processing, "motcua_events_skipped_total") == 1
        await publish_numbered(broker, [(2, events[1])])
        await wait_for_sequences(fresh_broker, department, {first: 1, second: 1, third: 1})
        await wait_for_metric(processing, DIFFERENCE, 0.0)
    assert await everything_on(fresh_broker, DEAD_LETTERS.name) == [], "no dossier has a gap"


async def test_what_another_worker_wrote_late_does_not_win_and_is_not_left_as_the_newest(
    processing: Service, fresh_broker: str
) -> None:
    """A zombie writes what it knew: the dossier after its first event, behind the second."""
    department = "H59.12"
    code, other = in_partition(2, department, 2)
    received, resolved = life(code)
    stale = step(None, received)
    assert stale is not None
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, [(1, received), (2, resolved)])
        await wait_for_sequences(fresh_broker, department, {code: 2})
        mark = LedgerMark(1, 1, 0, 1, RULES_VERSION)
        await broker.publish(STATUS.name, {2: [(code.encode(), encode(stale.status()), mark_header(mark))]})
        await publish_numbered(broker, [(3, life(other)[0])])
        await wait_for_metric(processing, "motcua_ledger_foreign_writes_total", 1.0)
        await publish_numbered(broker, [(4, life(other)[1])])
        await wait_for_sequences(fresh_broker, department, {code: 2, other: 2})
        await restart(processing)
        await publish_numbered(
            broker, [(5, envelope(code, 3, "returned", "2023-12-12 08:00", recordedtime=system_clock()))]
        )
        await wait_for_sequences(fresh_broker, department, {code: 3, other: 2})
    assert await metric(processing, DIFFERENCE) == 0
    assert await everything_on(fresh_broker, DEAD_LETTERS.name) == []


async def test_what_a_faster_worker_wrote_is_taken_over(processing: Service, fresh_broker: str) -> None:
    """This worker was frozen: another one took the dossier two events further, and its mark says where to read on."""
    department = "H59.13"
    code, other = in_partition(3, department, 2)
    received, resolved = life(code)
    entry: LedgerEntry | None = None
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, [(1, received)])
        await wait_for_sequences(fresh_broker, department, {code: 1})
        for event in (received, resolved):
            entry = step(entry, event)
        assert entry is not None
        await broker.publish(
            STATUS.name,
            {3: [(code.encode(), encode(entry.status()), mark_header(LedgerMark(2, 2, 0, 2, RULES_VERSION)))]},
        )
        await publish_numbered(broker, [(2, resolved), (3, life(other)[0])])
        await wait_for_sequences(fresh_broker, department, {code: 2, other: 1})
        await publish_numbered(
            broker, [(4, envelope(code, 3, "returned", "2023-12-12 08:00", recordedtime=system_clock()))]
        )
        await wait_for_sequences(fresh_broker, department, {code: 3, other: 1})
    assert await metric(processing, DIFFERENCE) == 0
    assert await everything_on(fresh_broker, DEAD_LETTERS.name) == []


async def test_a_ledger_lost_with_its_topic_is_derived_anew_though_the_group_remembers_its_offsets(
    processing: Service, fresh_broker: str
) -> None:
    department = "H59.14"
    codes = [f"{department}-231208-{serial:04d}" for serial in range(1, 41)]
    numbers = dict.fromkeys(PARTITIONS, 0)
    numbered = []
    for code in codes:
        for event in life(code):
            numbers[partition_of(code)] += 1
            numbered.append((numbers[partition_of(code)], event))
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, numbered)
        await wait_for_sequences(fresh_broker, department, dict.fromkeys(codes, 2))
        await asyncio.to_thread(processing.stop)
        await delete_topic(fresh_broker, STATUS.name)
        await asyncio.to_thread(processing.start)
        await wait_for_sequences(fresh_broker, department, dict.fromkeys(codes, 2))
    assert await metric(processing, DIFFERENCE) == 0


async def test_a_topic_made_anew_under_a_running_worker_is_derived_anew(processing: Service, fresh_broker: str) -> None:
    department = "H59.15"
    first, second = in_partition(0, department, 2)
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, [(1, life(first)[0]), (2, life(first)[1])])
        await wait_for_sequences(fresh_broker, department, {first: 2})
        await delete_topic(fresh_broker, STATUS.name)
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, [(3, life(second)[0])])
        await wait_for_sequences(fresh_broker, department, {first: 2, second: 1})
    await wait_for_metric(processing, DIFFERENCE, 0.0)


async def test_a_ledger_that_lost_all_but_late_dossiers_reads_a_topic_filled_out_of_order(
    processing: Service, fresh_broker: str
) -> None:
    """After a wiped broker a later event may stand before the first ones, and a ledger's topic that was made anew holds
    only what was written since: more events than were read again yet, which makes strangers of none."""
    department = "H59.18"
    late, *early, long = in_partition(1, department, 5)
    expected = {late: 1, **dict.fromkeys(early, 1), long: 2}
    entry: LedgerEntry | None = None
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, [(4, life(late)[0]), *((n, life(code)[0]) for n, code in enumerate(early, 1))])
        await publish_numbered(broker, list(enumerate(life(long), 5)))
        await wait_for_sequences(fresh_broker, department, expected)
        await asyncio.to_thread(processing.stop)
        await remake(fresh_broker, STATUS.name, len(PARTITIONS))
    for event in life(long):
        entry = step(entry, event)
    assert entry is not None
    written_since = long.encode(), encode(entry.status()), mark_header(LedgerMark(6, 6, 0, 6, RULES_VERSION))
    async with publisher(fresh_broker) as broker:
        await broker.publish(STATUS.name, {1: [written_since]})
        await asyncio.to_thread(processing.start)
        await wait_for_sequences(fresh_broker, department, expected)
    await wait_for_metric(processing, DIFFERENCE, 0.0)
    assert await everything_on(fresh_broker, DEAD_LETTERS.name) == []


async def test_a_dossier_closed_long_ago_is_forgotten_and_a_late_event_of_it_is_still_right(
    processing: Service, fresh_broker: str
) -> None:
    department = "H59.16"
    old, new = in_partition(1, department, 2)
    long_ago = system_clock() - timedelta(days=3)
    first = [*enumerate([*life(old, recordedtime=long_ago), life(new)[0]], 1)]
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, first)
        await wait_for_sequences(fresh_broker, department, {old: 2, new: 1})
        await restart(processing)
        assert await metric(processing, "motcua_ledger_dossiers") == 1
        assert await metric(processing, "motcua_ledger_events") == 3
        early = f'motcua_processing_dossiers{{department="{department}",timeliness="early"}}'
        assert await metric(processing, early) == 1, "it is counted all the same"
        assert sorted(
            line.split('"')[3] for line in (await get(processing, "/v1/ledger", HEADERS)).text.splitlines()
        ) == sorted([old, new])
        await publish_numbered(broker, first)  # the relay sends everything again
        await publish_numbered(
            broker, [(4, envelope(old, 3, "returned", "2023-12-12 08:00", recordedtime=system_clock()))]
        )
        await wait_for_sequences(fresh_broker, department, {old: 3, new: 1})
    assert await metric(processing, "motcua_ledger_events") == 4
    assert await metric(processing, DIFFERENCE) == 0
    assert await metric(processing, early) == 1
    assert await everything_on(fresh_broker, DEAD_LETTERS.name) == []


async def test_events_that_are_not_in_the_topic_are_dead_letters_and_later_ones_are_right_again(
    processing: Service, fresh_broker: str
) -> None:
    """The third event comes without the second: looked for, not found, put aside.
    When both are sent again they count."""
    department = "H59.17"
    (code,) = in_partition(2, department, 1)
    received, resolved = life(code)
    returned = envelope(code, 3, "returned", "2023-12-12 08:00", recordedtime=system_clock())
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, [(1, received), (3, returned)])

        async def buried() -> bool:
            return [
                decode_dead_letter(value).reason for value in await everything_on(fresh_broker, DEAD_LETTERS.name)
            ] == ["sequence_gap"]

        await wait_until_async(buried, 30, "the third event is put aside")
        await publish_numbered(broker, [(2, resolved), (3, returned)])
        await wait_for_sequences(fresh_broker, department, {code: 3})


async def test_events_that_are_not_of_the_log_count_nothing_however_they_are_packed(
    processing: Service, fresh_broker: str
) -> None:
    """A stranger closes a dossier, opens another and copies events astray, with old numbers or none,
    and writes garbage in every codec."""
    department = "H59.19"
    code, invented, later = in_partition(0, department, 3)
    received, resolved = life(code)
    withdrawn = envelope(code, 2, "withdrawn", "2023-12-12 08:00", recordedtime=system_clock(), reason="x")
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, [(1, received)])
        await wait_for_sequences(fresh_broker, department, {code: 1})
        await publish(broker, [received, resolved, life(invented)[0]])
        await publish_numbered(broker, [(0, resolved), (1, resolved), (0, life(invented)[0]), (1, life(invented)[1])])
        astray = (received.subject.encode(), encode(received), number_header(1))
        await broker.publish(EVENTS.name, {number: [astray] for number in (1, 2, 3)})
        for codec in ("gzip", "snappy", "lz4", "zstd"):
            stranger = AIOKafkaProducer(bootstrap_servers=fresh_broker, compression_type=codec)
            await stranger.start()
            for topic in (EVENTS, STATUS, TICKS):
                await stranger.send_and_wait(topic.name, b"not json " * 50, b"zz", partition=0)
            await stranger.stop()
        await publish_numbered(broker, [(2, withdrawn)])
        await wait_for_sequences(fresh_broker, department, {code: 2})
        await restart(processing)
        await publish_numbered(broker, [(3, life(later)[0])])
        await wait_for_sequences(fresh_broker, department, {code: 2, later: 1})
    assert (await statuses(fresh_broker, department))[code].closed_as == "withdrawn"
    assert await metric(processing, DIFFERENCE) == 0
    letters = [decode_dead_letter(value) for value in await everything_on(fresh_broker, DEAD_LETTERS.name)]
    refused = {
        (letter.partition, letter.offset) for letter in letters if letter.reason == "not_of_the_log"
    }  # some again after the kill
    assert len(refused) == 2 + 4 + 3, letters


DEEP = b"[" * 200_000 + b"]" * 200_000
ODD_EVENTS = [
    b"\xff\xfe\x00",
    b"",
    None,
    b"{}",
    (
        b'{"specversion":"1.0","id":"\xff","source":"/e","type":"x","subject":"H59.18-231208-0001",'
        b'"time":"2023-12-08T08:00:00+07:00","data":{}}'
    ),
    DEEP,
    b'{"data":' + DEEP + b"}",
    b"z" * 900_000,
    encode(msgspec.structs.replace(envelope("H59.18-231208-0001", 1, "received", "2023-12-08 08:00"), sequence=2**62)),
    encode(envelope("H59.18-231208-0001", 1, "received", "2023-12-08 08:00")).replace(
        b"2023-12-01T12", b"9999-12-31T23"
    ),
    encode(envelope("H59.18-231208-0001", 1, "received", "2023-12-08 08:00", due_at="2999-12-31T23:59:59Z")),
    encode(envelope("H59.18-231208-0001", 1, "received", "2023-12-08 08:00", officer=1)).replace(
        b"2.000635", b"2.0006\xff5"
    ),
]
ODD_TICKS = [
    b"x",
    None,
    b"\xff",
    b'{"code":"a","threshold":"due_soon","due_at":"9999-01-01T00:00:00+07:00"}',
    DEEP,
    b"z" * 900_000,
]
ODD_STATUSES = [
    b"not json",
    b"\x00\xff",
    DEEP,
    b"z" * 900_000,
    b'{"code":"x","sequence":1,"version":99999999999999999999999}',
    None,
]


async def test_no_record_whatever_it_holds_stops_the_worker_or_its_next_start(
    processing: Service, fresh_broker: str
) -> None:
    department = "H59.18"
    (code,) = in_partition(0, department, 1)
    mark = mark_header(LedgerMark(0, 0, 0, 0, RULES_VERSION))
    async with publisher(fresh_broker) as broker:
        for value in ODD_EVENTS:
            await broker.publish(
                EVENTS.name, {0: [(b"k" * 300_000 if value == b"" else b"odd", value, number_header(10**15))]}
            )
        await broker.publish(EVENTS.name, {0: [(b"flood", b"garbage")] * 300})
        for value in ODD_TICKS:
            await broker.publish(TICKS.name, {0: [(b"odd", value)]})
        for value in ODD_STATUSES:
            await broker.publish(STATUS.name, {0: [(b"odd", value), (b"marked", value, mark)]})
        for number, event in enumerate(life(code), 1):
            await publish_numbered(broker, [(number, event)])

            async def counted(sequence: int | None = event.sequence) -> bool:
                return (await sequences(fresh_broker, department)).get(code) == sequence

            await wait_until_async(counted, 30, "the good event behind them counts")
            await restart(processing)

    async def all_buried() -> bool:
        letters = [decode_dead_letter(value) for value in await everything_on(fresh_broker, DEAD_LETTERS.name)]
        places = {(letter.topic, letter.offset) for letter in letters}
        return len(places) == len(ODD_EVENTS) + 300 + len(ODD_TICKS)

    await wait_until_async(all_buried, 30, "everything odd is put aside")
    assert await asyncio.to_thread(processing.stop) == 0
