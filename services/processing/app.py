"""Wiring the processor: a Faust application with one table, one agent over events and ticks, and a timer."""

import time
from datetime import timedelta
from typing import Any

import faust
from faust.types import StreamT, TransportT

from services.processing.batches import Batches
from services.processing.deadlines import Deadlines
from services.processing.fatal import end_process, stops_the_worker
from services.processing.index import StatusIndex
from services.processing.metrics import ProcessingMetrics
from services.processing.monitor import SilentMonitor
from services.processing.processor import Processor
from services.processing.settings import ProcessingSettings
from services.processing.store import LedgerStore, LedgerTable
from services.processing.transport import FastTransport, PromptTransport
from shared.clock import clock_from
from shared.contract.topics import EVENTS, STATUS, TICKS, TOPICS
from shared.kafka import connection, ensure_topics
from shared.publisher import Publisher

HEARTBEAT_SECONDS = 1.0
RAW: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}


class ProcessingApp(faust.App):
    """The Faust application with what the rest of the process asks of it."""

    settings: ProcessingSettings
    ledger: LedgerStore
    metrics: ProcessingMetrics
    publisher: Publisher
    heartbeat: float = 0.0

    def _new_transport(self) -> TransportT:
        kind = FastTransport if self.settings.fast_consumer else PromptTransport
        return kind(self.conf.broker_consumer, self)

    async def on_start(self) -> None:
        """Topics and the publisher before anything is consumed."""
        await ensure_topics(self.settings)
        await self.publisher.start()
        await self._check_partitions()
        await super().on_start()

    async def _check_partitions(self) -> None:
        """A dossier's events, ticks and status must share a partition, so the topics must agree, and with the setting."""
        for topic in (topic for topic in TOPICS if topic.co_partitioned):
            found, expected = await self.publisher.partitions(topic.name), self.settings.kafka_partitions
            if found != expected:
                msg = f"{topic.name} has {found} partitions, MOTCUA_PROCESSING_KAFKA_PARTITIONS says {expected}: set it right"
                end_process(RuntimeError(msg))

    async def on_shutdown(self) -> None:
        """The publisher last: a batch in flight still needs it."""
        await super().on_shutdown()
        await self.publisher.stop()

    @property
    def is_ready(self) -> bool:
        """Whether the worker has its partitions, recovered, and takes events."""
        return bool(self.tables.actives_ready and not self.rebalancing and not self.should_stop and not self.crashed)

    @property
    def is_alive(self) -> bool:
        """Whether the loop still turns, or the worker is still on its way up."""
        return not self.crashed and (self.heartbeat == 0.0 or time.monotonic() - self.heartbeat < 30 * HEARTBEAT_SECONDS)


def create_app(settings: ProcessingSettings) -> ProcessingApp:
    """The application, not started; it connects to nothing yet."""
    app = ProcessingApp(
        settings.application_id,
        autodiscover=False,
        **_broker(settings),
        store="memory://",
        datadir=".",
        Monitor=SilentMonitor,
        processing_guarantee="at_least_once",
        table_standby_replicas=0,
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=settings.kafka_partitions,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance,
        broker_commit_interval=1.0,
        broker_commit_every=20_000,
        broker_max_poll_records=settings.batch_max_events,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=settings.session_timeout_seconds / 5,
        broker_rebalance_timeout=60.0,
        broker_request_timeout=60.0,
        broker_max_poll_interval=300.0,
        consumer_max_fetch_size=4 << 20,
        stream_buffer_maxsize=32_768,
        stream_wait_empty=True,
        stream_recovery_delay=0.0,
        agent_supervisor="mode.CrashingSupervisor",
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    app.settings = settings
    clock = clock_from(settings.clock)
    due_soon = timedelta(hours=settings.due_soon_hours)
    broker = connection(settings)
    publisher = app.publisher = Publisher(broker)
    table = LedgerTable(app, name="dossiers", partitions=settings.kafka_partitions, changelog_topic=_changelog(app, settings))
    app.tables.add(table)
    store = table.data
    assert isinstance(store, LedgerStore)
    store.configure(new_index=lambda: StatusIndex(due_soon), clock=clock, connection=broker)
    app.ledger = store
    app.metrics = ProcessingMetrics(store.counts)
    processor = Processor(store, publisher, clock, app.metrics)
    deadlines = Deadlines(store, publisher, clock, grace=timedelta(seconds=settings.alert_grace_seconds))

    _add_agent(app, settings, processor)
    _add_timers(app, deadlines)
    return app


def _broker(settings: ProcessingSettings) -> dict[str, Any]:
    addresses = ";".join(f"kafka://{address.strip()}" for address in settings.kafka_bootstrap.split(","))
    broker: dict[str, Any] = {"broker": addresses}
    reach = connection(settings)
    if settings.kafka_security_protocol.startswith("SASL"):
        broker["broker_credentials"] = faust.SASLCredentials(
            username=reach["sasl_plain_username"],
            password=reach["sasl_plain_password"],
            mechanism=reach["sasl_mechanism"],
            ssl_context=reach.get("ssl_context"),
        )
    elif settings.kafka_security_protocol == "SSL":
        broker["broker_credentials"] = faust.SSLCredentials(reach["ssl_context"])
    return broker


def _changelog(app: faust.App, settings: ProcessingSettings) -> Any:
    return app.topic(
        STATUS.name,
        **RAW,
        partitions=settings.kafka_partitions,
        compacting=True,
        deleting=False,
        acks=False,
        internal=True,
        maxsize=131_072,
        allow_empty=True,
    )


def _add_agent(app: ProcessingApp, settings: ProcessingSettings, processor: Processor) -> None:
    @app.agent(app.topic(EVENTS.name, TICKS.name, **RAW, allow_empty=True), name="ledger")
    @stops_the_worker
    async def follow(stream: StreamT[bytes]) -> None:
        batches = Batches(stream, max_events=settings.batch_max_events, linger_seconds=settings.batch_linger_ms / 1000)
        while (batch := await batches.take()) is not None:
            await processor.handle(batch)
            batches.acknowledge(batch)


def _add_timers(app: ProcessingApp, deadlines: Deadlines) -> None:
    @app.task
    @stops_the_worker
    async def beat() -> None:
        while not app.should_stop:
            app.heartbeat = time.monotonic()
            app.metrics.last_progress.set_to_current_time()
            await app.sleep(HEARTBEAT_SECONDS)

    @app.timer(1.0)
    @stops_the_worker
    async def pass_time() -> None:
        if app.is_ready:
            await deadlines.advance()
