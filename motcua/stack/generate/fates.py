"""Who is early, on time, overdue or still open: as many of each as the scenario asks, as the deadlines allow."""

from collections.abc import Callable, Iterable
from random import Random

from motcua.stack.generate.dossiers import Fate, PlannedDossier, Province
from motcua.stack.generate.scenario import ImpossibleScenario
from motcua.stack.generate.working_time import midnight, moment
from shared.domain.fields import Channel

ONLINE_IS_EARLIER = 1.5
RECENT_DAYS = 20

Likelihood = Callable[[PlannedDossier], float]


def allot_fates(dossiers: list[PlannedDossier], province: Province, rng: Random) -> None:
    """Gives each dossier its fate. Raises `ImpossibleScenario` when the calendar does not allow the figures."""
    undecided = _Undecided(dossiers, rng)
    _open_within(undecided, province)
    _overdue(undecided, province)
    _open_overdue(undecided, province)
    _early(undecided, province)
    undecided.give(undecided.rest, Fate.ON_TIME)


class _Undecided:
    """The dossiers whose fate is not known yet."""

    def __init__(self, dossiers: list[PlannedDossier], rng: Random) -> None:
        self.rest = dossiers
        self._rng = rng

    def give(self, taken: Iterable[PlannedDossier], fate: Fate) -> None:
        gone = set()
        for dossier in taken:
            dossier.fate = fate
            gone.add(id(dossier))
        self.rest = [dossier for dossier in self.rest if id(dossier) not in gone]

    def draw(
        self,
        candidates: list[PlannedDossier],
        amount: int,
        fate: Fate,
        *,
        figure: str,
        likelihood: Likelihood = lambda _: 1.0,
    ) -> None:
        """Gives exactly `amount` of the candidates the fate."""
        if len(candidates) < amount:
            raise ImpossibleScenario(
                f"{figure}: {amount:,} more are asked for, but the receipts and deadlines of only {len(candidates):,} "
                "dossiers allow it; ask for fewer, or weigh departments with longer terms more"
            )
        keys = ((self._rng.random() ** (1 / likelihood(dossier)), number) for number, dossier in enumerate(candidates))
        self.give((candidates[number] for _, number in sorted(keys, reverse=True)[:amount]), fate)


def _open_within(undecided: _Undecided, province: Province) -> None:
    asked, ends = province.scenario.figures.in_progress_within, province.ends
    forced = [dossier for dossier in undecided.rest if not dossier.can_close_in_time(ends)]
    _require("in_progress_within", len(forced), asked, "dossiers come in too late to be closed")
    undecided.give(forced, Fate.OPEN)
    due_later = [dossier for dossier in undecided.rest if _due_day(dossier) >= ends]

    def time_left(dossier: PlannedDossier) -> float:
        """The share of its time that is left at the period's end: the more, the likelier it is still open."""
        due = dossier.due.timestamp()
        return float(max((due - ends) / (due - dossier.received), 0.01)) ** 2

    undecided.draw(due_later, asked - len(forced), Fate.OPEN, figure="in_progress_within", likelihood=time_left)


def _overdue(undecided: _Undecided, province: Province) -> None:
    named = province.scenario.overdue_by_department
    if not named:
        late = [dossier for dossier in undecided.rest if dossier.can_be(Fate.OVERDUE, province.ends)]
        undecided.draw(late, province.scenario.figures.resolved_overdue, Fate.OVERDUE, figure="resolved_overdue")
    for code, amount in named.items():
        late = [
            dossier
            for dossier in undecided.rest
            if dossier.office.code == code and dossier.can_be(Fate.OVERDUE, province.ends)
        ]
        undecided.draw(late, amount, Fate.OVERDUE, figure=f"overdue_by_department {code}")


def _open_overdue(undecided: _Undecided, province: Province) -> None:
    last_day = midnight(province.scenario.last_day)
    late = [dossier for dossier in undecided.rest if _due_day(dossier) < last_day]

    def recent(dossier: PlannedDossier) -> float:
        return max(1 - (moment(province.ends) - dossier.due).days / RECENT_DAYS, 0.01)

    amount = province.scenario.figures.in_progress_overdue
    undecided.draw(late, amount, Fate.OPEN_OVERDUE, figure="in_progress_overdue", likelihood=recent)


def _early(undecided: _Undecided, province: Province) -> None:
    asked, ends = province.scenario.figures.resolved_early, province.ends
    forced = [dossier for dossier in undecided.rest if not dossier.can_be(Fate.ON_TIME, ends)]
    _require(
        "resolved_early",
        len(forced),
        asked,
        "resolved dossiers are due after the period, or at an hour when nobody works",
    )
    undecided.give(forced, Fate.EARLY)
    candidates = [dossier for dossier in undecided.rest if dossier.can_be(Fate.EARLY, ends)]

    def hurry(dossier: PlannedDossier) -> float:
        return ONLINE_IS_EARLIER if dossier.channel is Channel.ONLINE else 1.0

    undecided.draw(candidates, asked - len(forced), Fate.EARLY, figure="resolved_early", likelihood=hurry)


def _require(figure: str, least: int, asked: int, why: str) -> None:
    if least > asked:
        raise ImpossibleScenario(f"{figure}: at least {least:,}, because so many {why}; {asked:,} are asked for")


def _due_day(dossier: PlannedDossier) -> int:
    return midnight(dossier.due.date())
