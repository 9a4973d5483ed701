"""Every event and every dossier survives the way out and back."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.envelope import CloudEvent, UnknownEventType, decode_envelope, encode, event_of, event_type
from shared.contract.status import decode_status, encoded_status, status_of
from shared.domain.dossier import Dossier
from shared.domain.errors import InvalidTerm
from shared.domain.events import EVENT_TYPES
from shared.domain.lifecycle import EventKind, State
from shared.domain.timeliness import timeliness_of
from shared.domain.transitions import apply
from tests.builders.events import CODE, an_event, dossier_after, event, received
from tests.builders.histories import History, histories
from tests.builders.times import at
from tests.builders.wire import FULL_DATA, envelope_of

ACCEPTED = at("2023-01-10 12:00")


@given(histories())
def test_a_dossier_survives_its_snapshot(made: tuple[Dossier, History]) -> None:
    dossier, _ = made
    status = status_of(dossier, version=dossier.sequence, recordedtime=ACCEPTED, alerted={"overdue": ACCEPTED})
    assert decode_status(encode(status)).dossier() == dossier


@given(histories(), st.sampled_from([{}, {"overdue": ACCEPTED}]))
def test_a_status_is_written_from_its_dossier_as_the_snapshot_would_be(
    made: tuple[Dossier, History], alerted: dict[str, datetime]
) -> None:
    said: dict[str, Any] = {"version": made[0].sequence, "recordedtime": ACCEPTED, "alerted": alerted}
    assert encoded_status(made[0], **said) == encode(status_of(made[0], **said))


@given(histories().filter(lambda made: made[0].state is not State.VOIDED))  # nothing happens to that any more
def test_a_recovered_dossier_goes_on_like_the_one_that_never_stopped(made: tuple[Dossier, History]) -> None:
    dossier, _ = made
    recovered = decode_status(encode(status_of(dossier, version=1, recordedtime=ACCEPTED, alerted={}))).dossier()
    later = an_event(EventKind.FEE_PAID, dossier.last_occurred_at + timedelta(days=1))
    assert apply(recovered, CODE, *later) == apply(dossier, CODE, *later)


@pytest.mark.parametrize("kind", EventKind)
def test_every_event_is_read_with_every_field_that_was_sent(kind: EventKind) -> None:
    event = event_of(decode_envelope(envelope_of(kind)))
    assert event.kind is kind
    for name in FULL_DATA[kind]:
        assert getattr(event, name) not in (None, ""), name


def test_every_kind_of_event_has_its_type() -> None:
    assert set(EVENT_TYPES) == set(EventKind)


@pytest.mark.parametrize("name", ["vn.motcua.dossier.lost.v1", "vn.motcua.dossier.received.v2", "received", ""])
def test_a_type_that_is_not_ours_is_named(name: str) -> None:
    envelope = CloudEvent(
        specversion="1.0", id="1", source="/s", type=name, subject=CODE, time=ACCEPTED, data=msgspec.Raw(b"{}")
    )
    with pytest.raises(UnknownEventType, match="expected vn.motcua.dossier"):
        event_of(envelope)


def test_a_broken_field_is_named() -> None:
    envelope = msgspec.structs.replace(decode_envelope(envelope_of(EventKind.RATED)), data=msgspec.Raw(b'{"score": 6}'))
    with pytest.raises(msgspec.ValidationError, match=r"\$\.score"):
        event_of(envelope)


def test_an_absurd_term_is_refused_at_the_door() -> None:
    data = (
        b'{"department":"H59.15","procedure":"2.000635","channel":"online",'
        b'"term":{"amount":1000000000000,"unit":"months"}}'
    )
    envelope = msgspec.structs.replace(decode_envelope(envelope_of(EventKind.RECEIVED)), data=msgspec.Raw(data))
    with pytest.raises((msgspec.ValidationError, InvalidTerm)):
        event_of(envelope)


def test_an_open_dossier_past_its_minute_on_the_day_due_is_within() -> None:
    dossier = dossier_after(received(), event("processing_started", "2023-01-10 16:00"))
    assert timeliness_of(dossier, dossier.last_occurred_at) == "within"


def test_a_snapshot_says_what_the_timeliness_was_at_its_event() -> None:
    dossier = dossier_after(received(), event("resolved", "2023-01-11"))
    assert status_of(dossier, version=2, recordedtime=ACCEPTED, alerted={}).timeliness == "overdue"


def test_a_type_name_and_its_event_are_each_other_s_inverse() -> None:
    assert event_type("received") == "vn.motcua.dossier.received.v1"
