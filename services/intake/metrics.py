"""What intake tells operators, under the names of the catalogue."""

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from shared.service import metric_catalogue as catalogue
from shared.service.metric_labels import UNREADABLE_EVENT

STAGE = "relay"
BUCKETS = catalogue.PIPELINE_LAG.buckets
BOUNDS = [*map(floatToGoString, BUCKETS), "+Inf"]
RECEIVED, MALFORMED = "received", "malformed"


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
        family = HistogramMetricFamily(
            catalogue.PIPELINE_LAG.name, catalogue.PIPELINE_LAG.means, labels=list(catalogue.PIPELINE_LAG.labels)
        )
        family.add_metric([STAGE], list(zip(BOUNDS, accumulate(self._counts), strict=True)), self._seconds)
        yield family


class Metrics:
    """One registry per service instance."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._counters = {
            "accepted": catalogue.EVENTS_ACCEPTED.counter(registry),
            "duplicate": catalogue.EVENTS_DUPLICATE.counter(registry),
            "rejected": catalogue.EVENTS_REJECTED.counter(registry),
        }
        self._commits = catalogue.COMMITS.counter(registry)
        self._commit_seconds = catalogue.COMMIT_DURATION.histogram(registry)
        self.lag = RelayLag()
        registry.register(self.lag)
        self.backlog = catalogue.RELAY_BACKLOG.gauge(registry)
        self.events = catalogue.LOG_EVENTS.gauge(registry)
        self.refills = catalogue.RELAY_REFILLS.counter(registry)
        self.difference = catalogue.RECONCILIATION.gauge(registry).labels(STAGE)

    def count(self, outcomes: Iterable[tuple[str, ...]]) -> None:
        """Count events: each ("accepted" or "duplicate", its name), or ("rejected", its name, the refusal's code)."""
        for (became, *labels), events in Tally(outcomes).items():
            self._counters[became].labels(*labels).inc(events)

    def malformed(self, name: str = UNREADABLE_EVENT) -> None:
        """Count what was refused before it was an event: a field is missing, or is none."""
        self.count([("rejected", name, MALFORMED)])

    def committed(self, outcome: str, seconds: float) -> None:
        """Count a transaction of the log by what became of it."""
        self._commits.labels(outcome).inc()
        self._commit_seconds.observe(seconds)
