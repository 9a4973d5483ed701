"""A histogram that takes many events of one age at once: a relayed batch comes from a few commits."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

NAME, STAGE = "motcua_pipeline_lag_seconds", "relay"
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)
BOUNDS = [*map(floatToGoString, BUCKETS), "+Inf"]


class RelayLag(Collector):
    """Seconds from accepted to acknowledged by the broker."""

    def __init__(self) -> None:
        self._counts = [0] * len(BOUNDS)
        self._seconds = 0.0

    def observe(self, seconds: float, events: int) -> None:
        """Add events that took so long."""
        self._counts[bisect_left(BUCKETS, seconds)] += events
        self._seconds += seconds * events

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The histogram as it stands."""
        family = HistogramMetricFamily(NAME, "from accepted to the end of the stage", labels=["stage"])
        family.add_metric([STAGE], list(zip(BOUNDS, accumulate(self._counts), strict=True)), self._seconds)
        yield family
