"""The status index: whatever happened and however time passed, it counts as a recount from the entries would."""

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.processing.index import CountKey, StatusIndex
from services.processing.ledger import LedgerEntry
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.lifecycle import EventKind
from shared.domain.timeliness import Standing, closed_timeliness, standing
from shared.domain.transitions import apply
from tests.builders.events import an_event, dossier_after
from tests.builders.times import at

START = at("2023-12-04 08:00")
DUE_SOON = timedelta(hours=24)
HAPPENINGS = [kind for kind in EventKind if kind not in (EventKind.SUBMITTED, EventKind.CORRECTED)]


def recount(entries: dict[str, LedgerEntry], now: object) -> Counter[CountKey]:
    seats: Counter[CountKey] = Counter()
    for entry in entries.values():
        found = closed_timeliness(entry.dossier) or standing(entry.dossier, now, DUE_SOON)  # type: ignore[arg-type]
        if found is not None:
            seats[entry.dossier.department, "within" if found is Standing.NO_DEADLINE else found.value] += 1
    return seats


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(HAPPENINGS), st.integers(0, 40), st.integers(0, 120)), max_size=60
    )
)
def test_counts_equal_a_recount_after_any_history_and_any_passing_of_time(
    happenings: list[tuple[int, EventKind, int, int]],
) -> None:
    index, entries, now = StatusIndex(DUE_SOON), dict[str, LedgerEntry](), START
    for number, kind, hours, term in happenings:
        now += timedelta(hours=hours)
        for code in list(index.reached(now, 1000)):
            index.refresh(entries[code].dossier, now)
        code = f"H59.15-231204-{number:04d}"
        before = entries.get(code)
        payload = {"due_at": now + timedelta(hours=term)} if kind in (EventKind.RECEIVED, EventKind.EXTENDED) else {}
        known: Dossier | None = None if before is None else before.dossier
        try:
            dossier = apply(known, code, *an_event(kind, now, **payload))
        except Refusal:
            continue
        after = LedgerEntry(dossier, now)
        index.put(before, after, now)
        entries[code] = after
        assert +index.counts == recount(entries, now)
        still_open = {code: one for code, one in entries.items() if closed_timeliness(one.dossier) is None}
        assert +index.open_counts == recount(still_open, now)
    rebuilt = StatusIndex(DUE_SOON)
    rebuilt.rebuild(entries.values(), now)
    assert +rebuilt.counts == +index.counts
    assert +rebuilt.open_counts == +index.open_counts


def test_a_dossier_becomes_due_soon_and_overdue_with_no_event() -> None:
    index = StatusIndex(DUE_SOON)
    entry = LedgerEntry(dossier_after(an_event(EventKind.RECEIVED, START, due_at=at("2023-12-06 08:00"))), START)
    index.put(None, entry, START)
    seen = []
    for moment in ("2023-12-04 09:00", "2023-12-05 08:00", "2023-12-06 23:59", "2023-12-07 00:00"):
        for _code in index.reached(at(moment), 10):
            index.refresh(entry.dossier, at(moment))
        seen.append(next(timeliness for (_department, timeliness), count in index.counts.items() if count))
    assert seen == ["within", "due_soon", "due_soon", "overdue"]


def test_an_application_that_nobody_answers_reaches_its_threshold_once_it_is_late() -> None:
    index = StatusIndex(DUE_SOON)
    submitted = an_event(EventKind.SUBMITTED, START, acceptance_due_at=at("2023-12-04 17:00"))
    dossier = dossier_after(submitted)
    index.put(None, LedgerEntry(dossier, START), START)
    assert list(index.reached(at("2023-12-04 17:00"), 10)) == []
    assert list(index.reached(at("2023-12-04 17:01"), 10)) == [dossier.code]
    assert index.reached_by(dossier, at("2023-12-04 17:01")) == "acceptance_overdue"
    answered = dossier_after(submitted, an_event(EventKind.RECEIVED, at("2023-12-05 08:00"), due_at=None))
    assert index.reached_by(answered, at("2023-12-06 08:00")) is None
    assert +index.counts == {}  # nothing stands in the figures before it was received


def test_a_reopened_dossier_is_watched_again() -> None:
    index = StatusIndex(DUE_SOON)
    received = an_event(EventKind.RECEIVED, START, due_at=at("2023-12-06 08:00"))
    resolved = an_event(EventKind.RESOLVED, at("2023-12-04 10:00"))
    closed = LedgerEntry(dossier_after(received, resolved), START)
    index.put(None, closed, at("2023-12-04 10:00"))
    reopened = LedgerEntry(
        dossier_after(received, resolved, an_event(EventKind.REOPENED, at("2023-12-04 11:00"))), START
    )
    index.put(closed, reopened, at("2023-12-04 11:00"))
    assert +index.counts == {("H59.15", "within"): 1}
    assert list(index.reached(at("2023-12-07 00:00"), 10)) == [reopened.dossier.code] * 2  # due soon, then overdue


def test_a_threshold_is_reached_once_and_again_when_the_clock_goes_on_after_a_pause() -> None:
    index, now = StatusIndex(DUE_SOON), at("2023-12-08 08:00")
    entry = LedgerEntry(dossier_after(an_event(EventKind.RECEIVED, START, due_at=at("2023-12-06 08:00"))), START)
    index.put(None, entry, now)
    assert set(index.reached(now, 10)) == {entry.dossier.code}
    found = []
    for kind in (EventKind.PROCESSING_STARTED, EventKind.SUSPENDED, EventKind.RESUMED):
        before = entry
        entry = LedgerEntry(apply(before.dossier, before.dossier.code, *an_event(kind, now)), now)
        index.put(before, entry, now)
        found.append(len(set(index.reached(now, 10))))
    assert found == [0, 0, 1]
