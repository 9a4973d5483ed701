"""What the processor tells operators: counters, its own per-department status, and how long events took to get here."""

from collections import Counter as Counts
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.processing.index import CountKey
from services.processing.partition import Partition
from shared.contract.topics import EVENTS
from shared.service import metric_catalogue as catalogue
from shared.service.broker_watch import BrokerWatch
from shared.service.metric_kinds import DeclaredMetric
from shared.service.pipeline_lag import PipelineLag
from shared.service.ready_parts import Part, ReadyParts
from shared.service.stage_progress import StageProgress

STAGE = "processing"


class ProcessingMetrics:
    """The processor's metrics on a registry of its own."""

    def __init__(self, partitions: Mapping[int, Partition]) -> None:
        self._partitions = partitions
        registry = self.registry = CollectorRegistry()
        self.events = catalogue.EVENTS_PROCESSED.counter(registry)
        self.dead_letters = catalogue.DEAD_LETTERS.counter(registry)
        self.alerts = catalogue.ALERTS.counter(registry)
        self.lag = PipelineLag(STAGE, registry)
        self.batch = catalogue.LEDGER_BATCH.histogram(registry)
        self.last_progress = catalogue.LAST_PROGRESS.gauge(registry)
        self.repaired = catalogue.LEDGER_REPAIRED.counter(registry)
        self.skips = catalogue.EVENTS_SKIPPED.counter(registry)
        self.foreign_writes = catalogue.LEDGER_FOREIGN_WRITES.counter(registry)
        self.sessions_ended = catalogue.SESSIONS_ENDED.counter(registry)
        self.poison_in_a_row = catalogue.POISON_IN_A_ROW.gauge(registry)
        self.ledger = LedgerGauges(partitions)
        registry.register(self.ledger)

    def processed(self, events: Sequence[tuple[str, datetime]], now: datetime) -> None:
        """Count events (name, accepted at) that are now in the ledger."""
        for accepted_at, at_once in groupby(accepted_at for _, accepted_at in events):
            self.lag.observe((now - accepted_at).total_seconds(), sum(1 for _ in at_once))
        for name, count in Counts(name for name, _ in events).items():
            self.events.labels(name).inc(count)

    def watch(self, broker: BrokerWatch, is_ready: Part) -> None:
        """Show the broker, and how far the ledger is behind what it has; call it once."""
        progress = StageProgress(STAGE, EVENTS.name, lambda: broker.is_heard)

        def look() -> None:
            positions = {number: partition.position.next_offset for number, partition in self._partitions.items()}
            progress.look(positions, broker.ends(EVENTS.name) or {})

        broker.on_look = look
        ready = ReadyParts({"broker": lambda: broker.is_heard, "partitions": is_ready})
        for part in (broker, progress, ready):
            self.registry.register(part)


class LedgerGauges(Collector):
    """What the partitions held here say of themselves, at a moment when nobody changes them: `look` in the loop."""

    def __init__(self, partitions: Mapping[int, Partition]) -> None:
        self._partitions = partitions
        self._families: Sequence[Metric] = ()

    def look(self) -> None:
        """Take everything down, for a scrape that is written beside the loop."""
        held = list(self._partitions.values())
        self._families = [
            _by_timeliness(catalogue.PROCESSING_DOSSIERS, (partition.counts() for partition in held)),
            _by_timeliness(catalogue.PROCESSING_IN_PROGRESS, (partition.index.open_counts for partition in held)),
            catalogue.PROCESSING_PARTITIONS.family(len(held)),
            catalogue.LEDGER_DOSSIERS.family(sum(len(partition.entries) for partition in held)),
            catalogue.LEDGER_EVENTS.family(sum(partition.position.events for partition in held)),
            *_difference(held),
        ]

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _by_timeliness(metric: DeclaredMetric, counts: Iterable[Counts[CountKey]]) -> GaugeMetricFamily:
    family, total = metric.family(), Counts[CountKey]()
    for of_partition in counts:
        total.update(of_partition)
    for (department, timeliness), count in sorted(total.items()):
        family.add_metric([department, timeliness], count)
    return family


def _difference(held: Sequence[Partition]) -> Iterator[Metric]:
    """Absent while events are read again: until that is done nobody can say."""
    again = sum(partition.is_reading_again for partition in held)
    quarantined, difference = catalogue.LEDGER_QUARANTINED.family(), catalogue.RECONCILIATION.family()
    if not again:
        quarantined.add_metric([], sum(partition.set_aside for partition in held))
        difference.add_metric([STAGE], sum(partition.difference for partition in held))
    yield from (catalogue.READING_AGAIN.family(again), quarantined, difference)
