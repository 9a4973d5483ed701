"""Real brokers for tests: the one named by MOTCUA_KAFKA_BOOTSTRAP, a container, or the embedded Apache Kafka."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testcontainers.community.kafka import KafkaContainer

from motcua.broker import Node, start
from tests.support.docker_engine import can_run
from tests.support.ports import free_port_base

IMAGE = "confluentinc/cp-kafka:7.6.0"


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


def _container() -> KafkaContainer:
    container = KafkaContainer(IMAGE).with_kraft()
    container.with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
    container.with_env("KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS", "1000")
    return container
