"""A scenario's year as one file of CloudEvents in the order of time.

It is made dossier by dossier, so that memory follows open dossiers, and counted with the product's own rules while it
is written, so that a wrong year is never left behind.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from gzip import GzipFile
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from typing import BinaryIO

from msgspec import Raw
from msgspec.structs import asdict

from motcua.files import writing
from motcua.stack.generate.dossiers import PlannedDossier, province_of
from motcua.stack.generate.fates import allot_fates
from motcua.stack.generate.planning import plan_counted, plan_declined
from motcua.stack.generate.scenario import Scenario, load_scenario
from motcua.stack.generate.timeline import Step, steps_of
from motcua.stack.generate.working_time import moment
from shared.catalogue import Catalogue, load
from shared.contract.envelope import JSON, SPEC_VERSION, encode, event_type
from shared.domain.counting import STOCKS, contributions
from shared.domain.dossier import Dossier
from shared.domain.events import EVENT_TYPES
from shared.domain.fields import Channel
from shared.domain.figures import Figures, Sums, figures
from shared.domain.transitions import apply

COUNTERS = 12
AT_THE_ENTRANCE = frozenset({"submitted", "received", "fee_paid", "returned", "rated"})
TYPES = {name: event_type(name) for name in EVENT_TYPES}
SAY_EVERY = 500  # dossiers
FAST = 3  # of gzip's levels

Progress = Callable[[int, int], None]  # dossiers done, dossiers in all
Pending = tuple[
    int, int, int, str, str, str, bytes
]  # instant, dossier's number, step's number: their order; type, code, source, data


class WrongYear(AssertionError):
    """The generated year does not have the figures asked for: a fault of the generator, not of the scenario."""


@dataclass(frozen=True, slots=True)
class GeneratedYear:
    """What was written."""

    output: Path
    dossiers: int
    events: int
    figures: Figures


def generate_file(scenario_name_or_path: str, output: Path, progress: Progress | None = None) -> GeneratedYear:
    """Generates the scenario into `output` as NDJSON; a name ending in .gz packs it.

    A plain file appears only when the year is complete and its figures are right.
    """
    year = Year(load_scenario(scenario_name_or_path), load())
    with writing(output) as file:
        events = _write(year, file, progress, packed=output.suffix == ".gz")
    return GeneratedYear(output, len(year.planned), events, year.figures)


def _write(year: "Year", file: BinaryIO, progress: Progress | None, *, packed: bool) -> int:
    events, last_said = 0, 0
    # without a name and a time: the same year is the same bytes again
    packing = (
        GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=FAST) if packed else nullcontext(file)
    )
    with packing as lines:
        for event in year.events():
            lines.write(event + b"\n")
            events += 1
            if progress is not None and year.begun >= last_said + SAY_EVERY:
                last_said = year.begun
                progress(last_said, len(year.planned))
    if progress is not None:
        progress(len(year.planned), len(year.planned))
    return events


class Year:
    """A planned year; `begun` of its dossiers are in the stream so far.

    Raises `ImpossibleScenario` when the figures asked for cannot be.
    """

    def __init__(self, scenario: Scenario, catalogue: Catalogue) -> None:
        self._scenario = scenario
        self._province = province_of(scenario, catalogue)
        counted = plan_counted(self._province, self._random("receipts"))
        allot_fates(counted, self._province, self._random("fates"))
        self.planned = counted + plan_declined(self._province, self._random("declined"))
        self.planned.sort(key=lambda dossier: dossier.first_instant)
        self.begun = 0
        self._sums = Sums()

    @property
    def figures(self) -> Figures:
        """Known when the stream has ended."""
        return figures(self._sums)

    def events(self) -> Iterator[bytes]:
        """One JSON CloudEvent each, ordered by time, the same for the same seed; to be read once.

        Raises `WrongYear` after the last when the figures are not those asked for.
        """
        for number, (at, _, _, kind, code, source, facts) in enumerate(self._in_order(), start=1):
            event = {
                "specversion": SPEC_VERSION,
                "id": f"{self._scenario.name}-{number:07d}",
                "source": source,
                "type": kind,
                "subject": code,
                "time": moment(at),
                "datacontenttype": JSON,
                "data": Raw(facts),
            }
            yield encode(event)
        made, asked = self.figures, self._scenario.figures.row()
        if wrong := [
            f"{name} is {made[name]:,}, asked for {wanted:,}" for name, wanted in asked.items() if made[name] != wanted
        ]:
            raise WrongYear(f"the generated year of {self._scenario.name} is wrong: " + "; ".join(wrong))

    def _in_order(self) -> Iterator[Pending]:
        """A dossier's steps wait in a heap until no dossier can begin before them."""
        heap: list[Pending] = []
        rng = self._random("timelines")
        serials: defaultdict[str, int] = defaultdict(int)
        for number, dossier in enumerate(self.planned):
            while heap and heap[0][0] < dossier.first_instant:
                yield heappop(heap)
            day = f"{dossier.office.code}-{moment(dossier.first_instant):%y%m%d}"
            serials[day] += 1
            for pending in self._pending(dossier, f"{day}-{serials[day]:04d}", number, rng):
                heappush(heap, pending)
            self.begun = number + 1
        while heap:
            yield heappop(heap)

    def _pending(self, dossier: PlannedDossier, code: str, number: int, rng: Random) -> Iterator[Pending]:
        steps = steps_of(dossier, self._province, rng)
        self._count(_folded(code, steps))
        centre, counter = f"/centres/{self._scenario.place}", f"counters/{rng.randint(1, COUNTERS):02d}"
        entrance = f"{centre}/{'portal' if dossier.channel is Channel.ONLINE else counter}"
        office = f"{centre}/departments/{dossier.office.code}"
        for step, (at, event) in enumerate(steps):
            source = entrance if event.kind in AT_THE_ENTRANCE else office
            # every fact by its name, defaults too: whoever counts the file need not know them
            facts = {name: fact for name, fact in asdict(event).items() if fact is not None}
            yield at, number, step, TYPES[event.kind], code, source, encode(facts)

    def _count(self, dossier: Dossier) -> None:
        """Add what the dossier adds to the figures of the period."""
        sums, channel = self._sums, dossier.counted_channel
        for delta in contributions(dossier):
            key = (delta.measure, channel)
            if delta.day > self._scenario.last_day:
                continue
            if delta.measure in STOCKS:
                sums.at_end[key] = sums.at_end.get(key, 0) + delta.amount
                if delta.day < self._scenario.first_day:
                    sums.before[key] = sums.before.get(key, 0) + delta.amount
            elif delta.day >= self._scenario.first_day:
                sums.within[key] = sums.within.get(key, 0) + delta.amount

    def _random(self, purpose: str) -> Random:
        """A stream of numbers of its own for each purpose, so that a change to one leaves the others as they were."""
        return Random(f"{self._scenario.seed}:{purpose}")  # noqa: S311 - to be the same for the same seed


def _folded(code: str, steps: list[Step]) -> Dossier:
    """The dossier after all its steps: the domain itself accepts every one of them."""
    dossier: Dossier | None = None
    for at, event in steps:
        dossier = apply(dossier, code, event, moment(at))
    assert dossier is not None
    return dossier
