"""`python -m bench.exposition`: what a scrape of reporting costs for an office of many units.

In CPU time, so that other work on the machine does not count.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

import httpx
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from starlette.requests import Request
from starlette.responses import Response

from bench.machine import machine
from services.reporting.figures.gauges import written
from services.reporting.figures.query import BEFORE, WITHIN, RangeSum
from services.reporting.projecting.metrics import PipelineMetrics
from shared.domain.counting import Measure
from shared.domain.fields import Channel
from shared.service.access import Access
from shared.service.exposition import TextFormat, exposed
from shared.service.http import new_application
from shared.service.observability import health, operations_router

UNITS = (19, 190, 450)
SCRAPES = 200
BAR_MS = 5.0
KEY = SecretStr("a-key-for-this-bench-only")


class Shown(Collector):
    """Families that are there already."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Sequence[Metric]:
        return self._families


def sums_of(units: int) -> list[RangeSum]:
    """Range sums of so many departments: every channel, what was open before and what came and went."""
    return [
        RangeSum(f"H59.{unit:03}", None, bucket, channel, measure, 17 * unit)
        for unit in range(units)
        for channel in Channel
        for bucket, measure in ((BEFORE, Measure.OPEN), (WITHIN, Measure.RECEIVED))
    ]


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return (time.thread_time() - began) * 1000


async def _over_http(registry: CollectorRegistry, accept_encoding: str) -> float:
    """The median of whole answers through the application, in milliseconds of the process's CPU time."""
    application = new_application(title="bench", version="1", description="bench", access=Access(KEY))

    async def well(_request: Request) -> Response:
        return health(good=True)

    async def asked(_request: Request) -> CollectorRegistry:
        return registry

    application.include_router(operations_router(well, well, asked))
    transport = httpx.ASGITransport(application)
    headers, took = {"Accept-Encoding": accept_encoding}, []
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers=headers) as client:
        for _ in range(SCRAPES):
            began = time.process_time()
            await client.get("/metrics")
            took.append((time.process_time() - began) * 1000)
    return median(took)


def main() -> None:
    """Measure and print."""
    console = Console(width=140)
    console.print(machine())
    names = ("refresh, beside the loop", "text of a scrape", "whole answer", "gzipped", "the library's writer")
    table = Table("units", "series", "KiB", *names, title="milliseconds of CPU time, medians")
    for units in UNITS:
        sums = sums_of(units)
        rendered = written(sums, sums, sums, [])
        registry, plain = CollectorRegistry(), CollectorRegistry()
        PipelineMetrics(registry)
        registry.register(Shown([rendered]))
        plain.register(Shown(rendered.families))
        page = exposed([registry], TextFormat.OPENMETRICS)
        took = (
            median(_cpu_ms(partial(written, sums, sums, [])) for _ in range(20)),
            median(_cpu_ms(partial(exposed, [registry], TextFormat.OPENMETRICS)) for _ in range(SCRAPES)),
            asyncio.run(_over_http(registry, "identity")),
            asyncio.run(_over_http(registry, "gzip")),
            median(_cpu_ms(partial(generate_latest, plain)) for _ in range(10)),
        )
        series = sum(not line.startswith(b"#") for line in page.splitlines())
        table.add_row(f"{units}", f"{series:,}", f"{len(page) // 1024}", *(f"{value:.1f}" for value in took))
    console.print(table)
    console.print(f"bar for the text of a scrape: {BAR_MS} ms")


if __name__ == "__main__":
    main()
