"""What intake tells operators, under the names of the catalogue."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry

from shared.service import metric_catalogue as catalogue
from shared.service.metric_labels import UNREADABLE_EVENT
from shared.service.pipeline_lag import PipelineLag

STAGE = "relay"
RECEIVED, MALFORMED = "received", "malformed"


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
        self.lag = PipelineLag(STAGE, registry)
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
