"""What follow-up says of itself in numbers."""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry

from services.reporting.follow_up.outbox import Outstanding, Way
from shared.service import figure_metrics


class FollowUpMetrics:
    """Counters of this process, and gauges of the outbox, which outlasts it and is looked at while follow-up is on."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = figure_metrics.FOLLOW_UP_SENT.counter(registry)
        self.failures = figure_metrics.FOLLOW_UP_FAILURES.counter(registry)
        self.units_failing = figure_metrics.FOLLOW_UP_UNITS_FAILING.gauge(registry)
        self._waiting = figure_metrics.FOLLOW_UP_WAITING.gauge(registry)
        self._oldest = figure_metrics.FOLLOW_UP_OLDEST.gauge(registry)
        self._given_up = figure_metrics.FOLLOW_UP_GIVEN_UP.gauge(registry)

    def stands(self, waiting: Mapping[Way, Outstanding], now: datetime) -> None:
        """How the outbox stands."""
        for way, one in waiting.items():
            age = 0.0 if one.oldest is None else max(0.0, (now - one.oldest).total_seconds())
            self._waiting.labels(way.value).set(one.waiting)
            self._oldest.labels(way.value).set(age)
            self._given_up.labels(way.value).set(one.given_up)
