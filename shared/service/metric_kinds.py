"""What a metric is declared as, and how the declaration becomes a metric of a registry.

A counter's series must be there, at 0, before its first event: Prometheus sees what was added to a series, not with
what it was born.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily

disable_created_metrics()  # type: ignore[no-untyped-call]  # Prometheus would keep a series for each, for nobody


class MetricKind(StrEnum):
    """How a metric moves."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Replicas(StrEnum):
    """What several processes of one service make together: each says its own part, or all say the same."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"


Labels = Mapping[str, tuple[str, ...]]
NO_LABELS: Labels = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DeclaredMetric:
    """A metric of the catalogue. `labels` are the values that are known beforehand, by label; none where data say them.

    A counter is named without `_total`, as in OpenMetrics.
    """

    name: str
    kind: MetricKind
    services: tuple[str, ...]
    means: str
    labels: Labels = field(default_factory=lambda: NO_LABELS)
    replicas: Replicas = Replicas.MAX
    buckets: tuple[float, ...] = ()

    def counter(self, registry: CollectorRegistry | None) -> Counter:
        """It as a counter, each known series at 0."""
        assert self.kind is MetricKind.COUNTER
        counter = Counter(self.name, self.means, list(self.labels), registry=registry)
        for values in product(*self.labels.values()) if self.labels else ():
            counter.labels(*values)
        return counter

    def gauge(self, registry: CollectorRegistry) -> Gauge:
        """It as a gauge that is set."""
        assert self.kind is MetricKind.GAUGE
        return Gauge(self.name, self.means, list(self.labels), registry=registry)

    def histogram(self, registry: CollectorRegistry) -> Histogram:
        """It as a histogram."""
        assert self.kind is MetricKind.HISTOGRAM
        return Histogram(self.name, self.means, list(self.labels), buckets=self.buckets, registry=registry)

    def family(self, value: float | None = None) -> GaugeMetricFamily:
        """It as what a scrape computes: of one value, or of none for `add_metric`; what is not known is no 0."""
        assert self.kind is MetricKind.GAUGE
        return GaugeMetricFamily(self.name, self.means, value, labels=list(self.labels) or None)


DECLARED: list[DeclaredMetric] = []
"""All of the catalogue, in its order."""


def counter(name: str, services: tuple[str, ...], means: str, **labels: tuple[str, ...]) -> DeclaredMetric:
    """Declare a counter."""
    return _declared(DeclaredMetric(name, MetricKind.COUNTER, services, means, labels, Replicas.SUM))


def gauge(
    name: str, services: tuple[str, ...], means: str, labels: Labels | None = None, replicas: Replicas = Replicas.MAX
) -> DeclaredMetric:
    """Declare a gauge."""
    return _declared(DeclaredMetric(name, MetricKind.GAUGE, services, means, labels or {}, replicas))


def histogram(
    name: str, services: tuple[str, ...], means: str, buckets: tuple[float, ...], **labels: tuple[str, ...]
) -> DeclaredMetric:
    """Declare a histogram."""
    return _declared(DeclaredMetric(name, MetricKind.HISTOGRAM, services, means, labels, Replicas.SUM, buckets))


def _declared(metric: DeclaredMetric) -> DeclaredMetric:
    DECLARED.append(metric)
    return metric
