"""What follow-up says of itself in numbers."""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.reporting.follow_up.outbox import Waiting, Way


class FollowUpMetrics:
    """Counters of this process, and gauges of the outbox, which outlasts it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = Counter(
            "motcua_follow_up_sent", "deliveries that were taken by whom they are for", ["way"], registry=registry
        )
        self.failures = Counter(
            "motcua_follow_up_failures", "tries of deliveries that were not taken", ["way"], registry=registry
        )
        self._waiting = Gauge(
            "motcua_follow_up_waiting", "deliveries that wait to be sent, or sent again", ["way"], registry=registry
        )
        self._oldest = Gauge(
            "motcua_follow_up_oldest_waiting_seconds",
            "age of the oldest delivery that waits; 0 when none does",
            ["way"],
            registry=registry,
        )
        self._given_up = Gauge(
            "motcua_follow_up_given_up", "deliveries that nobody took and that are not tried again", ["way"],
            registry=registry,
        )  # fmt: skip
        for way in Way:
            self.sent.labels(way.value)
            self.failures.labels(way.value)

    def stands(self, waiting: Mapping[Way, Waiting], now: datetime) -> None:
        """How the outbox stands."""
        for way, one in waiting.items():
            age = 0.0 if one.oldest is None else max(0.0, (now - one.oldest).total_seconds())
            self._waiting.labels(way.value).set(one.waiting)
            self._oldest.labels(way.value).set(age)
            self._given_up.labels(way.value).set(one.given_up)
