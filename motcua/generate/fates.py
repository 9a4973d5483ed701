"""Who is early, on time, overdue or still open: exactly as many of each as the scenario asks, each dossier as its deadline allows."""

from collections.abc import Callable, Iterable
from random import Random

from motcua.generate.axis import midnight, moment
from motcua.generate.ground import Ground
from motcua.generate.plan import Fate, Plan
from motcua.generate.scenario import ImpossibleScenario
from motcua.generate.windows import can_be_early, can_be_on_time, can_be_overdue, can_close_in_time
from shared.domain.events import Channel

ONLINE_IS_EARLIER = 1.5
RECENT_DAYS = 20

Likelihood = Callable[[Plan], float]


def allot(plans: list[Plan], ground: Ground, rng: Random) -> None:
    """Gives each plan its fate. Raises `ImpossibleScenario` when the calendar does not allow the figures."""
    lot = _Lot(plans, rng)
    _open_within(lot, ground)
    _overdue(lot, ground)
    _open_overdue(lot, ground)
    _early(lot, ground)
    lot.give(lot.rest, Fate.ON_TIME)


class _Lot:
    """The plans whose fate is not known yet."""

    def __init__(self, plans: list[Plan], rng: Random) -> None:
        self.rest = plans
        self._rng = rng

    def give(self, taken: Iterable[Plan], fate: Fate) -> None:
        gone = set()
        for plan in taken:
            plan.fate = fate
            gone.add(id(plan))
        self.rest = [plan for plan in self.rest if id(plan) not in gone]

    def draw(self, candidates: list[Plan], amount: int, fate: Fate, *, figure: str, likelihood: Likelihood = lambda _: 1.0) -> None:
        """Gives exactly `amount` of the candidates the fate."""
        if len(candidates) < amount:
            raise ImpossibleScenario(
                f"{figure}: {amount:,} more are asked for, but the receipts and deadlines of only {len(candidates):,} dossiers allow it; "
                "ask for fewer, or weigh departments with longer terms more"
            )
        ranked = sorted(((self._rng.random() ** (1 / likelihood(plan)), number) for number, plan in enumerate(candidates)), reverse=True)
        self.give((candidates[number] for _, number in ranked[:amount]), fate)


def _open_within(lot: _Lot, ground: Ground) -> None:
    asked, ends = ground.scenario.figures.in_progress_within, ground.ends
    forced = [plan for plan in lot.rest if not can_close_in_time(plan, ends)]
    _require("in_progress_within", len(forced), asked, "dossiers come in too late to be closed")
    lot.give(forced, Fate.OPEN)
    due_later = [plan for plan in lot.rest if _due_day(plan) >= ends]
    lot.draw(due_later, asked - len(forced), Fate.OPEN, figure="in_progress_within", likelihood=lambda plan: _left(plan, ends))


def _overdue(lot: _Lot, ground: Ground) -> None:
    named = ground.scenario.overdue_by_department
    if not named:
        late = [plan for plan in lot.rest if can_be_overdue(plan)]
        lot.draw(late, ground.scenario.figures.resolved_overdue, Fate.OVERDUE, figure="resolved_overdue")
    for code, amount in named.items():
        late = [plan for plan in lot.rest if plan.office.code == code and can_be_overdue(plan)]
        lot.draw(late, amount, Fate.OVERDUE, figure=f"overdue_by_department {code}")


def _open_overdue(lot: _Lot, ground: Ground) -> None:
    last_day, ends = midnight(ground.scenario.last_day), ground.ends
    late = [plan for plan in lot.rest if _due_day(plan) < last_day]
    amount = ground.scenario.figures.in_progress_overdue
    lot.draw(late, amount, Fate.OPEN_OVERDUE, figure="in_progress_overdue", likelihood=lambda plan: _recent(plan, ends))


def _early(lot: _Lot, ground: Ground) -> None:
    asked, ends = ground.scenario.figures.resolved_early, ground.ends
    forced = [plan for plan in lot.rest if not can_be_on_time(plan, ends)]
    _require("resolved_early", len(forced), asked, "resolved dossiers are due after the period, or at an hour when nobody works")
    lot.give(forced, Fate.EARLY)
    candidates = [plan for plan in lot.rest if can_be_early(plan)]
    lot.draw(candidates, asked - len(forced), Fate.EARLY, figure="resolved_early", likelihood=_hurry)


def _require(figure: str, least: int, asked: int, why: str) -> None:
    if least > asked:
        raise ImpossibleScenario(f"{figure}: at least {least:,}, because so many {why}; {asked:,} are asked for")


def _due_day(plan: Plan) -> int:
    return midnight(plan.due.date())


def _left(plan: Plan, ends: int) -> float:
    """The share of its time that a dossier has left at the period's end: the more, the likelier it is still open."""
    due = plan.due.timestamp()
    return float(max((due - ends) / (due - plan.received), 0.01)) ** 2


def _recent(plan: Plan, ends: int) -> float:
    return max(1 - (moment(ends) - plan.due).days / RECENT_DAYS, 0.01)


def _hurry(plan: Plan) -> float:
    return ONLINE_IS_EARLIER if plan.channel is Channel.ONLINE else 1.0
