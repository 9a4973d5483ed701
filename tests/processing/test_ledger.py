"""The ledger's pure step: what is news, what is refused, what a tick may still do."""

import msgspec
import pytest

from services.processing.ledger import LedgerEntry, Tick, entry_of, step, tick, usable_tick
from shared.contract.envelope import encode
from shared.domain.lifecycle import State
from shared.service.dead_letters import Unusable, usable_event, usable_status
from tests.builders.times import at
from tests.processing.records import envelope

CODE = "H59.15-231208-0001"
DUE = at("2023-12-15 08:31")


def follow(*events: tuple[str, str]) -> LedgerEntry:
    entry: LedgerEntry | None = None
    for number, (name, when) in enumerate(events, 1):
        entry = step(entry, envelope(CODE, number, name, when)) or entry
    assert entry is not None
    return entry


def test_an_event_makes_a_new_version() -> None:
    entry = follow(("received", "2023-12-08 08:31"), ("processing_started", "2023-12-08 09:00"))
    assert (entry.version, entry.dossier.sequence, entry.dossier.state) == (8, 2, State.PROCESSING)


def test_an_event_delivered_again_is_not_news() -> None:
    entry = follow(("received", "2023-12-08 08:31"), ("processing_started", "2023-12-08 09:00"))
    assert step(entry, envelope(CODE, 1, "received", "2023-12-08 08:31")) is None
    assert step(entry, envelope(CODE, 2, "processing_started", "2023-12-08 09:00")) is None


def test_an_event_after_a_missing_one_is_refused_and_names_the_gap() -> None:
    entry = follow(("received", "2023-12-08 08:31"))
    with pytest.raises(Unusable, match="event 3 came after event 1") as refused:
        step(entry, envelope(CODE, 3, "resolved", "2023-12-09 08:31"))
    assert refused.value.reason == "sequence_gap"


@pytest.mark.parametrize(
    ("name", "when", "reason"),
    [
        ("supplemented", "2023-12-09 08:00", "transition_not_allowed"),
        ("resolved", "2023-12-01 08:00", "time_goes_back"),
        ("teleported", "2023-12-09 08:00", "unknown_type"),
        ("rated", "2023-12-09 08:00", "malformed"),
    ],
)
def test_what_the_rules_refuse_is_poison_with_its_reason(name: str, when: str, reason: str) -> None:
    entry = follow(("received", "2023-12-08 08:31"))
    with pytest.raises(Unusable) as refused:
        step(entry, envelope(CODE, 2, name, when))
    assert refused.value.reason == reason


@pytest.mark.parametrize("value", [None, b"", b"not json", b'{"specversion": "1.0"}'])
def test_bytes_that_are_no_event_are_poison(value: bytes | None) -> None:
    with pytest.raises(Unusable):
        usable_event(value)
    with pytest.raises(Unusable):
        usable_tick(value)


def test_a_tick_of_a_deadline_without_an_offset_is_stale() -> None:
    reached = usable_tick(encode({"code": CODE, "threshold": "overdue", "due_at": "2023-12-15T08:31:00"}))
    assert tick(follow(("received", "2023-12-08 08:31")), reached) is None


def test_an_event_that_did_not_come_through_intake_is_poison() -> None:
    stranger = msgspec.structs.replace(envelope(CODE, 1, "received", "2023-12-08 08:31"), sequence=None)
    with pytest.raises(Unusable) as refused:
        usable_event(encode(stranger))
    assert refused.value.reason == "not_recorded"


def test_an_entry_survives_its_own_snapshot() -> None:
    entry = follow(
        ("received", "2023-12-08 08:31"),
        ("supplement_requested", "2023-12-09 09:00"),
        ("supplemented", "2023-12-11 09:00"),
    )
    assert entry_of(usable_status(encode(entry.status()))) == entry


