"""Each stage by itself: the others wait, so its rate is its own."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bench.importing import import_year
from bench.progress import Stages, until
from bench.year import Year, assert_exact, differences, figures, reporting_client
from motcua.client import Services
from motcua.stack.broker import NodeConfig, prepare
from motcua.stack.data_folder import StackLayout, keep_key
from motcua.stack.stack import service_children


@dataclass(frozen=True, slots=True)
class StageRates:
    """Records a second, each stage with the machine to itself."""

    intake: float
    relay: float
    processing: float
    projection: float


async def measure(year: Year, data_dir: Path, port_base: int) -> StageRates:
    """Import with no broker; start the broker: relay; start processing; start reporting.
    The report at the end is exact."""
    layout = StackLayout(data_dir, port_base)
    key = keep_key(layout.key_file)
    port, controller_port = layout.broker_ports.values()
    node = prepare(NodeConfig(layout.broker_dir, port, controller_port), layout.log("broker"))
    intake, processing, reporting = service_children(
        layout, key=key, bootstrap=node.bootstrap, clock=year.clock, year=year.scenario.last_day.year
    )
    services = Services(**layout.urls, key=key)
    stages = Stages(services)
    try:
        intake.start()
        await until(stages.intake_ready, "intake takes events")
        began = await import_year(year, services)
        logged = year.count / (time.monotonic() - began)
        node.child.start()
        relayed = await _rate(stages.relayed, lambda count: count == year.count, "all is relayed")
        processing.start()
        processed = await _rate(stages.processed, lambda count: count == year.count, "all is processed")
        reporting.start()
        with reporting_client(services) as client:
            projected = await _rate(
                stages.projected, lambda _: not differences(figures(client, year), year), "the report is exact"
            )
            assert_exact(figures(client, year), year)
    finally:
        await stages.close()
        for child in (intake, processing, reporting, node.child):
            child.stop(30)
    return StageRates(logged, relayed, processed, projected)


async def _rate(counter: Callable[[], Awaitable[int]], done: Callable[[int], bool], what: str) -> float:
    """Records a second from the first that is seen to pass to the last: starting up is not counted."""
    samples: list[tuple[float, int]] = []

    async def reached() -> bool:
        count = await counter()
        if count > 0:
            samples.append((time.monotonic(), count))
        return count > 0 and done(count)

    await until(reached, what)
    (first_at, first), (last_at, last) = samples[0], samples[-1]
    assert last > first, f"{what}: too quick to see; the rate would be a guess"
    return (last - first) / (last_at - first_at)
