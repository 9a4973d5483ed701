"""Wiring the processor: a Faust application with one agent over batches, a timer for deadlines,
and a delivery of our own."""

import asyncio
import functools
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NoReturn

import faust
import structlog
from faust.app.base import BootStrategy
from faust.types import StreamT

from services.processing.changelog import Changelog
from services.processing.deadlines import Deadlines
from services.processing.delivery import Delivery, SessionParts
from services.processing.index import StatusIndex
from services.processing.metrics import ProcessingMetrics
from services.processing.numbering import Skipped
from services.processing.partition import Partition
from services.processing.processor import FaultIsOurs, Processor
from services.processing.settings import ProcessingSettings
from shared.service.broker_watch import BrokerWatch
from shared.service.clock import clock_from
from shared.service.kafka import BROKER_ERRORS, connection, dropped_work_is_trouble
from shared.service.observability import Heartbeat
from shared.service.publisher import Publisher
from shared.service.run import ENDED_BY_BUG

HEARTBEAT_SECONDS = 1.0
FORGET_EVERY_SECONDS = 60.0
ACKNOWLEDGED_WITHIN_SECONDS = 20.0
log = structlog.get_logger()


def end_process(error: BaseException) -> NoReturn:
    """Log and leave at once, without committing: after a bug the uncommitted batch must be replayed."""
    log.critical("worker_stops", error=repr(error), exc_info=error)
    sys.stderr.flush()
    os._exit(ENDED_BY_BUG)


def stops_the_worker(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """An exception that leaves the function ends the process; Faust would log it and go on (or lose the event)."""

    @functools.wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            await function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch must be replayed
            end_process(error)

    return guarded


class WithoutFaustsConsumer(BootStrategy):
    """Faust runs the agent, the timers and the process;
    it neither consumes nor produces (docs/decisions/0011-nothing-is-skipped.md)."""

    enable_kafka = False
    enable_web = False


@dataclass(slots=True)
class PendingBatch:
    """Records for the ledger, and where the delivery waits for what becomes of them."""

    records: Sequence[Any]
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class ProcessingApp(faust.App):
    """The Faust application with what the rest of the process asks of it."""

    BootStrategy = WithoutFaustsConsumer

    settings: ProcessingSettings
    partitions: dict[int, Partition]
    changelog: Changelog
    metrics: ProcessingMetrics
    delivery: Delivery
    broker: BrokerWatch
    heartbeat: Heartbeat | None = None

    def _create_directories(self) -> None:
        """Nothing is kept on disk."""

    async def _wait_for_table_recovery_completed(self) -> bool:
        """There is no Faust table: whether the app stopped meanwhile."""
        return False

    async def on_started_init_extra_services(self) -> None:
        """The delivery last, when the agent that takes its batches runs."""
        await super().on_started_init_extra_services()
        self.flow_control.resume()
        await self.add_runtime_dependency(self.delivery)

    @property
    def is_ready(self) -> bool:
        """Whether the worker has its partitions, recovered, and takes events."""
        return bool(self.delivery.is_ready and not self.should_stop and not self.crashed)

    @property
    def is_alive(self) -> bool:
        """Whether the loop still turns, or the worker is still on its way up."""
        return not self.crashed and (self.heartbeat is None or self.heartbeat.is_moving)


def create_app(settings: ProcessingSettings) -> ProcessingApp:
    """The application, not started; it connects to nothing yet."""
    app = ProcessingApp(
        settings.application_id,
        autodiscover=False,
        store="memory://",
        topic_disable_leader=True,
        agent_supervisor="mode.CrashingSupervisor",
        worker_redirect_stdouts=False,
    )
    clock, broker = clock_from(settings.clock), connection(settings)
    due_soon, kept = timedelta(hours=settings.due_soon_hours), timedelta(days=settings.closed_kept_days)
    publisher = Publisher(broker, acknowledged_within_s=ACKNOWLEDGED_WITHIN_SECONDS)
    app.settings = settings
    partitions = app.partitions = {}
    app.metrics = ProcessingMetrics(partitions)
    app.broker = BrokerWatch(settings)
    app.metrics.watch(app.broker, lambda: app.is_ready)
    app.changelog = Changelog(broker, clock, kept)
    grace = timedelta(seconds=settings.alert_grace_seconds)
    processor = Processor(
        partitions,
        changelog=app.changelog,
        publisher=publisher,
        connection=broker,
        clock=clock,
        metrics=app.metrics,
        grace=grace,
        kafka_partitions=settings.kafka_partitions,
    )
    deadlines = Deadlines(partitions, publisher, clock, grace=grace)
    parts = SessionParts(
        settings,
        partitions,
        new_partition=lambda: Partition(lambda: StatusIndex(due_soon)),
        changelog=app.changelog,
        publisher=publisher,
        metrics=app.metrics,
        handle=_add_agent(app, processor),
        poison_in_a_row=lambda: processor.poison_in_a_row,
    )
    app.delivery = Delivery(parts, on_bug=end_process, beacon=app.beacon)
    _add_timers(app, deadlines, kept)
    return app


def _add_agent(app: ProcessingApp, processor: Processor) -> Any:
    """The agent that is the one writer of the ledger, and how to hand it a batch:
    returns when everything the batch caused is durable."""
    batches = app.channel(maxsize=1)

    @app.agent(batches, name="ledger")
    @stops_the_worker
    async def follow(stream: StreamT[PendingBatch]) -> None:
        async for batch in stream:
            try:
                with dropped_work_is_trouble():
                    await processor.handle(batch.records)
            except (*BROKER_ERRORS, FaultIsOurs, Skipped) as trouble:
                batch.done.set_exception(trouble)
            else:
                batch.done.set_result(None)

    async def handle(records: Sequence[Any]) -> None:
        batch = PendingBatch(records)
        await batches.send(value=batch)
        await batch.done

    return handle


def _add_timers(app: ProcessingApp, deadlines: Deadlines, kept: timedelta) -> None:
    @app.task
    @stops_the_worker
    async def beat() -> None:
        app.heartbeat = Heartbeat(30 * HEARTBEAT_SECONDS)
        while not app.should_stop:
            app.heartbeat.beat()
            app.metrics.last_progress.set_to_current_time()
            await app.sleep(HEARTBEAT_SECONDS)

    @app.task
    @stops_the_worker
    async def watch() -> None:
        await app.broker.run(asyncio.Event())

    @app.timer(1.0)
    @stops_the_worker
    async def pass_time() -> None:
        if app.is_ready:
            try:
                with dropped_work_is_trouble():
                    await deadlines.advance()
            except BROKER_ERRORS as trouble:
                log.warning("ticks_not_sent", error=repr(trouble))
                app.delivery.begin_anew()

    @app.timer(FORGET_EVERY_SECONDS)
    @stops_the_worker
    async def forget() -> None:
        deadlines.forget(kept)
