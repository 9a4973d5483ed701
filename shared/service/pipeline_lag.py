"""How long events take to the end of a stage: a histogram that takes many of one age at once, as a batch has them."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from shared.service.metric_catalogue import PIPELINE_LAG

_BOUNDS = [*map(floatToGoString, PIPELINE_LAG.buckets), "+Inf"]


class PipelineLag(Collector):
    """A stage's series of `motcua_pipeline_lag_seconds`; a third of what the library's histogram costs an event."""

    def __init__(self, stage: str, registry: CollectorRegistry) -> None:
        self._stage = stage
        self._counts = [0] * len(_BOUNDS)
        self._seconds = 0.0
        registry.register(self)

    def observe(self, seconds: float, events: int = 1) -> None:
        """Add events that took so long; a clock that was set back makes none of them take less than nothing."""
        seconds = max(seconds, 0.0)
        self._counts[bisect_left(PIPELINE_LAG.buckets, seconds)] += events
        self._seconds += seconds * events

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(PIPELINE_LAG.name, PIPELINE_LAG.means, labels=list(PIPELINE_LAG.labels))
        family.add_metric([self._stage], list(zip(_BOUNDS, accumulate(self._counts), strict=True)), self._seconds)
        yield family
