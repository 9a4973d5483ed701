"""Shares as they are printed: Tra Vinh's own rounding, and rows that sum to 100."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.columns import SHARE_KEYS
from shared.domain.counting import Measure
from shared.domain.events import Channel
from shared.domain.figures import (
    BALANCE,
    RECEIVED,
    ROW_IDENTITIES,
    Figures,
    Identity,
    Sums,
    figures,
    share,
    shares,
    shares_of_row,
)

counts = st.integers(0, 10**9)
SHARE_ONLINE, SHARE_OF_FORM = Decimal("0.1"), Decimal("0.001")  # what offices print


def tra_vinh() -> Figures:
    """The year 2023 with the headline figures that can hold together (domain §6)."""
    before = {(Measure.OPEN, Channel.IN_PERSON): 1_248}
    within = {
        (Measure.RECEIVED, Channel.ONLINE): 50_353,
        (Measure.RECEIVED, Channel.IN_PERSON): 28_520,
        (Measure.RESOLVED_EARLY, Channel.ONLINE): 19_409,
        (Measure.RESOLVED_ON_TIME, Channel.ONLINE): 30_000,
        (Measure.RESOLVED_ON_TIME, Channel.IN_PERSON): 29_369,
        (Measure.RESOLVED_OVERDUE, Channel.POSTAL): 6,
    }
    return figures(Sums(before, within, {(Measure.OPEN, Channel.ONLINE): 1_337}))


def test_tra_vinh_2023_prints_the_shares_it_printed() -> None:
    found = tra_vinh()
    assert (found["received_total"], found["resolved_total"], found["in_progress_within"]) == (80_121, 78_784, 1_337)
    assert shares(found) == dict(
        zip(SHARE_KEYS, map(Decimal, ("62.8", "63.8", "24.636", "75.356", "0.008")), strict=True)
    )


def test_half_up_alone_would_sum_to_more_than_a_hundred() -> None:
    each = [share(part, 78_784, SHARE_OF_FORM) for part in (19_409, 59_369, 6)]
    assert each == [Decimal("24.636"), Decimal("75.357"), Decimal("0.008")]


def test_the_printed_figures_of_tra_vinh_break_two_identities() -> None:
    printed = {
        "received_total": 80_121, "received_online": 50_353, "received_in_person_or_postal": 28_538,
        "carried_over": 1_248, "resolved_total": 78_784, "in_progress_total": 1_137,
    }  # fmt: skip
    assert (RECEIVED.difference(printed), BALANCE.difference(printed)) == (-18, 200)


@given(st.tuples(counts, counts, counts))
def test_the_shares_of_a_row_sum_to_exactly_a_hundred(parts: tuple[int, int, int]) -> None:
    printed = shares_of_row(parts, SHARE_OF_FORM)
    assert printed is None if sum(parts) == 0 else sum(printed or ()) == 100


@given(st.tuples(counts, counts, counts))
def test_no_share_is_further_from_the_truth_than_the_rounding_explains(parts: tuple[int, int, int]) -> None:
    for part, printed in zip(parts, shares_of_row(parts, SHARE_OF_FORM) or (), strict=False):
        assert abs(Decimal(100) * part / sum(parts) - printed) <= Decimal("0.0015")
        assert printed >= 0


def test_a_share_of_nothing_is_not_applicable_rather_than_zero() -> None:
    assert share(0, 0, SHARE_ONLINE) is None
    assert shares_of_row((0, 0, 0), SHARE_OF_FORM) is None
    assert shares(figures(Sums())) == dict.fromkeys(SHARE_KEYS)


def test_dossiers_without_a_deadline_are_resolved_but_in_no_percentage() -> None:
    within = {(Measure.RESOLVED_EARLY, Channel.ONLINE): 1, (Measure.RESOLVED_NO_DEADLINE, Channel.ONLINE): 3}
    found = figures(Sums(within=within))
    assert found["resolved_total"] == 4
    assert list(shares(found).values())[2:] == [Decimal("100.000"), Decimal("0.000"), Decimal("0.000")]


@pytest.mark.parametrize("identity", ROW_IDENTITIES, ids=lambda identity: identity.name)
def test_an_identity_says_by_how_much_it_is_broken(identity: Identity) -> None:
    row = dict.fromkeys((identity.total, *identity.parts), 0)
    assert identity.difference(row) == 0
    assert identity.difference(row | {identity.total: 7}) == 7


def test_a_figure_that_is_missing_is_named() -> None:
    with pytest.raises(KeyError, match="carried_over"):
        RECEIVED.difference({"received_total": 1, "received_online": 1, "received_in_person_or_postal": 0})
