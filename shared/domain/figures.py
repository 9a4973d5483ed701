"""The figures of a period by the keys of their columns, from sums of deltas;
shares, and identities that hold (domain §5, §6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from shared.domain.columns import KEYS, SHARES, Kind, Share, terms_of
from shared.domain.counting import Measure
from shared.domain.events import Channel

Figures = dict[str, int]
"""A row: the count of every column under its key.
Every total is made of its parts, so no row can disagree with itself."""
HUNDRED = Decimal(100)


@dataclass(slots=True)
class Sums:
    """Sums of deltas for one group: stocks before the period's first day, flows in the period,
    stocks at its last day."""

    before: dict[tuple[Measure, Channel], int] = field(default_factory=dict)
    within: dict[tuple[Measure, Channel], int] = field(default_factory=dict)
    at_end: dict[tuple[Measure, Channel], int] = field(default_factory=dict)


def figures(sums: Sums) -> Figures:
    """The figures of one group from its sums."""
    by_kind = {Kind.BEFORE: sums.before, Kind.WITHIN: sums.within, Kind.AT_END: sums.at_end}
    return {
        key: sum([sign * by_kind[kind].get(counted, 0) for kind, counted, sign in terms])
        for key, terms in _TERMS.items()
    }


_TERMS = {
    key: [
        (count.kind, (count.measure, channel), sign)
        for count, sign in terms_of(key)
        for channel in Channel
        if count.channel in (None, channel)
    ]
    for key in KEYS
}


def shares(row: Figures) -> dict[str, Decimal | None]:
    """Every share of the row under its key; None where there is nothing to take it of ("not applicable", never 0 %)."""
    return {each.key: share_of(row, each, each.quantum) for each in SHARES}


def share_of(row: Mapping[str, int], wanted: Share, quantum: Decimal) -> Decimal | None:
    """A share of the row, rounded to the quantum as the table of shares says."""
    if not wanted.of_hundred:
        return share(row[wanted.part], sum(row[key] for key in wanted.whole), quantum)
    found = shares_of_row([row[key] for key in wanted.whole], quantum)
    return None if found is None else found[wanted.whole.index(wanted.part)]


def share(part: int, whole: int, quantum: Decimal) -> Decimal | None:
    """`part` of `whole` in percent, half-up to the quantum; None for a whole of 0."""
    return None if whole == 0 else (HUNDRED * part / whole).quantize(quantum, ROUND_HALF_UP)


def shares_of_row(parts: Sequence[int], quantum: Decimal) -> tuple[Decimal, ...] | None:
    """Shares that sum to exactly 100: each half-up, the residual on the largest class (domain §6)."""
    whole = sum(parts)
    if whole == 0:
        return None
    rounded = [(HUNDRED * part / whole).quantize(quantum, ROUND_HALF_UP) for part in parts]
    largest = max(range(len(parts)), key=parts.__getitem__)
    rounded[largest] += HUNDRED - sum(rounded)
    return tuple(rounded)


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
RESOLVED = Identity(
    "7=8+9+10", "resolved_total", ("resolved_early", "resolved_on_time", "resolved_overdue", "resolved_no_deadline")
)
IN_PROGRESS = Identity("11=12+13", "in_progress_total", ("in_progress_within", "in_progress_overdue"))
BALANCE = Identity("3=7+11", "received_total", ("resolved_total", "in_progress_total"))
ROW_IDENTITIES = (RECEIVED, RESOLVED, IN_PROGRESS, BALANCE)
"""What must hold in every row of the statutory form, and what a broken one breaks by (domain §5)."""
