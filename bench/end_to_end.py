"""The whole job at once: from the import's start until the year stands in exact figures, and what each process took."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from bench.importing import import_year
from bench.latency import Latency, measure_latency
from bench.progress import cpu_seconds, peak_memory_mib, until
from bench.year import Year, assert_exact, differences, figures, reporting_client
from motcua.stack.stack import Stack


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """Seconds until everything was accepted and until it was visible; per process CPU seconds and peak MiB;
    latency when warm."""

    accepted_seconds: float
    visible_seconds: float
    cpu: dict[str, float]
    memory: dict[str, float]
    latency: Latency


async def measure(year: Year, data_dir: Path, port_base: int) -> EndToEnd:
    """On a fresh stack: import, wait for the exact report, then single events at a steady rate."""
    async with Stack(
        data_dir, port_base, clock=year.clock, year=year.scenario.last_day.year, restart=False, say=lambda _: None
    ) as stack:
        services = stack.running.services
        before = {name: cpu_seconds(child.pid) for name, child in stack.children.items()}
        with reporting_client(services) as client:

            async def exact() -> bool:
                return not differences(await asyncio.to_thread(figures, client, year), year)

            began = await import_year(year, services)
            accepted = time.monotonic()
            visible = await until(exact, "the report is exact")
            assert_exact(figures(client, year), year)
        cpu = {name: cpu_seconds(child.pid) - before[name] for name, child in stack.children.items()}
        latency = await measure_latency(services)
        memory = {name: peak_memory_mib(child.pid) for name, child in stack.children.items()}
    return EndToEnd(accepted - began, visible - began, cpu, memory, latency)
