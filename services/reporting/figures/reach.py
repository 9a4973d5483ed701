"""Which dossiers a question can count at most, and whether its asker is bound to less; no I/O.

This is the one decision on what a bound reader is told, and it looks at the question alone: an answer is never cut
down. A question is inside when each dossier that it can count is covered by the scope, whatever the dossiers are: when
it asks for departments of the scope only, or for what units received of which the scope names every one.

Units are those that the log has, as everywhere in access. A unit that has taken over from others does not take over
what their keys may see: as organised now it reaches their dossiers too, so its reader needs a key for them as well.
"""

from dataclasses import dataclass

from services.reporting.figures.query import Dimension, FigureQuery, GroupKey
from shared.access.roles import Scope
from shared.catalogue.units import Organisation

Units = frozenset[str]


@dataclass(frozen=True, slots=True)
class Reach:
    """The dossiers of some departments that some units received; None: of all of them, wherever they were received."""

    departments: Units | None = None
    received_by: Units | None = None

    def is_within(self, scope: Scope) -> bool:
        """Whether the scope covers every dossier that there can be here."""
        if scope.departments is None:
            return True
        of_departments = self.departments is not None and self.departments <= scope.departments
        return of_departments or (self.received_by is not None and self.received_by <= scope.received_by)


EVERYWHERE = Reach()


def reach_of(query: FigureQuery, key: GroupKey = ()) -> Reach:
    """Of a question by its filters, or of one of its rows by the row's key too."""
    of_row = dict(zip(query.by, key, strict=False))
    return Reach(
        _units(query.filters.departments, of_row.get(Dimension.DEPARTMENT), query.organised),
        _units(query.filters.places, of_row.get(Dimension.RECEIVED_BY), query.organised),
    )


def _units(wanted: Units, of_row: str | None, organised: Organisation | None) -> Units | None:
    """The units that the log has of a filter, or of the row's value, which is one of those that the filter lets
    through."""
    units = wanted if of_row is None else frozenset([of_row])
    if not units:
        return None
    return units if organised is None else frozenset(source.unit for source in organised.sources(units))
