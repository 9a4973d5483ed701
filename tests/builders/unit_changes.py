"""Random trees of changes of units, as the catalogue's loader lets them through."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from shared.catalogue.units import ChangeKind, Part, UnitChange


@st.composite
def trees(draw: st.DrawFn, units: Sequence[str], procedures: Sequence[str], first: date, days: int) -> list[UnitChange]:
    """Of any of the units but the first, within so many days: each ends at most once, or gives a part away before."""
    ends = {unit: draw(st.integers(1, days)) for unit in draw(st.lists(st.sampled_from(units[1:]), unique=True))}
    less = draw(st.lists(st.sampled_from(units), unique=True, max_size=2))
    changes = []
    for unit, day in [*ends.items(), *((unit, 0) for unit in less)]:
        there = [other for other in units if other != unit and ends.get(other, days + 1) > day]
        heir = draw(st.sampled_from(there)) if day else unit
        others = draw(st.lists(st.sampled_from(there), unique=True, min_size=0 if day else 1, max_size=2))
        parts = [Part(other, frozenset([procedures[number]])) for number, other in enumerate(others) if other != heir]
        kind = ChangeKind.SPLIT if parts else ChangeKind.MERGE
        changes.append(UnitChange(first + timedelta(days=day), kind, (unit,), heir, "NQ", tuple(parts)))
    return changes
