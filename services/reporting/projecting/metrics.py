"""What the projector says of itself: liveness and readiness, and its work in numbers."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry

from shared.contract.topics import STATUS
from shared.service import metric_catalogue as catalogue
from shared.service.broker_watch import BrokerWatch
from shared.service.database_watch import DatabaseWatch
from shared.service.observability import Heartbeat
from shared.service.pipeline_lag import PipelineLag
from shared.service.ready_parts import ReadyParts
from shared.service.stage_progress import StageProgress

STAGE = "figures"


@dataclass(slots=True)
class ProjectorHealth:
    """What the projector says of itself."""

    assigned: bool = False
    filling: bool = True  # statuses are still to be read that were there at the beginning; False without a broker
    poison_in_a_row: int = 0  # unusable records since the last usable one
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    positions: Mapping[int, int] = field(default_factory=dict)  # by partition, up to where it is in the figures


class PipelineMetrics:
    """Counters of the projector."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.statuses = catalogue.PROJECTED_STATUSES.counter(registry)
        self.dead_letters = catalogue.DEAD_LETTERS.counter(registry)
        self.poison_in_a_row = catalogue.POISON_IN_A_ROW.gauge(registry)
        self.skips = catalogue.STATUSES_SKIPPED.counter(registry)
        self.lag = PipelineLag(STAGE, registry)
        self.batch = catalogue.PROJECTOR_BATCH.histogram(registry)
        self.sessions_ended = catalogue.PROJECTOR_SESSIONS_ENDED.counter(registry)

    def projected(self, statuses: int, recorded: Iterable[datetime], now: datetime) -> None:
        """A batch was committed; `recorded`: of the events that reached the figures for the first time, when."""
        self.statuses.inc(statuses)
        for instant, events in Counter(recorded).items():
            self.lag.observe((now - instant).total_seconds(), events)

    def watch(self, health: ProjectorHealth, broker: BrokerWatch, database: DatabaseWatch) -> None:
        """Show the parts of reporting, and how far the figures are behind what the broker has; call it once."""
        progress = StageProgress(STAGE, STATUS.name, lambda: broker.is_heard)
        broker.on_look = lambda: progress.look(health.positions, broker.ends(STATUS.name) or {})
        ready = ReadyParts(
            {
                "database": lambda: database.is_answering,
                "broker": lambda: broker.is_heard,
                "partitions": lambda: health.assigned,
            }
        )
        for part in (broker, database, progress, ready):
            self._registry.register(part)
