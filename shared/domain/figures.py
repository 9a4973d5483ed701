"""The figures of a period, with the column names of the statutory form II.06a (domain §5), from sums of deltas."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from shared.domain.counting import Measure
from shared.domain.events import Channel

CountsByChannel = Mapping[tuple[Measure, Channel], int]
SHARE_OF_FORM = Decimal("0.001")
SHARE_ONLINE = Decimal("0.1")
HUNDRED = Decimal(100)


@dataclass(slots=True)
class Sums:
    """Sums of deltas for one group: stocks before the period's first day, flows in the period, stocks at its last day."""

    before: dict[tuple[Measure, Channel], int] = field(default_factory=dict)
    within: dict[tuple[Measure, Channel], int] = field(default_factory=dict)
    at_end: dict[tuple[Measure, Channel], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts of dossiers; every total is made of its parts, so no row can disagree with itself."""

    carried_over: int
    received_online: int
    received_online_full: int
    received_in_person: int
    received_postal: int
    resolved_early: int
    resolved_on_time: int
    resolved_overdue: int
    resolved_no_deadline: int
    in_progress_total: int
    in_progress_overdue: int
    in_progress_suspended: int
    withdrawn: int
    stopped: int
    returned_in_person: int
    returned_postal: int
    returned_online: int
    awaiting_return: int

    @property
    def received_in_person_or_postal(self) -> int:
        return self.received_in_person + self.received_postal

    @property
    def received_in_period(self) -> int:
        return self.received_online + self.received_in_person_or_postal

    @property
    def received_total(self) -> int:
        return self.carried_over + self.received_in_period

    @property
    def resolved_total(self) -> int:
        return self.resolved_early + self.resolved_on_time + self.resolved_overdue + self.resolved_no_deadline

    @property
    def in_progress_within(self) -> int:
        return self.in_progress_total - self.in_progress_overdue

    @property
    def returned_total(self) -> int:
        return self.returned_in_person + self.returned_postal + self.returned_online

    @property
    def online_share(self) -> Decimal | None:
        """Online dossiers of all to handle, in percent with one decimal (the base includes carried-over ones)."""
        return share(self.received_online, self.received_total, SHARE_ONLINE)

    @property
    def online_share_of_period(self) -> Decimal | None:
        """Online dossiers of those received in the period, in percent with one decimal."""
        return share(self.received_online, self.received_in_period, SHARE_ONLINE)

    @property
    def timeliness_shares(self) -> tuple[Decimal, Decimal, Decimal] | None:
        """Early, on time and overdue of those with a deadline, in percent with three decimals; they sum to 100."""
        return shares_of_row((self.resolved_early, self.resolved_on_time, self.resolved_overdue), SHARE_OF_FORM)


def figures(sums: Sums) -> Figures:
    """The figures of one group from its sums."""

    def total(counts: CountsByChannel, measure: Measure) -> int:
        return sum(counts.get((measure, channel), 0) for channel in Channel)

    def received(channel: Channel) -> int:
        return sums.within.get((Measure.RECEIVED, channel), 0)

    flows = {
        measure.value: total(sums.within, measure)
        for measure in Measure
        if measure.value.startswith(("resolved_", "returned_")) or measure in (Measure.WITHDRAWN, Measure.STOPPED)
    }
    return Figures(
        carried_over=total(sums.before, Measure.OPEN),
        received_online=received(Channel.ONLINE),
        received_online_full=total(sums.within, Measure.RECEIVED_ONLINE_FULL),
        received_in_person=received(Channel.IN_PERSON),
        received_postal=received(Channel.POSTAL),
        in_progress_total=total(sums.at_end, Measure.OPEN),
        in_progress_overdue=total(sums.at_end, Measure.OPEN_OVERDUE),
        in_progress_suspended=total(sums.at_end, Measure.OPEN_SUSPENDED),
        awaiting_return=total(sums.at_end, Measure.AWAITING_RETURN),
        **flows,
    )


def share(part: int, whole: int, quantum: Decimal) -> Decimal | None:
    """`part` of `whole` in percent, half-up to the quantum; None for a whole of 0 ("not applicable", never 0 %)."""
    return None if whole == 0 else (HUNDRED * part / whole).quantize(quantum, ROUND_HALF_UP)


def shares_of_row(parts: tuple[int, int, int], quantum: Decimal) -> tuple[Decimal, Decimal, Decimal] | None:
    """Shares that sum to exactly 100: each half-up, the residual on the largest class (domain §6)."""
    whole = sum(parts)
    if whole == 0:
        return None
    rounded = [(HUNDRED * part / whole).quantize(quantum, ROUND_HALF_UP) for part in parts]
    largest = max(range(len(parts)), key=parts.__getitem__)
    rounded[largest] += HUNDRED - sum(rounded)
    return rounded[0], rounded[1], rounded[2]
