"""What the processor tells operators: counters, its own per-department status, and how long events took to get here."""

from collections import Counter as Counts
from collections.abc import Callable, Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.processing.index import Seat
from shared.domain.lifecycle import EventKind

LAG_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class ProcessingMetrics:
    """The processor's metrics on a registry of its own."""

    def __init__(self, counts: Callable[[], Counts[Seat]]) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter("motcua_events_processed", "Events taken into the ledger.", ["event"], registry=self.registry)
        self.dead_letters = Counter("motcua_dead_letters", "Records that could not be processed.", ["reason"], registry=self.registry)
        self.alerts = Counter("motcua_alerts", "Alerts raised.", ["threshold"], registry=self.registry)
        self.lag = Histogram(
            "motcua_pipeline_lag_seconds", "From accepted to this stage.", ["stage"], buckets=LAG_BUCKETS, registry=self.registry
        )
        self.last_progress = Gauge(
            "motcua_processing_last_progress_timestamp_seconds", "When the event loop last turned.", registry=self.registry
        )
        for kind in EventKind:  # a series must be there before its first increment, or a rate does not see it
            self.events.labels(kind.value)
        self.registry.register(_Status(counts))

    def processed(self, events: Iterable[tuple[str, datetime]], now: datetime) -> None:
        """Count events (name, accepted at) that are now in the ledger."""
        lag = self.lag.labels("processing")
        names: Counts[str] = Counts()
        for name, accepted_at in events:
            names[name] += 1
            lag.observe((now - accepted_at).total_seconds())
        for name, count in names.items():
            self.events.labels(name).inc(count)


class _Status(Collector):
    def __init__(self, counts: Callable[[], Counts[Seat]]) -> None:
        self._counts = counts

    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "motcua_processing_dossiers",
            "Dossiers as the processor holds them: open ones within, due_soon, overdue, suspended; closed ones by class.",
            labels=["department", "timeliness"],
        )
        for (department, timeliness), count in sorted(self._counts().items()):
            family.add_metric([department, timeliness], count)
        yield family
