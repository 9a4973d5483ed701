"""A page of metrics, read by the strict parser of its own format."""

from collections.abc import Mapping

import httpx
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_0_0_4

TEXT_0_0_4 = {"Accept": "text/plain;version=0.0.4"}


def parsed(answer: httpx.Response) -> dict[str, Metric]:
    """The families by name; both parsers raise where the text is not their format's."""
    assert answer.status_code == 200, answer.text
    media_type = answer.headers["content-type"]
    if media_type.startswith("application/openmetrics-text"):
        families = read_openmetrics(answer.text)  # type: ignore[no-untyped-call]
    else:
        assert media_type.startswith("text/plain; version=0.0.4"), media_type
        families = read_0_0_4(answer.text)
    return {family.name: family for family in families}


class Page:
    """The samples of a page by name and labels."""

    def __init__(self, answer: httpx.Response) -> None:
        self.families = parsed(answer)
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """None where the series is not there."""
        return self._samples.get((name, frozenset(labels.items())))

    def series(self, name: str) -> dict[Mapping[str, str], float]:
        """Each series of the name."""
        return {labels: value for (named, labels), value in self._samples.items() if named == name}  # type: ignore[misc]
