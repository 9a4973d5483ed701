"""What intake tells operators, under the names of the contract."""

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from shared.domain.lifecycle import EventKind

NAME, STAGE = "motcua_pipeline_lag_seconds", "relay"
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)
BOUNDS = [*map(floatToGoString, BUCKETS), "+Inf"]


class RelayLag(Collector):
    """Seconds from accepted to acknowledged: a histogram that takes many events of one age at once, as batches do."""

    def __init__(self) -> None:
        self._counts = [0] * len(BOUNDS)
        self._seconds = 0.0

    def observe(self, seconds: float, events: int) -> None:
        """Add events that took so long."""
        self._counts[bisect_left(BUCKETS, seconds)] += events
        self._seconds += seconds * events

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(NAME, "from accepted to the end of the stage", labels=["stage"])
        family.add_metric([STAGE], list(zip(BOUNDS, accumulate(self._counts), strict=True)), self._seconds)
        yield family


class Metrics:
    """One registry per service instance."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        accepted = Counter("motcua_events_accepted", "events logged", ["event"], registry=self.registry)
        duplicate = Counter("motcua_events_duplicate", "events delivered again", ["event"], registry=self.registry)
        rejected = Counter("motcua_events_rejected", "events refused", ["event", "reason"], registry=self.registry)
        self._counters = {"accepted": accepted, "duplicate": duplicate, "rejected": rejected}
        for kind in EventKind:  # a series must be there before its first event, or a rate misses that one
            accepted.labels(kind.value)
            duplicate.labels(kind.value)
        self.lag = RelayLag()
        self.registry.register(self.lag)
        self.backlog = Gauge(
            "motcua_relay_backlog_events",
            "events logged and not yet acknowledged by the broker",
            registry=self.registry,
        )
        self.events = Gauge("motcua_log_events", "events in the log", registry=self.registry)
        self.refills = Counter(
            "motcua_relay_refills", "times the topic had lost events and got the log again", registry=self.registry
        )
        self.difference = Gauge(
            "motcua_reconciliation_difference",
            "events sent, less those the topic's numbers show; "
            "looked at when a session begins and while nothing is sent",
            ["stage"],
            registry=self.registry,
        ).labels("relay")

    def count(self, outcomes: Iterable[tuple[str, ...]]) -> None:
        """Count events: each ("accepted" or "duplicate", its name), or ("rejected", its name, the refusal's code)."""
        for (became, *labels), events in Tally(outcomes).items():
            self._counters[became].labels(*labels).inc(events)
