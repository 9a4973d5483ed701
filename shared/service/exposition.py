"""Metrics as text: OpenMetrics 1.0, or the older text format 0.0.4 for who asks for it.

The client library's own writer takes some twenty microseconds a series, which for an office of 190 units is a third of
a second. This one remembers how each series begins, and what was computed once is written once (`Rendered`).
"""

import gzip
import math
from collections.abc import Iterable, Sequence
from enum import StrEnum

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from starlette.datastructures import Headers

GZIP_LEVEL = 1  # a scrape is read once, and soon
MOST_REMEMBERED = 100_000
_prefixes: dict[tuple[str, ...], str] = {}


class TextFormat(StrEnum):
    """A text format, by its media type."""

    OPENMETRICS = CONTENT_TYPE_LATEST
    TEXT_0_0_4 = CONTENT_TYPE_PLAIN_0_0_4


class Rendered(Metric):
    """Gauges that change together, written when they were computed: a gauge reads the same in both formats."""

    def __init__(self, families: Sequence[Metric]) -> None:
        super().__init__("rendered", "", "gauge")
        assert all(family.type == "gauge" for family in families)
        self.families = families
        self.text = "".join(_written(families, TextFormat.OPENMETRICS))


def wanted(accept: str | None) -> TextFormat:
    """The format by `Accept`: OpenMetrics unless plain text is preferred to it."""
    best = {TextFormat.OPENMETRICS: 0.0, TextFormat.TEXT_0_0_4: 0.0}
    for offer in (accept or "*/*").split(","):
        media, *parameters = (part.strip().lower() for part in offer.split(";"))
        quality = _quality(parameters)
        if media in {"application/openmetrics-text", "*/*"}:
            best[TextFormat.OPENMETRICS] = max(best[TextFormat.OPENMETRICS], quality)
        elif media in {"text/plain", "text/*"}:
            best[TextFormat.TEXT_0_0_4] = max(best[TextFormat.TEXT_0_0_4], quality)
    return (
        TextFormat.TEXT_0_0_4 if best[TextFormat.TEXT_0_0_4] > best[TextFormat.OPENMETRICS] else TextFormat.OPENMETRICS
    )


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def takes_gzip(headers: Headers) -> bool:
    """Whether the answer may be compressed."""
    for offer in headers.get("accept-encoding", "").split(","):
        coding, *parameters = (part.strip().lower() for part in offer.split(";"))
        if coding == "gzip":
            return _quality(parameters) > 0
    return False


def exposed(registries: Iterable[CollectorRegistry], form: TextFormat, *, compressed: bool = False) -> bytes:
    """What the registries hold, as text. It may run beside the event loop."""
    families = [family for registry in registries for family in registry.collect()]
    end = "# EOF\n" if form is TextFormat.OPENMETRICS else ""
    text = ("".join(_written(families, form)) + end).encode()
    return gzip.compress(text, GZIP_LEVEL) if compressed else text


def _written(families: Iterable[Metric], form: TextFormat) -> Iterable[str]:
    for family in families:
        if isinstance(family, Rendered):
            yield family.text
            continue
        name = family.name
        if form is TextFormat.TEXT_0_0_4 and family.type == "counter":
            name += "_total"
        yield f"# HELP {name} {_escaped(family.documentation, form)}\n# TYPE {name} {family.type}\n"
        for sample in family.samples:
            labels = sample.labels
            if not labels:
                yield f"{sample.name} {_number(sample.value)}\n"
                continue
            key = (sample.name, *labels, *labels.values())
            prefix = _prefixes.get(key)
            if prefix is None:
                prefix = _remembered(key, labels)
            yield f"{prefix} {_number(sample.value)}\n"


def _remembered(key: tuple[str, ...], labels: dict[str, str]) -> str:
    if len(_prefixes) >= MOST_REMEMBERED:
        _prefixes.clear()
    inside = ",".join(f'{name}="{_quoted(value)}"' for name, value in sorted(labels.items()))
    prefix = _prefixes[key] = f"{key[0]}{{{inside}}}"
    return prefix


def _quoted(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _escaped(help_text: str, form: TextFormat) -> str:
    text = help_text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if form is TextFormat.OPENMETRICS else text


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
