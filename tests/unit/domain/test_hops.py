"""Hops to other agencies: what opens and closes one, when it is late, and that nothing else follows from it."""

import pytest
from hypothesis import given
from msgspec.structs import replace

from shared.domain.counting import contributions
from shared.domain.dossier import Dossier, Hop
from shared.domain.errors import InstantOutOfRange
from shared.domain.lifecycle import State
from tests.builders.events import DUE, dossier_after, event, received
from tests.builders.histories import History, histories
from tests.builders.times import at

LAND, TAX = "H59.13", "Cục Thuế"
OUT = event("forwarded", "2023-01-04", agency=LAND, due_at=at("2023-01-06"))
ALSO_OUT = event("forwarded", "2023-01-05", agency=TAX)


def answered_at(dossier: Dossier) -> list[str | None]:
    return [None if hop.answered_at is None else f"{hop.answered_at:%m-%d}" for hop in dossier.hops]


def test_a_forwarded_dossier_is_at_that_agency_with_a_deadline_of_the_hops_own() -> None:
    dossier = dossier_after(received(), OUT)
    assert dossier.hops == (Hop(agency=LAND, forwarded_at=at("2023-01-04"), due_at=at("2023-01-06")),)
    assert (dossier.state, dossier.due_at) == (State.RECEIVED, DUE)


def test_an_answer_closes_the_latest_open_hop_to_that_agency() -> None:
    again = event("forwarded", "2023-01-06", agency=LAND)
    dossier = dossier_after(received(), OUT, ALSO_OUT, again, event("forward_answered", "2023-01-07", agency=LAND))
    assert answered_at(dossier) == [None, None, "01-07"]
    assert answered_at(
        dossier_after(received(), OUT, ALSO_OUT, event("forward_answered", "2023-01-07", agency=LAND))
    ) == ["01-07", None]


def test_an_answer_that_names_no_agency_closes_the_latest_open_hop() -> None:
    first, second = (
        event("forward_answered", "2023-01-07", agency=None),
        event("forward_answered", "2023-01-08", agency=None),
    )
    assert answered_at(dossier_after(received(), OUT, ALSO_OUT, first, second)) == ["01-08", "01-07"]


@pytest.mark.parametrize("history", [(), (OUT, event("forward_answered", "2023-01-05", agency=LAND)), (ALSO_OUT,)])
def test_an_answer_that_no_open_hop_waits_for_is_allowed_and_changes_none(history: History) -> None:
    before = dossier_after(received(), *history)
    after = dossier_after(received(), *history, event("forward_answered", "2023-01-09", agency=LAND))
    assert (after.hops, after.sequence) == (before.hops, before.sequence + 1)


def test_closing_the_dossier_leaves_an_open_hop_open() -> None:
    assert answered_at(dossier_after(received(), OUT, event("resolved", "2023-01-09"))) == [None]


def test_a_deadline_of_a_hop_that_no_office_works_in_is_refused() -> None:
    with pytest.raises(InstantOutOfRange):
        dossier_after(
            received(),
            event("forwarded", "2023-01-04", due_at=at("2023-01-06").replace(year=9999, tzinfo=None).astimezone()),
        )


@pytest.mark.parametrize(
    ("answered", "now", "late"),
    [
        (None, "2023-01-06 23:59", False),
        (None, "2023-01-07 00:00", True),
        ("2023-01-06 23:59", "2023-02-01", False),
        ("2023-01-07 00:00", "2023-02-01", True),
    ],
)
def test_a_hop_is_late_after_the_day_of_its_deadline(*, answered: str | None, now: str, late: bool) -> None:
    hop = Hop(
        agency=LAND,
        forwarded_at=at("2023-01-04"),
        due_at=at("2023-01-06"),
        answered_at=None if answered is None else at(answered),
    )
    assert hop.is_late(at(now)) is late


def test_a_hop_without_a_deadline_is_never_late() -> None:
    assert not Hop(agency=LAND, forwarded_at=at("2023-01-04")).is_late(at("2029-01-01"))


@given(histories())
def test_hops_count_in_no_figure_and_move_no_deadline(made: tuple[Dossier, History]) -> None:
    dossier, events = made
    without = dossier_after(
        *(each for each in events if each.kind not in ("forwarded", "forward_answered")), code=dossier.code
    )
    aside = {"sequence": dossier.sequence, "last_occurred_at": dossier.last_occurred_at, "hops": dossier.hops}
    assert replace(without, **aside) == dossier
    assert contributions(without) == contributions(dossier)
