"""What intake tells operators, under the contract's names."""

from collections import Counter as Tally
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.intake.lag import RelayLag
from services.intake.outcomes import Accepted, Duplicate, Outcome, Refused
from shared.domain.lifecycle import EventKind

UNREADABLE = "unreadable"


class Metrics:
    """One registry per service instance."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        accepted = Counter("motcua_events_accepted", "events logged", ["event"], registry=self.registry)
        duplicate = Counter("motcua_events_duplicate", "events delivered again", ["event"], registry=self.registry)
        rejected = Counter("motcua_events_rejected", "events refused", ["event", "reason"], registry=self.registry)
        self._counters: dict[type, Counter] = {Accepted: accepted, Duplicate: duplicate, Refused: rejected}
        for kind in EventKind:  # a series must be there before its first event, or a rate misses that one
            accepted.labels(kind.value)
            duplicate.labels(kind.value)
        self.lag = RelayLag()
        self.registry.register(self.lag)
        self.backlog = Gauge("motcua_relay_backlog_events", "events logged and not yet acknowledged by the broker", registry=self.registry)
        self.events = Gauge("motcua_log_events", "events in the log", registry=self.registry)
        self.refills = Counter("motcua_relay_refills", "times the topic had lost events and got the log again", registry=self.registry)
        self.difference = Gauge(
            "motcua_reconciliation_difference",
            "events sent, less those the topic's numbers show; looked at when a session begins and while nothing is sent",
            ["stage"],
            registry=self.registry,
        ).labels("relay")

    def count(self, outcomes: Iterable[Outcome]) -> None:
        """Add what became of some candidates."""
        for (kind, *labels), number in Tally(map(_series, outcomes)).items():
            self._counters[kind].labels(*labels).inc(number)


def _series(outcome: Outcome) -> tuple[Any, ...]:
    if type(outcome) is Refused:
        return Refused, outcome.name or UNREADABLE, outcome.refusal.code
    return type(outcome), outcome.name