def test_a_tick_alerts_once() -> None:
    entry = follow(("received", "2023-12-08 08:31"))
    reached = Tick(CODE, "overdue", DUE)
    alerted = tick(entry, reached)
    assert alerted is not None
    after, alert = alerted
    assert (alert.threshold, alert.due_at, alert.department) == ("overdue", DUE, "H59.15")
    assert after.order > entry.order
    assert (entry.status().timeliness, after.status().timeliness) == ("within", "overdue")
    assert tick(after, reached) is None


def test_a_tick_for_a_closed_paused_or_moved_deadline_is_stale() -> None:
    reached = Tick(CODE, "overdue", DUE)
    closed = follow(("received", "2023-12-08 08:31"), ("resolved", "2023-12-09 09:00"))
    paused = follow(("received", "2023-12-08 08:31"), ("supplement_requested", "2023-12-09 09:00"))
    running = follow(("received", "2023-12-08 08:31"))
    assert tick(None, reached) is None
    assert tick(closed, reached) is None
    assert tick(paused, reached) is None
    assert tick(running, Tick(CODE, "overdue", at("2023-12-20 08:31"))) is None


def test_a_new_deadline_may_alert_again() -> None:
    entry = follow(("received", "2023-12-08 08:31"))
    alerted = tick(entry, Tick(CODE, "due_soon", DUE))
    assert alerted is not None
    later = at("2023-12-20 08:31")
    extended = step(alerted[0], envelope(CODE, 2, "extended", "2023-12-15 08:00", due_at=later.isoformat()))
    assert extended is not None
    assert (alerted[0].status().timeliness, extended.status().timeliness) == ("due_soon", "within")
    assert tick(extended, Tick(CODE, "due_soon", later)) is not None


def test_the_version_is_a_function_of_the_content_whatever_way_led_there() -> None:
    """One worker heard of the old deadline before it moved, the other after:
    they hold the same, and say the same version."""
    later = at("2023-12-20 08:31")
    extended = envelope(CODE, 2, "extended", "2023-12-15 08:00", due_at=later.isoformat())
    received = follow(("received", "2023-12-08 08:31"))
    announced = tick(received, Tick(CODE, "due_soon", DUE))
    assert announced is not None
    one, other = step(announced[0], extended), step(received, extended)
    assert one == other
    assert one is not None
    due_soon, overdue = tick(one, Tick(CODE, "due_soon", later)), tick(one, Tick(CODE, "overdue", later))
    assert due_soon is not None
    assert overdue is not None
    assert len({one.version, due_soon[0].version, overdue[0].version}) == 3
    assert one.order < due_soon[0].order < overdue[0].order


def test_an_unanswered_application_is_announced_once_and_never_after_it_was_answered() -> None:
    due = at("2023-12-11 15:00")
    first = step(
        None, envelope(CODE, 1, "submitted", "2023-12-08 15:00", acceptance_due_at="2023-12-11T15:00:00+07:00")
    )
    reached = Tick(CODE, "acceptance_overdue", due)
    announced = tick(first, reached)
    assert announced is not None
    entry, alert = announced
    assert (alert.threshold, alert.due_at) == ("acceptance_overdue", due)
    assert first is not None
    assert entry.version == first.version + 1
    assert tick(entry, reached) is None
    assert tick(entry_of(entry.status()), reached) is None  # recovered from the changelog
    received = step(entry, envelope(CODE, 2, "received", "2023-12-12 08:00"))
    assert received is not None
    assert (tick(received, reached), received.alerted) == (None, {})


@pytest.mark.parametrize(
    ("planted", "reason"),
    [
        ({"channel": "pigeon"}, "contradictory"),
        ({"acceptances": [{"asked_at": "9999-12-31T23:59:59-14:00"}]}, "malformed"),
    ],
)
def test_a_status_that_no_figure_can_count_is_put_aside(planted: dict[str, object], reason: str) -> None:
    status = msgspec.json.decode(encode(follow(("received", "2023-12-08 08:31")).status()))
    assert usable_status(encode(status | {"channel": "kiosk", "channel_class": "online"})).channel == "kiosk"
    with pytest.raises(Unusable) as unusable:
        usable_status(encode(status | planted))
    assert unusable.value.reason == reason
