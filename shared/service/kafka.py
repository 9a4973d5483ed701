"""The broker as every service reaches it:
the connection, the topics of the contract, and reading partitions outside any group."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAlreadyExistsError,
    UnsupportedSaslMechanismError,
    for_code,
)
from aiokafka.partitioner import murmur2

from shared.contract.topics import TOPICS, Topic
from shared.service.settings import ServiceSettings
from shared.service.tls import what_to_set

BROKER_ERRORS = (KafkaError, OSError)
"""What a broker that is away, or takes something not now, raises: to be tried again. TimeoutError is an OSError."""
_POSITIVE = 0x7FFFFFFF


class KafkaRecord(Protocol):
    """A record as a consumer gets it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...
    @property
    def timestamp(self) -> int: ...  # milliseconds since 1970


@lru_cache(maxsize=50_000)  # the hash is slow, and dossiers that move come again soon
def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's default partitioner; every event of a dossier lands in one partition."""
    return int((murmur2(key) & _POSITIVE) % partitions)


class WorkDropped(KafkaError):  # type: ignore[misc]  # aiokafka has no types
    """The Kafka client gave up work of its own, such as a request over a connection that closed: to be tried again."""

    retriable = True


class WrongPartitions(RuntimeError):
    """A topic and the setting disagree on the number of partitions: an operator must decide."""

    def __init__(self, settings: ServiceSettings, topic: str, partitions: int) -> None:
        variable = f"{settings.model_config.get('env_prefix')}KAFKA_PARTITIONS"
        super().__init__(
            f"{topic} has {partitions} partitions, {variable} says {settings.kafka_partitions}: delete the topic, "
            "it is made anew and filled again. For another number, set it for every service and delete every topic"
        )


def check_partitions(settings: ServiceSettings, topic: str, partitions: int) -> None:
    """Raises WrongPartitions: a dossier's events would be spread over partitions of different owners."""
    if partitions != settings.kafka_partitions:
        raise WrongPartitions(settings, topic, partitions)


@contextmanager
def dropped_work_is_trouble() -> Iterator[None]:
    """Raises WorkDropped instead of a cancellation that nobody requested.

    The client lets the cancelled futures of its own tasks out, and a task that meets one ends without a word,
    as if it had been stopped.
    """
    try:
        yield
    except asyncio.CancelledError as cancelled:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise WorkDropped("the Kafka client dropped a request of its own") from cancelled


def connection(settings: ServiceSettings) -> dict[str, Any]:
    """Keyword arguments that any aiokafka client takes to reach the broker, by which the broker's log names us."""
    protocol = settings.kafka_security_protocol
    NamesTheSetting.of(settings)
    arguments: dict[str, Any] = {"bootstrap_servers": settings.kafka_bootstrap, "security_protocol": protocol}
    prefix = str(settings.model_config.get("env_prefix", ""))
    arguments["client_id"] = prefix.strip("_").replace("_", "-").lower() or "motcua"
    if (tls := settings.kafka_tls()) is not None:
        arguments["ssl_context"] = tls
    if protocol.startswith("SASL"):
        password = settings.kafka_sasl_password
        arguments |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    return arguments


