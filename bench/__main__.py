"""`make bench`: measures the year on this machine and prints rates, latency, memory,
and the ratio to one DuckDB query."""

import asyncio
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import baseline, end_to_end, snapshots, stages
from bench.baseline import Baseline
from bench.end_to_end import EndToEnd
from bench.latency import EVENTS_A_SECOND
from bench.machine import machine
from bench.stages import StageRates
from bench.year import Year, prepare

VISIBLE_BAR_SECONDS, P99_BAR_MS = 45.0, 500.0
STAGES_PORT, END_TO_END_PORT = 18400, 18420


def main() -> None:
    """Measure and print; the exit code says nothing of speed, only that every report was exact."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as name:
        folder = Path(name)
        console.print(f"{machine()}\nmaking the year (not timed) ...")
        year = prepare(folder)
        console.print(f"{year.count:,} events. One query over the file ...")
        query = baseline.measure(year)
        console.print("Each stage by itself ...")
        (folder / "stages").mkdir()
        rates = asyncio.run(stages.measure(year, folder / "stages", STAGES_PORT))
        console.print("National snapshots to events ...")
        console.print(f"{snapshots.measure(folder):,.0f} a second of one core, by themselves")
        console.print("Everything at once, then single events ...")
        whole = asyncio.run(end_to_end.measure(year, folder / "whole", END_TO_END_PORT))
    _print_rates(console, year, rates, whole, query)
    _print_processes(console, whole)
    _print_bars(console, whole)


def _print_rates(console: Console, year: Year, rates: StageRates, whole: EndToEnd, query: Baseline) -> None:
    table = Table("stage", "records/s", "what is counted", title="The year 2023 of Trà Vinh; every report exact")
    rows = (
        ("intake bulk", rates.intake, "accepted: decided and on disk, by itself"),
        ("relay", rates.relay, "log to Kafka, acknowledged and flushed, by itself"),
        ("processing", rates.processing, "events to status, changelog acknowledged, by itself"),
        ("projection", rates.projection, "statuses to figures, committed, by itself"),
        (
            "end to end",
            year.count / whole.visible_seconds,
            f"import's start to exact figures: {whole.visible_seconds:.1f} s",
        ),
        ("one DuckDB query", year.count / query.seconds, f"the same report from the file: {query.seconds:.2f} s"),
    )
    for stage, rate, counted in rows:
        table.add_row(stage, f"{rate:,.0f}", counted)
    console.print(table)
    console.print(
        f"end to end takes {whole.visible_seconds / query.seconds:.0f} times the query, and is live and durable"
    )


def _print_processes(console: Console, whole: EndToEnd) -> None:
    table = Table("process", "CPU s for the year", "peak MiB")
    for name, seconds in whole.cpu.items():
        table.add_row(name, f"{seconds:.1f}", f"{whole.memory[name]:.0f}")
    console.print(table)


def _print_bars(console: Console, whole: EndToEnd) -> None:
    latency = whole.latency
    bar = _against(whole.visible_seconds, VISIBLE_BAR_SECONDS, "s")
    console.print(
        f"year accepted after {whole.accepted_seconds:.1f} s, visible after {whole.visible_seconds:.1f} s {bar}"
    )
    console.print(
        f"event to figure, {latency.events:,} events at {EVENTS_A_SECOND}/s, warm: p50 {latency.p50:.0f} ms, "
        f"p99 {latency.p99:.0f} ms {_against(latency.p99, P99_BAR_MS, 'ms')}, worst {latency.worst:.0f} ms"
    )


def _against(found: float, bar: float, unit: str) -> str:
    return f"(bar {bar:.0f} {unit}: {'met' if found < bar else 'MISSED'})"


if __name__ == "__main__":
    main()
