"""Real brokers for tests: the one named by MOTCUA_KAFKA_BOOTSTRAP, a container, or the embedded Apache Kafka."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from testcontainers.community.kafka import KafkaContainer

from motcua.stack.broker import Node, start
from tests.support.docker_engine import can_run
from tests.support.ports import free_port_base
from tests.support.wait import wait_until_async

IMAGE = "confluentinc/cp-kafka:7.6.0"
EMPTIED_WITHIN_S = 30.0


@contextmanager
def shared_broker(folder: Path) -> Iterator[str]:
    """The bootstrap address of a broker that several tests may share."""
    if named := os.environ.get("MOTCUA_KAFKA_BOOTSTRAP"):
        yield named
    elif can_run(IMAGE):
        with _container() as container:
            yield container.get_bootstrap_server()
    else:
        with embedded_broker(folder) as node:
            yield node.bootstrap


@contextmanager
def embedded_broker(folder: Path) -> Iterator[Node]:
    """A broker of one's own: empty, and one may kill it."""
    port = free_port_base(2)
    node = start(folder, port, port + 1)
    try:
        yield node
    finally:
        node.stop()


@dataclass(slots=True)
class KeptBroker:
    """An embedded broker kept from test to test: starting one takes longer than most tests."""

    folder: Path
    node: Node | None = None
    started: int = 0

    def empty(self) -> str:
        """Its bootstrap address, with nothing on it; another broker where a test left a member behind in a group."""
        if self.node is not None and not asyncio.run(_emptied(self.node.bootstrap)):
            self.stop()
        if self.node is None:
            self.started += 1
            port = free_port_base(2)
            self.node = start(self.folder / str(self.started), port, port + 1)
        return self.node.bootstrap

    def stop(self) -> None:
        if self.node is not None:
            self.node.stop()
            self.node = None


async def _emptied(bootstrap: str) -> bool:
    """Delete every topic; False where a group has a member yet, which the next test's would have to wait for."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        groups = [name for name, _ in await admin.list_consumer_groups()]
        described = await admin.describe_consumer_groups(groups) if groups else []
        if any(group["members"] for answer in described for group in answer.to_object()["groups"]):
            return False

        async def nothing_left() -> bool:
            offsets = [await admin.list_consumer_group_offsets(group) for group in groups]
            return not await topics() and not any(offsets)

        async def topics() -> list[str]:
            return [name for name in await admin.list_topics() if not name.startswith("__")]

        await admin.delete_topics(await topics())
        await wait_until_async(nothing_left, EMPTIED_WITHIN_S, "the broker is empty")
    finally:
        await admin.close()
    return True


def _container() -> KafkaContainer:
    container = KafkaContainer(IMAGE).with_kraft()
    container.with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
    container.with_env("KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS", "1000")
    return container
