"""The identities of the statutory form: what must hold in every row, and what a broken one breaks by (domain §5)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """`total` = sum of `parts`, by the keys of the figures; `name` in the form's column numbers."""

    name: str
    total: str
    parts: tuple[str, ...]

    def difference(self, row: Mapping[str, int]) -> int:
        """`total` less the sum of its parts; 0 when the identity holds. KeyError names a figure the row lacks."""
        return row[self.total] - sum(row[part] for part in self.parts)


RECEIVED = Identity("3=4+5+6", "received_total", ("received_online", "received_in_person_or_postal", "carried_over"))
RESOLVED = Identity("7=8+9+10", "resolved_total", ("resolved_early", "resolved_on_time", "resolved_overdue", "resolved_no_deadline"))
IN_PROGRESS = Identity("11=12+13", "in_progress_total", ("in_progress_within", "in_progress_overdue"))
BALANCE = Identity("3=7+11", "received_total", ("resolved_total", "in_progress_total"))
ROW_IDENTITIES = (RECEIVED, RESOLVED, IN_PROGRESS, BALANCE)
