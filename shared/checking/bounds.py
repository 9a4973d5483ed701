"""The least that a figure can be which a report does not state: as much as its known parts, and theirs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from shared.checking.counts import Spot
from shared.checking.rules import Equation

MOST_STEPS = 3  # from a total to a row's column 3, by 7 to 10


class KnownParts:
    """The counts that are known to be in a figure, however many steps below it."""

    def __init__(self, values: Mapping[Spot, int], wholes: Iterable[Equation]) -> None:
        self._values = values
        self._parts: dict[Spot, list[tuple[Spot, ...]]] = defaultdict(list)
        for whole in wholes:
            self._parts[whole.total].append(whole.parts)
        self._found: dict[tuple[Spot, int], tuple[Spot, ...]] = {}

    def of(self, cells: Iterable[Spot], steps: int = MOST_STEPS) -> tuple[Spot, ...]:
        """These cells; in place of a missing one the counts that add up to the most of it."""
        return tuple(dict.fromkeys(known for cell in cells for known in self._of(cell, steps)))

    def _of(self, cell: Spot, steps: int) -> tuple[Spot, ...]:
        if cell in self._values:
            return (cell,)
        if not steps or cell not in self._parts:
            return ()
        if (cell, steps) not in self._found:
            ways = (self.of(parts, steps - 1) for parts in self._parts[cell])
            self._found[cell, steps] = max(ways, key=self._sum)
        return self._found[cell, steps]

    def _sum(self, cells: tuple[Spot, ...]) -> int:
        return sum(self._values[cell] for cell in cells)
