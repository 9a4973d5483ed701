"""An event that was put aside, and comes again after what was wrong is mended: counted once, and the sums agree."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contract.marks import number_header
from shared.contract.status import decode_dead_letter
from shared.contract.topics import DEAD_LETTERS, EVENTS
from tests.processing.test_nothing_is_skipped import DIFFERENCE, life, restart, wait_for_metric, wait_for_sequences
from tests.processing.topics import everything_on, in_partition, metric, publish_numbered, publisher
from tests.support.ports import free_port_base
from tests.support.service import Service, service


@pytest.fixture
def processing(fresh_broker: str, tmp_path: Path) -> Iterator[Service]:
    environment = {"KAFKA_BOOTSTRAP": fresh_broker, "INSTANCE": "one", "ALERT_GRACE_SECONDS": "3600"}
    with service("processing", free_port_base(1), environment, tmp_path / "processing.log") as running:
        yield running


async def test_an_event_that_was_put_aside_counts_once_when_the_log_is_sent_again(
    processing: Service, fresh_broker: str
) -> None:
    department = "H59.12"
    first, second = in_partition(2, department, 2)
    received, resolved = life(first)
    async with publisher(fresh_broker) as broker:
        await publish_numbered(broker, [(1, received)])
        await broker.publish(EVENTS.name, {2: [(first.encode(), b"garbled on its way", number_header(2))]})
        await publish_numbered(broker, [(3, life(second)[0])])
        await wait_for_sequences(fresh_broker, department, {first: 1, second: 1})
        await wait_for_metric(processing, DIFFERENCE, 0.0)
        letters = [decode_dead_letter(value) for value in await everything_on(fresh_broker, DEAD_LETTERS.name)]
        assert [letter.value for letter in letters] == [b"garbled on its way"]
        for _ in range(2):  # a second time by mistake
            await publish_numbered(broker, [(1, received), (2, resolved), (3, life(second)[0])])
            await wait_for_sequences(fresh_broker, department, {first: 2, second: 1})
        await publish_numbered(broker, [(4, life(second)[1])])
        await wait_for_sequences(fresh_broker, department, {first: 2, second: 2})
    assert await metric(processing, DIFFERENCE) == 0.0
    await restart(processing)
    await wait_for_metric(processing, DIFFERENCE, 0.0)
    assert await metric(processing, "motcua_ledger_events") == 4.0
    assert len(await everything_on(fresh_broker, DEAD_LETTERS.name)) == 1
    assert await asyncio.to_thread(processing.stop) == 0
