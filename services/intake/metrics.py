"""What intake tells operators, under the contract's names."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.intake.outcomes import Accepted, Duplicate, Outcome, Refused

UNREADABLE = "unreadable"
LAG_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)


class Metrics:
    """One registry per service instance."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._accepted = Counter("motcua_events_accepted", "events logged", ["event"], registry=self.registry)
        self._duplicate = Counter("motcua_events_duplicate", "events delivered again", ["event"], registry=self.registry)
        self._rejected = Counter("motcua_events_rejected", "events refused", ["event", "reason"], registry=self.registry)
        self.lag = Histogram(
            "motcua_pipeline_lag_seconds",
            "from accepted to the end of the stage",
            ["stage"],
            buckets=LAG_BUCKETS,
            registry=self.registry,
        ).labels("relay")
        self.backlog = Gauge("motcua_relay_backlog_events", "events logged and not yet acknowledged by the broker", registry=self.registry)
        self.difference = Gauge(
            "motcua_reconciliation_difference", "events logged minus events relayed", ["stage"], registry=self.registry
        ).labels("relay")

    def count(self, outcomes: Iterable[Outcome]) -> None:
        """Add what became of some candidates."""
        for (metric, labels), number in Tally(self._series(outcome) for outcome in outcomes).items():
            metric.labels(*labels).inc(number)

    def _series(self, outcome: Outcome) -> tuple[Counter, tuple[str, ...]]:
        match outcome:
            case Accepted():
                return self._accepted, (outcome.name,)
            case Duplicate():
                return self._duplicate, (outcome.name,)
            case Refused():
                return self._rejected, (outcome.name or UNREADABLE, outcome.refusal.code)
