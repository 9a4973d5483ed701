"""The year as one stream of CloudEvents in the order of time, made dossier by dossier, so that memory follows open dossiers."""

from collections import defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random

from msgspec import Raw
from msgspec.structs import asdict

from motcua.generate.axis import moment
from motcua.generate.course import Step
from motcua.generate.fates import allot
from motcua.generate.ground import ground
from motcua.generate.plan import Plan
from motcua.generate.planning import declined, plans
from motcua.generate.scenario import Scenario
from motcua.generate.tally import Tally, check
from motcua.generate.timeline import timeline
from shared.catalogue import Catalogue
from shared.contract.codec import encode
from shared.contract.envelope import JSON, SPEC_VERSION, event_type
from shared.domain.dossier import Dossier, apply
from shared.domain.events import EVENT_TYPES, Channel, Event
from shared.domain.figures import Figures

COUNTERS = 12
TYPES = {name: event_type(name) for name in EVENT_TYPES}

Pending = tuple[int, int, int, str, str, str, bytes]  # instant, dossier's number, step's number: their order; type, code, source, data


def generate(scenario: Scenario, catalogue: Catalogue) -> Iterator[bytes]:
    """The scenario's events, one JSON CloudEvent each, ordered by time; the same for the same seed.

    Raises `ImpossibleScenario` before the first event, and `WrongYear` after the last when the figures are not those asked for.
    """
    return Year(scenario, catalogue).events()


class Year:
    """A planned year. `begun` of `dossiers` are in the stream so far; `figures` are known when the stream has ended."""

    def __init__(self, scenario: Scenario, catalogue: Catalogue) -> None:
        self._scenario = scenario
        self._ground = ground(scenario, catalogue)
        counted = plans(self._ground, _random(scenario, "receipts"))
        allot(counted, self._ground, _random(scenario, "fates"))
        self._plans = counted + declined(self._ground, _random(scenario, "declined"))
        self._plans.sort(key=lambda plan: plan.first_instant)
        self._tally = Tally(scenario.first_day, scenario.last_day)
        self.dossiers = len(self._plans)
        self.begun = 0

    @property
    def figures(self) -> Figures:
        return self._tally.figures()

    def events(self) -> Iterator[bytes]:
        """The events as `generate` gives them; to be read once."""
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
        check(self.figures, self._scenario)

    def _in_order(self) -> Iterator[Pending]:
        """A dossier's steps wait in a heap until no dossier can begin before them."""
        heap: list[Pending] = []
        rng = _random(self._scenario, "timelines")
        serials: defaultdict[str, int] = defaultdict(int)
        for number, plan in enumerate(self._plans):
            while heap and heap[0][0] < plan.first_instant:
                yield heappop(heap)
            day = f"{plan.office.code}-{moment(plan.first_instant):%y%m%d}"
            serials[day] += 1
            for pending in self._pending(plan, f"{day}-{serials[day]:04d}", number, rng):
                heappush(heap, pending)
            self.begun = number + 1
        while heap:
            yield heappop(heap)

    def _pending(self, plan: Plan, code: str, number: int, rng: Random) -> Iterator[Pending]:
        steps = timeline(plan, self._ground, rng)
        self._tally.add(_fold(code, steps))
        place, desk = self._scenario.place, f"counters/{rng.randint(1, COUNTERS):02d}"
        entrance = f"/centres/{place}/{'portal' if plan.channel is Channel.ONLINE else desk}"
        office = f"/centres/{place}/departments/{plan.office.code}"
        for step, (at, what) in enumerate(steps):
            source = entrance if what.kind in {"submitted", "received", "fee_paid", "returned", "rated"} else office
            yield at, number, step, TYPES[what.kind], code, source, encode(_written_out(what))


def _written_out(what: Event) -> dict[str, object]:
    """Every fact by its name, defaults too: whoever counts the file need not know them."""
    return {name: fact for name, fact in asdict(what).items() if fact is not None}


def _random(scenario: Scenario, purpose: str) -> Random:
    """A stream of numbers of its own for each purpose, so that a change to one leaves the others as they were."""
    return Random(f"{scenario.seed}:{purpose}")  # noqa: S311 - it must be the same for the same seed, not unguessable


def _fold(code: str, steps: list[Step]) -> Dossier:
    """The dossier after all its steps: the domain itself accepts every one of them."""
    dossier: Dossier | None = None
    for at, what in steps:
        dossier = apply(dossier, code, what, moment(at))
    assert dossier is not None
    return dossier
