"""The transition table of domain §2, written out once more by hand:
what is allowed leads where it says, all else is refused."""

import pytest
from msgspec.structs import replace

from shared.domain.dossier import Dossier
from shared.domain.errors import TransitionNotAllowed, UnknownDossier
from shared.domain.lifecycle import EventKind, State
from shared.domain.transitions import apply
from tests.builders.events import CODE, an_event, dossier_in

SAME = "same"
WORKING = "received processing"
OPEN = f"{WORKING} awaiting_supplement awaiting_payment suspended"
CLOSED = "withdrawn stopped resolved returned transferred"
ANY = f"submitted declined {OPEN} {CLOSED}"
TABLE = {
    "submitted": ("-", "submitted"),
    "received": ("- submitted", "received"),
    "declined": ("submitted", "declined"),
    "processing_started": (WORKING, "processing"),
    "supplement_requested": (f"submitted {WORKING}", "awaiting_supplement"),
    "supplemented": ("submitted awaiting_supplement", "processing"),
    "supplement_lapsed": ("awaiting_supplement", "processing"),
    "payment_requested": (WORKING, "awaiting_payment"),
    "payment_settled": ("awaiting_payment", "processing"),
    "suspended": (WORKING, "suspended"),
    "resumed": ("suspended", "processing"),
    "extended": (OPEN, SAME),
    "deadline_set": (WORKING, SAME),
    "apologised": (OPEN, SAME),
    "forwarded": (OPEN, SAME),
    "forward_answered": (OPEN, SAME),
    "withdrawn": (OPEN, "withdrawn"),
    "stopped": (OPEN, "stopped"),
    "transferred": (OPEN, "transferred"),
    "resolved": (OPEN, "resolved"),
    "returned": (f"resolved {OPEN}", "returned"),
    "reopened": (CLOSED, "processing"),
    "rated": ("resolved returned", SAME),
    "fee_paid": (ANY, SAME),
    "corrected": (ANY, SAME),
    "assigned": (ANY, SAME),
    "voided": (ANY, "voided"),
}
SENT_BACK = {("submitted", "supplement_requested"), ("submitted", "supplemented")}  # its clock has not started
EVERY_PAIR = [(state, kind) for state in ["-", *State] for kind in EventKind]


def _dossier(state: str, kind: EventKind | None = None) -> Dossier | None:
    if state == "-":
        return None
    dossier = dossier_in(State(state))
    return replace(dossier, deadlines=()) if kind is EventKind.DEADLINE_SET else dossier


def _target(state: str, kind: EventKind) -> str:
    target = TABLE[kind][1]
    return state if target == SAME or (state, kind) in SENT_BACK else target


def test_the_table_covers_every_event_and_every_state() -> None:
    assert set(TABLE) == set(EventKind)
    assert {"voided", *ANY.split()} == set(State)


@pytest.mark.parametrize(("state", "kind"), [(s, k) for s, k in EVERY_PAIR if s in TABLE[k][0].split()])
def test_an_allowed_event_leads_where_the_table_says(state: str, kind: EventKind) -> None:
    before = _dossier(state, kind)
    after = apply(before, CODE, *an_event(kind))
    assert after.state == _target(state, kind)
    assert after.sequence == (1 if before is None else before.sequence + 1)


@pytest.mark.parametrize(
    ("state", "kind"), [(s, k) for s, k in EVERY_PAIR if s != "-" and s not in TABLE[k][0].split()]
)
def test_any_other_event_is_refused_with_a_reason(state: str, kind: EventKind) -> None:
    with pytest.raises(TransitionNotAllowed) as refusal:
        apply(_dossier(state), CODE, *an_event(kind))
    allowed = tuple(other for other in EventKind if state in TABLE[other][0].split())
    assert refusal.value.detail.startswith(f"{kind} is not allowed: dossier {CODE} is {state}; allowed now: ")
    assert refusal.value.allowed == allowed


def test_nothing_happens_to_what_was_entered_by_mistake() -> None:
    with pytest.raises(TransitionNotAllowed, match="is voided; allowed now: nothing"):
        apply(_dossier("voided"), CODE, *an_event(EventKind.REOPENED))


@pytest.mark.parametrize("kind", [kind for kind in EventKind if "-" not in TABLE[kind][0].split()])
def test_an_event_that_opens_nothing_needs_a_dossier(kind: EventKind) -> None:
    with pytest.raises(UnknownDossier, match="send its received event first"):
        apply(None, CODE, *an_event(kind))
