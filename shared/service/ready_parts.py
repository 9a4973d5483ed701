"""Which parts of a service are as they should be, as a metric: an alarm then takes a minute, not a quarter hour."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from shared.service.metric_catalogue import READY

Part = Callable[[], bool]


class ReadyParts(Collector):
    """Each part says for itself whether it is ready."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        family = READY.family()
        for part, is_ready in self._parts.items():
            family.add_metric([part], is_ready())
        yield family
