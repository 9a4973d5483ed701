"""Real brokers for tests: the one named by MOTCUA_KAFKA_BOOTSTRAP, a container where MOTCUA_TEST_BROKER asks for it,
or the embedded Apache Kafka."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from testcontainers.core.container import DockerContainer

from motcua.stack.broker import SINGLE_NODE, Node, NodeConfig, prepare, serves
from tests.support import docker_engine
from tests.support.ports import free_port_base
from tests.support.wait import wait_until, wait_until_async

EMPTIED_WITHIN_S = 30.0
SERVES_WITHIN_S = 120.0
CLUSTER = "bW90Y3VhLXRlc3RzLTEtMQ"
FORMAT = ("meta.properties", "bootstrap.checkpoint")  # what an empty folder's formatting writes


@contextmanager
def shared_broker(folder: Path) -> Iterator[str]:
    """The bootstrap address of a broker that several tests may share."""
    if named := os.environ.get("MOTCUA_KAFKA_BOOTSTRAP"):
        yield named
    else:
        with own_broker(folder) as bootstrap:
            yield bootstrap


@contextmanager
def own_broker(folder: Path) -> Iterator[str]:
    """The bootstrap address of an empty broker that nobody else uses; one may not stop it."""
    if docker_engine.wanted():
        with _container() as bootstrap:
            yield bootstrap
    else:
        with embedded_broker(folder) as node:
            yield node.bootstrap


@contextmanager
def embedded_broker(folder: Path) -> Iterator[Node]:
    """A broker of one's own: empty, and one may kill it."""
    port = free_port_base(2)
    node = _formatted(NodeConfig(folder, port, port + 1))
    try:
        node.start()
        yield node
    finally:
        node.stop()


_format: dict[str, bytes] = {}


def _formatted(config: NodeConfig) -> Node:
    """A node to be started; the format of the first one in this process does for all: a third of a start."""
    if _format:
        config.log_dir.mkdir(parents=True, exist_ok=True)
        for name, content in _format.items():
            (config.log_dir / name).write_bytes(content)
    node = prepare(config)
    _format.update({name: (config.log_dir / name).read_bytes() for name in FORMAT})
    return node


@dataclass(slots=True)
class KeptBroker:
    """A broker kept from test to test: starting one takes longer than most tests."""

    folder: Path
    started: int = 0
    _bootstrap: str | None = None
    _running: ExitStack = field(default_factory=ExitStack)

    def empty(self) -> str:
        """Its bootstrap address, with nothing on it; another broker where a test left a member behind in a group."""
        if self._bootstrap is not None and not asyncio.run(_emptied(self._bootstrap)):
            self.stop()
        if self._bootstrap is None:
            self.started += 1
            self._bootstrap = self._running.enter_context(own_broker(self.folder / str(self.started)))
        return self._bootstrap

    def stop(self) -> None:
        self._running.close()
        self._bootstrap = None


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


@contextmanager
def _container() -> Iterator[str]:
    """The node that is embedded elsewhere, by the image's own means: each property is a variable."""
    port = free_port_base(1)
    properties = SINGLE_NODE | {
        "controller.quorum.voters": "1@localhost:9093",
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": "/var/lib/kafka/data",
    }
    container = (
        DockerContainer(docker_engine.image("kafka")).with_bind_ports(9092, port).with_env("CLUSTER_ID", CLUSTER)
    )
    for name, value in properties.items():
        container.with_env(f"KAFKA_{name.upper().replace('.', '_')}", str(value))
    bootstrap = f"127.0.0.1:{port}"
    with container:
        wait_until(lambda: asyncio.run(serves(bootstrap)), SERVES_WITHIN_S, "the container's broker serves")
        yield bootstrap