class NamesTheSetting(logging.Filter):
    """Adds to what the Kafka client says of a broker that it does not trust, or that does not take it, what to set.

    The client says so to its log alone: to us it raises that there is no broker.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        super().__init__()
        self._kafka = f"{settings.model_config.get('env_prefix', '')}KAFKA_"
        self._speaks_tls = settings.kafka_security_protocol.endswith("SSL")

    @classmethod
    def of(cls, settings: ServiceSettings) -> None:
        """From now on, in the words of these settings."""
        client = logging.getLogger("aiokafka")
        client.filters = [other for other in client.filters if not isinstance(other, cls)]
        client.addFilter(cls(settings))

    def filter(self, record: logging.LogRecord) -> bool:
        failure = record.args[-1] if isinstance(record.args, tuple) and record.args else None
        if isinstance(failure, Exception) and (fix := self._fix(failure)) is not None:
            record.msg, record.args = f"{record.msg}: %s", (*record.args, fix)  # type: ignore[misc]
        return True

    def _fix(self, failure: Exception) -> str | None:
        kafka = self._kafka
        if isinstance(failure, SaslAuthenticationFailed | AuthenticationFailedError):
            return f"{kafka}SASL_USERNAME and {kafka}SASL_PASSWORD are not what the broker knows"
        if isinstance(failure, UnsupportedSaslMechanismError):
            return f"the broker does not take {kafka}SASL_MECHANISM"
        if self._speaks_tls and isinstance(failure, KafkaConnectionError):
            return f"does the broker take the certificate of {kafka}SSL_CERTFILE, or want one?"
        return what_to_set(failure, f"{kafka}SSL_", f"{kafka}BOOTSTRAP", f"{kafka}SECURITY_PROTOCOL")


LET_GO_WITHIN_SECONDS = 1.0
_ENDING: set[asyncio.Future[None]] = set()


async def let_go(end: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """End a client of which nothing more is expected (`consumer.stop`, `admin.close`), and wait for a second at most.

    Over TLS a connection says goodbye, and the loop waits half a minute for a broker that does not answer: one
    reading of ten took that much longer. What is not over goes on beside us.
    """
    ending = asyncio.ensure_future(end())
    _ENDING.add(ending)
    ending.add_done_callback(_ended)
    done, _ = await asyncio.wait([ending], timeout=LET_GO_WITHIN_SECONDS)
    for each in done:
        each.result()


def _ended(ending: "asyncio.Future[None]") -> None:
    _ENDING.discard(ending)
    if not ending.cancelled():
        ending.exception()  # whoever still waits gets it


async def ensure_topics(settings: ServiceSettings, topics: Iterable[Topic] = TOPICS) -> None:
    """Create the topics that are missing, all of the contract's unless told otherwise;
    existing ones stay as they are."""
    admin = AIOKafkaAdminClient(**connection(settings))
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        missing = [_new_topic(topic, settings) for topic in topics if topic.name not in existing]
        if missing:
            response = await admin.create_topics(missing)
            for _name, code, *_rest in response.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(_name)
    finally:
        await let_go(admin.close)


def _new_topic(topic: Topic, settings: ServiceSettings) -> NewTopic:
    configs = {"cleanup.policy": topic.cleanup_policy}
    if topic.cleanup_policy == "delete":
        configs["retention.ms"] = str(topic.retention_ms)
    if settings.kafka_replication_factor > 2:  # noqa: PLR2004 - two in-sync replicas need a third to survive a loss
        configs["min.insync.replicas"] = "2"
    return NewTopic(
        name=topic.name,
        num_partitions=topic.partitions or settings.kafka_partitions,
        replication_factor=settings.kafka_replication_factor,
        topic_configs=configs,
    )


PROGRESS_WITHIN_SECONDS = 30.0
FETCH_MAX_WAIT_MS = 50
PARTITION_FETCH_BYTES = 8 << 20
RECORDS_AT_ONCE = 2000  # between two looks at other tasks: reading must not hold the loop up

Take = Callable[[Any], None]


async def scan(
    connection: Mapping[str, Any],
    starts: Mapping[TopicPartition, int],
    take: Take,
    ends: Mapping[TopicPartition, int] | None = None,
) -> dict[TopicPartition, int]:
    """Give every record from the starts to the ends (where the partitions end now, unless given) to `take`;
    where each read stopped.

    A start before what the broker still has begins there; one after the end reads nothing and stops at the end, so that
    the caller sees a partition shorter than it was. Raises TimeoutError when the broker delivers nothing for half a
    minute: what is read by half is wrong.
    """
    if not starts:
        return {}
    consumer = AIOKafkaConsumer(
        **connection,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
    )
    try:
        await consumer.start()
        consumer.assign(list(starts))
        ends_now, first = await consumer.end_offsets(list(starts)), await consumer.beginning_offsets(list(starts))
        until = {tp: min(ends_now[tp], ends[tp]) if ends is not None else ends_now[tp] for tp in starts}
        reading = {tp for tp, start in starts.items() if max(start, first[tp]) < until[tp]}
        for tp, start in starts.items():
            consumer.seek(tp, max(start, first[tp]))
            if tp not in reading:
                consumer.pause(tp)
        while reading:
            reading -= await _advance(consumer, reading, until, take)
        return until
    finally:
        await let_go(consumer.stop)


async def _advance(
    consumer: AIOKafkaConsumer, reading: set[TopicPartition], until: Mapping[TopicPartition, int], take: Take
) -> set[TopicPartition]:
    """One step; which partitions are read to their end now."""
    async with asyncio.timeout(PROGRESS_WITHIN_SECONDS):
        while True:
            before = {tp: await consumer.position(tp) for tp in reading}
            for tp, records in (await consumer.getmany(*reading, timeout_ms=1000, max_records=RECORDS_AT_ONCE)).items():
                for record in records:
                    if record.offset < until[tp]:
                        take(record)
            await asyncio.sleep(0)
            done = {tp for tp in reading if await consumer.position(tp) >= until[tp]}
            for tp in done:
                consumer.pause(tp)
            if done or any([await consumer.position(tp) > before[tp] for tp in reading]):
                return done
