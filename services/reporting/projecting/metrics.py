"""What the projector says of itself: liveness and readiness, and its work in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.reporting.read_model.versions import AppliedVersion
from shared.service.observability import Heartbeat


@dataclass(slots=True)
class ProjectorHealth:
    """What the projector says of itself."""

    assigned: bool = False
    filling: bool = True  # statuses are still to be read that were there at the beginning; False without a broker
    poison_in_a_row: int = 0  # unusable records since the last usable one
    heartbeat: Heartbeat = field(default_factory=Heartbeat)


STAGE = "figures"
_LAG_BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class PipelineMetrics:
    """Counters of the projector."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.statuses = Counter(
            "motcua_projected_statuses", "status records read and committed, older versions included", registry=registry
        )
        self.dead_letters = Counter(
            "motcua_dead_letters",
            "records that could not be read and went to the dead-letter topic",
            ["reason"],
            registry=registry,
        )
        self.poison_in_a_row = Gauge(
            "motcua_poison_in_a_row",
            "unusable status records since the last usable one; above 100 the projector slows down",
            registry=registry,
        )
        self.skips = Counter(
            "motcua_statuses_skipped",
            "jumps of the ledger's marks: the partition is read again, for statuses may be missing",
            registry=registry,
        )
        lag = Histogram(
            "motcua_pipeline_lag_seconds",
            "from accepted by intake to visible in figures",
            ["stage"],
            buckets=_LAG_BUCKETS_S,
            registry=registry,
        )
        self.lag = lag.labels(STAGE)

    def projected(self, statuses: int, applied: Sequence[AppliedVersion], now: datetime) -> None:
        """A batch was committed; a version without a new event (an alert was raised) says nothing about the lag."""
        self.statuses.inc(statuses)
        for one in applied:
            if one.fresh:
                self.lag.observe(max(0.0, (now - one.version.status.recordedtime).total_seconds()))
