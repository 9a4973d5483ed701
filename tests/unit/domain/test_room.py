"""A dossier's status stays small: its history is bounded, and whatever is full, it can be closed."""

from datetime import timedelta

import pytest

from shared.contract.accepted import LONGEST_NAME
from shared.contract.envelope import encode
from shared.contract.status import status_of
from shared.domain.dossier import Dossier
from shared.domain.errors import TooLongAHistory
from shared.domain.lifecycle import State
from shared.domain.transitions import LONGEST_HISTORY, apply
from tests.builders.events import CODE, DUE, START, event, received

WHEN = "2023-01-09 08:31"
WIDEST = "😀" * LONGEST_NAME
MOST_BYTES = 400_000


def with_hops(dossier: Dossier, number: int) -> Dossier:
    for _ in range(number):
        dossier = apply(dossier, CODE, *event("forwarded", WHEN, agency=WIDEST, due_at=DUE))
    return dossier


def paused(dossier: Dossier, number: int) -> Dossier:
    """Pauses, each of which moves the deadline."""
    for _ in range(number):
        dossier = apply(dossier, CODE, *event("supplement_requested", WHEN))
        assert dossier.due_at is not None
        dossier = apply(dossier, CODE, *event("supplemented", WHEN, due_at=dossier.due_at + timedelta(hours=1)))
    return dossier


def test_hops_are_bounded_and_their_answers_are_not() -> None:
    full = with_hops(apply(None, CODE, *received()), LONGEST_HISTORY)
    with pytest.raises(TooLongAHistory) as refusal:
        apply(full, CODE, *event("forwarded", WHEN))
    assert refusal.value.code == "too_long_a_history"
    assert "close this dossier" in refusal.value.detail
    answered = apply(full, CODE, *event("forward_answered", WHEN, agency=WIDEST))
    assert apply(answered, CODE, *event("resolved", WHEN)).state is State.RESOLVED


def test_events_that_do_not_grow_the_status_are_not_limited() -> None:
    dossier = apply(None, CODE, *received())
    for _ in range(3 * LONGEST_HISTORY):
        dossier = apply(dossier, CODE, *event("fee_paid", WHEN))
    assert dossier.sequence == 3 * LONGEST_HISTORY + 1


@pytest.mark.parametrize("ending", ["resolved", "withdrawn", "stopped"])
def test_deadlines_are_bounded_and_a_pause_always_has_room_for_its_end(ending: str) -> None:
    dossier = apply(None, CODE, *received())
    for number in range(LONGEST_HISTORY - 2):
        dossier = apply(dossier, CODE, *event("extended", WHEN, due_at=DUE + timedelta(days=number)))
    dossier = apply(dossier, CODE, *event("payment_requested", WHEN))
    with pytest.raises(TooLongAHistory):
        apply(dossier, CODE, *event("extended", WHEN, due_at=DUE + timedelta(days=500)))
    after = apply(dossier, CODE, *event(ending, WHEN, due_at=DUE + timedelta(days=501)))
    assert len(after.deadlines) == LONGEST_HISTORY
    settled = apply(dossier, CODE, *event("payment_settled", WHEN, due_at=DUE + timedelta(days=501)))
    for more in ("payment_requested", "supplement_requested"):
        with pytest.raises(TooLongAHistory):
            apply(settled, CODE, *event(more, WHEN))


def test_pauses_are_bounded() -> None:
    dossier = apply(None, CODE, *received(due_at=None))
    for _ in range(LONGEST_HISTORY):
        dossier = apply(apply(dossier, CODE, *event("supplement_requested", WHEN)), CODE, *event("supplemented", WHEN))
    with pytest.raises(TooLongAHistory):
        apply(dossier, CODE, *event("supplement_requested", WHEN))


def test_the_largest_status_stays_far_below_a_records_limit() -> None:
    dossier = apply(None, CODE, *received(START + timedelta(microseconds=123_456)))
    dossier = apply(dossier, CODE, *event("processing_started", "2023-01-04", officer=WIDEST, unit=WIDEST))
    dossier = with_hops(paused(dossier, LONGEST_HISTORY - 1), LONGEST_HISTORY)
    assert (len(dossier.hops), len(dossier.deadlines)) == (LONGEST_HISTORY, LONGEST_HISTORY)
    record = encode(
        status_of(dossier, version=4 * dossier.sequence, recordedtime=DUE, alerted={"due_soon": DUE, "overdue": DUE})
    )
    assert 100_000 < len(record) < MOST_BYTES
