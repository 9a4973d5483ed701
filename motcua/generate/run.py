"""Writes a scenario's year to a file, whole or not at all."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from gzip import GzipFile
from pathlib import Path
from typing import BinaryIO

from motcua.generate.scenario import load_scenario
from motcua.generate.stream import Year
from motcua.output import writing
from shared.catalogue import load
from shared.domain.figures import Figures

TELL_EVERY = 500  # dossiers
FAST = 3  # of gzip's levels

Progress = Callable[[int, int], None]  # dossiers done, dossiers in all


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written; `printed` is what the province's printed report said, by the same keys as the figures."""

    scenario: str
    title: str
    first_day: date
    last_day: date
    output: Path
    dossiers: int
    events: int
    figures: Figures
    printed: dict[str, int | float | str]


def run(scenario_name_or_path: str, output: Path, progress: Progress | None = None, catalogue_folder: Path | None = None) -> Summary:
    """Generates the scenario into `output` as NDJSON; a name ending in .gz packs it.

    A plain file appears only when the year is complete and its figures are right.
    """
    scenario = load_scenario(scenario_name_or_path)
    year = Year(scenario, load(catalogue_folder))
    with writing(output) as file:
        events = _write(year, file, progress, packed=output.suffix == ".gz")
    return Summary(
        scenario=scenario.name,
        title=scenario.title,
        first_day=scenario.first_day,
        last_day=scenario.last_day,
        output=output,
        dossiers=year.dossiers,
        events=events,
        figures=year.figures,
        printed=scenario.printed,
    )


def _write(year: Year, file: BinaryIO, progress: Progress | None, *, packed: bool) -> int:
    events, told = 0, 0
    with _packed(file) if packed else nullcontext(file) as lines:
        for event in year.events():
            lines.write(event + b"\n")
            events += 1
            if progress is not None and year.begun >= told + TELL_EVERY:
                told = year.begun
                progress(told, year.dossiers)
    if progress is not None:
        progress(year.dossiers, year.dossiers)
    return events


def _packed(file: BinaryIO) -> GzipFile:
    """Without a name and a time: the same year is the same bytes again."""
    return GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=FAST)
