"""Whatever life of a dossier the door accepts, every later reader takes it:
the ledger, the status record, the figures."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.accepting.candidates import as_logged
from services.intake.accepting.decide import decide
from services.intake.accepting.parsing import parse
from services.processing.ledger import LedgerEntry, step
from services.reporting.read_model.contributions import contributions_of
from shared.contract.envelope import encode
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.service.dead_letters import usable_event, usable_status
from tests.intake.explained import SHIPPED
from tests.intake.sending import APPLICANT_KEY, CODE

NOW = datetime(2999, 12, 31, 16, 59, tzinfo=UTC)
EDGES = [
    datetime(1899, 12, 31, 16, 59, 59, tzinfo=UTC),
    datetime(2023, 12, 8, 1, 31, tzinfo=UTC),
    datetime(2999, 12, 31, 16, 59, 59, tzinfo=UTC),
]
OFFSETS = [timezone(timedelta(hours=hours)) for hours in (-12, 0, 7, 14)]
FRACTIONS = ["", ".9", ".999999", ".9999999", ".999999999"]


@st.composite
def instants(draw: st.DrawFn) -> str:
    """An instant near an edge of what is taken, written with any offset and any fraction."""
    at = draw(st.sampled_from(EDGES)) + timedelta(seconds=draw(st.integers(-100_000, 100_000)))
    written = at.astimezone(draw(st.sampled_from(OFFSETS))).isoformat()
    return written[:19] + draw(st.sampled_from(FRACTIONS)) + written[19:]


DEADLINES = st.none() | instants()
DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "submitted": st.just({"department": "H59.15", "procedure": "2.000635", "channel": "online"}),
    "received": st.fixed_dictionaries(
        {
            "department": st.just("H59.15"),
            "procedure": st.sampled_from(["2.000635", "9.999999"]),
            "channel": st.just("online"),
            "due_at": DEADLINES,
            "term": st.none()
            | st.fixed_dictionaries(
                {"amount": st.integers(1, 10_000), "unit": st.sampled_from(["months", "working_days"])}
            ),
        }
    ),
    "processing_started": st.just({"officer": "o-17"}),
    "supplement_requested": st.just({}),
    "supplemented": st.fixed_dictionaries({"due_at": DEADLINES}),
    "payment_requested": st.just({}),
    "payment_settled": st.fixed_dictionaries({"due_at": DEADLINES}),
    "extended": st.fixed_dictionaries({"due_at": instants(), "legal_ground": st.just("khoản 3")}),
    "apologised": st.fixed_dictionaries({"promised_at": DEADLINES, "reason": st.just("r")}),
    "forwarded": st.fixed_dictionaries({"agency": st.just("Sở Y tế"), "due_at": DEADLINES}),
    "forward_answered": st.just({"agency": "Sở Y tế"}),
    "corrected": st.fixed_dictionaries(
        {"field": st.just("due_at"), "old_value": DEADLINES, "new_value": DEADLINES, "reason": st.just("r")}
    ),
    "withdrawn": st.fixed_dictionaries({"due_at": DEADLINES, "reason": st.just("r")}),
    "resolved": st.fixed_dictionaries({"due_at": DEADLINES}),
    "returned": st.just({}),
}


@st.composite
def lives(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A receipt and what follows it, in time or not."""
    names = ["received", *draw(st.lists(st.sampled_from(sorted(DATA)), min_size=1, max_size=8))]
    times = sorted(draw(st.lists(instants(), min_size=len(names), max_size=len(names))), key=datetime.fromisoformat)
    return [
        {
            "specversion": "1.0",
            "id": f"e-{number}",
            "source": "/t",
            "type": f"vn.motcua.dossier.{name}.v1",
            "subject": CODE,
            "time": at,
            "data": draw(DATA[name]),
        }
        for number, (name, at) in enumerate(zip(names, times, strict=True))
    ]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives())
def test_nothing_that_was_accepted_fails_later(life: list[dict[str, Any]]) -> None:
    decided: Dossier | None = None
    entry: LedgerEntry | None = None
    refusals = []
    for event in life:
        try:
            candidate = parse(msgspec.json.encode(event), APPLICANT_KEY)
            decision = decide(candidate, decided, SHIPPED, NOW)
        except Refusal as refusal:
            refusals.append(refusal)
            continue
        decided = decision.dossier
        entry = step(entry, usable_event(as_logged(candidate, decided.sequence, NOW, decision.computed)))
        assert entry is not None
        assert entry.dossier == decided
        read = usable_status(encode(entry.status()))
        assert read.dossier() == decided
        contributions_of(read)
    assert all(refusal.field is not None for refusal in refusals)
