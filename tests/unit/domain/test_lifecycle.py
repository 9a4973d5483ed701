"""The transition table of domain §2, written out once more by hand:
what is allowed leads where it says, all else is refused."""

import pytest

from shared.domain.dossier import Dossier, apply
from shared.domain.errors import TransitionNotAllowed, UnknownDossier
from shared.domain.lifecycle import EventKind, State, next_state
from tests.builders.events import CODE, an_event, dossier_in

SAME = "same"
OPEN = "received processing awaiting_supplement awaiting_payment"
ANY = " ".join(State)
TABLE = {
    "submitted": ("-", "submitted"),
    "received": ("- submitted", "received"),
    "declined": ("submitted", "declined"),
    "processing_started": ("received processing", "processing"),
    "supplement_requested": ("received processing", "awaiting_supplement"),
    "supplemented": ("awaiting_supplement", "processing"),
    "payment_requested": ("received processing", "awaiting_payment"),
    "payment_settled": ("awaiting_payment", "processing"),
    "extended": (OPEN, SAME),
    "apologised": (OPEN, SAME),
    "forwarded": (OPEN, SAME),
    "forward_answered": (OPEN, SAME),
    "withdrawn": (OPEN, "withdrawn"),
    "stopped": (OPEN, "stopped"),
    "resolved": ("received processing awaiting_payment", "resolved"),
    "returned": ("resolved received processing", "returned"),
    "rated": ("resolved returned", SAME),
    "fee_paid": (ANY, SAME),
    "corrected": (ANY, SAME),
}
EVERY_PAIR = [(state, kind) for state in ["-", *State] for kind in EventKind]


def _dossier(state: str) -> Dossier | None:
    return None if state == "-" else dossier_in(State(state))


def test_the_table_covers_every_event() -> None:
    assert set(TABLE) == set(EventKind)


@pytest.mark.parametrize(("state", "kind"), [(s, k) for s, k in EVERY_PAIR if s in TABLE[k][0].split()])
def test_an_allowed_event_leads_where_the_table_says(state: str, kind: EventKind) -> None:
    before = _dossier(state)
    after = apply(before, CODE, *an_event(kind))
    target = TABLE[kind][1]
    assert after.state == (state if target == SAME else target)
    assert after.sequence == (1 if before is None else before.sequence + 1)


@pytest.mark.parametrize(
    ("state", "kind"), [(s, k) for s, k in EVERY_PAIR if s != "-" and s not in TABLE[k][0].split()]
)
def test_any_other_event_is_refused_with_a_reason(state: str, kind: EventKind) -> None:
    with pytest.raises(TransitionNotAllowed) as refusal:
        apply(_dossier(state), CODE, *an_event(kind))
    assert refusal.value.detail.startswith(f"{kind} is not allowed: dossier {CODE} is {state}; allowed now: ")
    assert refusal.value.allowed == tuple(other for other in EventKind if next_state(State(state), other) is not None)


@pytest.mark.parametrize("kind", [kind for kind in EventKind if "-" not in TABLE[kind][0].split()])
def test_an_event_that_opens_nothing_needs_a_dossier(kind: EventKind) -> None:
    with pytest.raises(UnknownDossier, match="send its received event first"):
        apply(None, CODE, *an_event(kind))
