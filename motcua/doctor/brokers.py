"""The broker: whether it answers and takes who the settings name, and whether its topics are what they must be."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from motcua.doctor.findings import Finding, warning, well, wrong
from shared.contract.topics import TOPICS
from shared.service.kafka import BROKER_ERRORS, connection
from shared.service.settings import ServiceSettings

ANSWERS_WITHIN_S = 15.0
REQUEST_TIMEOUT_MS = 5_000
SAFE_BROKERS = 3


class _Heard(logging.Handler):
    """What the Kafka client says only to its log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def broker(service: str, settings: ServiceSettings) -> list[Finding]:
    """What the broker of a service is found to be."""
    name = f"{settings.model_config.get('env_prefix')}KAFKA_BOOTSTRAP"
    heard, client = _Heard(), logging.getLogger("aiokafka")
    client.addHandler(heard)
    client.propagate = False
    try:
        brokers, topics = asyncio.run(_asked(settings))
    except (*BROKER_ERRORS, TimeoutError) as trouble:
        said = f"the broker at {settings.kafka_bootstrap} does not answer: {[*heard.said, repr(trouble)][0]}"
        return [wrong(service, said, f"start it, or correct {name}")]
    finally:
        client.removeHandler(heard)
        client.propagate = True
    return [well(service, f"the broker answers, {brokers} of them"), *_topics(service, settings, brokers, topics)]


async def _asked(settings: ServiceSettings) -> tuple[int, dict[str, int]]:
    """How many brokers there are, and how many partitions each topic has."""
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        admin = AIOKafkaAdminClient(**connection(settings), request_timeout_ms=REQUEST_TIMEOUT_MS)
        try:
            await admin.start()
            cluster: Mapping[str, Any] = await admin.describe_cluster()
            there = sorted({topic.name for topic in TOPICS} & set(await admin.list_topics()))
            described = await admin.describe_topics(there) if there else []
        finally:
            await admin.close()
    return len(cluster["brokers"]), {topic["topic"]: len(topic["partitions"]) for topic in described}


def _topics(service: str, settings: ServiceSettings, brokers: int, topics: Mapping[str, int]) -> Iterator[Finding]:
    name = f"{settings.model_config.get('env_prefix')}KAFKA_"
    for topic in TOPICS:
        wanted, found = topic.partitions or settings.kafka_partitions, topics.get(topic.name)
        if found is not None and found != wanted and topic.co_partitioned:
            said = f"{topic.name} has {found} partitions, {name}PARTITIONS says {settings.kafka_partitions}"
            yield wrong(service, said, f"set {name}PARTITIONS={found} for every service, or delete every topic")
    if missing := len(TOPICS) - len(topics):
        yield well(service, f"{missing} of {len(TOPICS)} topics will be made at the first start")
    factor = settings.kafka_replication_factor
    if missing and factor > brokers:
        fix = f"set it to {brokers}, or start more brokers"
        yield wrong(service, f"{name}REPLICATION_FACTOR is {factor}, and there are {brokers} brokers", fix)
    elif missing and brokers >= SAFE_BROKERS > factor:
        fix = f"set it to {SAFE_BROKERS} before the topics are made"
        yield warning(service, f"{name}REPLICATION_FACTOR is {factor}: a broker that is lost takes topics along", fix)
