"""What the processor tells operators: counters, its own per-department status, and how long events took to get here."""

from collections import Counter as Counts
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.processing.index import CountKey
from services.processing.partition import Partition
from shared.domain.lifecycle import EventKind

LAG_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class ProcessingMetrics:
    """The processor's metrics on a registry of its own."""

    def __init__(self, partitions: Mapping[int, Partition]) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "motcua_events_processed", "Events taken into the ledger.", ["event"], registry=self.registry
        )
        self.dead_letters = Counter(
            "motcua_dead_letters", "Records that could not be processed.", ["reason"], registry=self.registry
        )
        self.alerts = Counter("motcua_alerts", "Alerts raised.", ["threshold"], registry=self.registry)
        self.lag = Histogram(
            "motcua_pipeline_lag_seconds",
            "From accepted to this stage.",
            ["stage"],
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )
        self.last_progress = Gauge(
            "motcua_processing_last_progress_timestamp_seconds",
            "When the event loop last turned.",
            registry=self.registry,
        )
        for kind in EventKind:  # a series must be there before its first increment, or a rate does not see it
            self.events.labels(kind.value)
        self.repaired = Counter(
            "motcua_ledger_repaired_events", "Events the ledger lacked and found in the topic.", registry=self.registry
        )
        self.skips = Counter(
            "motcua_events_skipped",
            "Jumps of the events' numbers: the partition was read again.",
            registry=self.registry,
        )
        self.foreign_writes = Counter(
            "motcua_ledger_foreign_writes",
            "Batches among whose statuses another worker had written.",
            registry=self.registry,
        )
        self.sessions_ended = Counter(
            "motcua_processing_sessions_ended",
            "Sessions with the broker that trouble ended; the next one read again.",
            registry=self.registry,
        )
        self.poison_in_a_row = Gauge(
            "motcua_poison_in_a_row",
            "Unusable records since the last usable one; above 100 the worker slows down.",
            registry=self.registry,
        )
        self.registry.register(_Ledger(partitions))

    def processed(self, events: Iterable[tuple[str, datetime]], now: datetime) -> None:
        """Count events (name, accepted at) that are now in the ledger."""
        lag = self.lag.labels("processing")
        names: Counts[str] = Counts()
        for name, accepted_at in events:
            names[name] += 1
            lag.observe((now - accepted_at).total_seconds())
        for name, count in names.items():
            self.events.labels(name).inc(count)


class _Ledger(Collector):
    """What the partitions held here say of themselves at the moment of the scrape."""

    def __init__(self, partitions: Mapping[int, Partition]) -> None:
        self._partitions = partitions

    def collect(self) -> Iterable[GaugeMetricFamily]:
        held = list(self._partitions.values())
        status = GaugeMetricFamily(
            "motcua_processing_dossiers",
            "Dossiers as the processor counts them: open ones within, due_soon, overdue, suspended; "
            "closed ones by class.",
            labels=["department", "timeliness"],
        )
        total: Counts[CountKey] = Counts()
        for partition in held:
            total.update(partition.counts())
        for (department, timeliness), count in sorted(total.items()):
            status.add_metric([department, timeliness], count)
        yield status
        yield GaugeMetricFamily(
            "motcua_ledger_dossiers", "Dossiers held in memory.", sum(len(partition.entries) for partition in held)
        )
        yield GaugeMetricFamily(
            "motcua_ledger_events",
            "Events that the ledger stands for.",
            sum(partition.position.events for partition in held),
        )
        yield from _difference(held)


def _difference(held: Sequence[Partition]) -> Iterable[GaugeMetricFamily]:
    """Absent while events are read again: until that is done nobody can say."""
    again = sum(partition.is_reading_again for partition in held)
    yield GaugeMetricFamily(
        "motcua_processing_partitions_reading_again", "Partitions whose events are being read again.", again
    )
    if again:
        return
    family = GaugeMetricFamily(
        "motcua_reconciliation_difference",
        "The log's events read, less those the ledger holds, less those quarantined; anything but 0 is wrong.",
        labels=["stage"],
    )
    family.add_metric(["processing"], sum(partition.difference for partition in held))
    yield family
