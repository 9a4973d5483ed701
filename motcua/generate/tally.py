"""Counts the generated year with the product's own rules while it is written, so that a wrong year is never left behind."""

from datetime import date

from motcua.generate.scenario import Scenario
from shared.domain.counting import STOCKS, contributions
from shared.domain.dossier import Dossier
from shared.domain.figures import Figures, Sums, figures


class WrongYear(AssertionError):
    """The generated year does not have the figures asked for: a fault of the generator, not of the scenario."""


class Tally:
    """Sums of what each dossier adds to the figures of one period."""

    def __init__(self, first_day: date, last_day: date) -> None:
        self._first, self._last = first_day, last_day
        self._sums = Sums()

    def add(self, dossier: Dossier) -> None:
        sums, channel = self._sums, dossier.channel
        for delta in contributions(dossier):
            key = (delta.measure, channel)
            if delta.day > self._last:
                continue
            if delta.measure in STOCKS:
                sums.at_end[key] = sums.at_end.get(key, 0) + delta.amount
                if delta.day < self._first:
                    sums.before[key] = sums.before.get(key, 0) + delta.amount
            elif delta.day >= self._first:
                sums.within[key] = sums.within.get(key, 0) + delta.amount

    def figures(self) -> Figures:
        return figures(self._sums)


def check(found: Figures, scenario: Scenario) -> None:
    """Raises `WrongYear` naming each figure that differs."""
    wrong = [f"{name} is {found[name]:,}, asked for {wanted:,}" for name, wanted in scenario.figures.row().items() if found[name] != wanted]
    if wrong:
        raise WrongYear(f"the generated year of {scenario.name} is wrong: " + "; ".join(wrong))
