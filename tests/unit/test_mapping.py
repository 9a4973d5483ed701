"""Wire and domain say the same: every event and every dossier survives the way out and back."""

from datetime import timedelta
from typing import get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given

from shared.contract import events as wire
from shared.contract.codec import decode_status, encode
from shared.contract.envelope import CloudEvent, decode_envelope, event_type
from shared.domain.dossier import Dossier, apply
from shared.domain.errors import InvalidTerm
from shared.domain.events import Channel, CorrectableField, OnlineLevel, Outcome
from shared.domain.lifecycle import EventKind
from shared.domain.terms import TermUnit
from shared.mapping import UnknownEventType, decode_data, timeliness_of, to_dossier, to_event, to_status
from tests.builders.events import CODE, an_event, dossier_after, event, received
from tests.builders.histories import History, histories
from tests.builders.times import at
from tests.builders.wire import FULL_DATA, envelope_of

ACCEPTED = at("2023-01-10 12:00")


@given(histories())
def test_a_dossier_survives_its_snapshot(made: tuple[Dossier, History]) -> None:
    dossier, _ = made
    status = to_status(dossier, version=dossier.sequence, recordedtime=ACCEPTED, alerted={"overdue": ACCEPTED})
    assert to_dossier(decode_status(encode(status))) == dossier


@given(histories())
def test_a_recovered_dossier_goes_on_like_the_one_that_never_stopped(made: tuple[Dossier, History]) -> None:
    dossier, _ = made
    recovered = to_dossier(decode_status(encode(to_status(dossier, version=1, recordedtime=ACCEPTED, alerted={}))))
    later = an_event(EventKind.FEE_PAID, dossier.last_occurred_at + timedelta(days=1))
    assert apply(recovered, CODE, later) == apply(dossier, CODE, later)


@pytest.mark.parametrize("kind", EventKind)
def test_every_event_of_the_wire_has_its_domain_event_with_every_field_it_shares(kind: EventKind) -> None:
    data = decode_data(decode_envelope(envelope_of(kind)))
    mapped = to_event(data, ACCEPTED)
    assert (mapped.kind, mapped.occurred_at) == (kind, ACCEPTED)
    renamed = {"field": "corrected_field", "old_value": "old", "new_value": "new"}
    for name in set(FULL_DATA[kind]) - {"applicant"}:
        assert getattr(mapped, renamed.get(name, name)) not in (None, ""), name


def test_wire_and_domain_use_the_same_words() -> None:
    assert set(wire.EVENT_DATA) == set(EventKind)
    assert set(get_args(wire.Channel)) == set(Channel)
    assert set(get_args(wire.OnlineLevel)) == set(OnlineLevel)
    assert words(wire.Corrected, "field") == set(CorrectableField)
    assert words(wire.Term, "unit") == set(TermUnit)
    assert words(wire.Resolved, "outcome") == set(Outcome)


def words(cls: type[msgspec.Struct], field: str) -> set[str]:
    """The words that a described field may be."""
    described = get_type_hints(cls)[field]
    return set(get_args(described))


@pytest.mark.parametrize("name", ["vn.motcua.dossier.lost.v1", "vn.motcua.dossier.received.v2", "received", ""])
def test_a_type_that_is_not_ours_is_named(name: str) -> None:
    envelope = CloudEvent(specversion="1.0", id="1", source="/s", type=name, subject=CODE, time=ACCEPTED, data=msgspec.Raw(b"{}"))
    with pytest.raises(UnknownEventType, match="expected vn.motcua.dossier"):
        decode_data(envelope)


def test_a_broken_field_is_named() -> None:
    envelope = msgspec.structs.replace(decode_envelope(envelope_of(EventKind.RATED)), data=msgspec.Raw(b'{"score": 6}'))
    with pytest.raises(msgspec.ValidationError, match=r"\$\.score"):
        decode_data(envelope)


def test_an_absurd_term_is_refused_at_the_door() -> None:
    data = b'{"department":"H59.15","procedure":"2.000635","channel":"online","term":{"amount":1000000000000,"unit":"months"}}'
    envelope = msgspec.structs.replace(decode_envelope(envelope_of(EventKind.RECEIVED)), data=msgspec.Raw(data))
    with pytest.raises((msgspec.ValidationError, InvalidTerm)):
        to_event(decode_data(envelope), ACCEPTED)


def test_an_open_dossier_past_its_minute_on_the_day_due_is_within() -> None:
    dossier = dossier_after(received(), event("processing_started", "2023-01-10 16:00"))
    assert timeliness_of(dossier, dossier.last_occurred_at) == "within"


def test_a_snapshot_says_what_the_timeliness_was_at_its_event() -> None:
    dossier = dossier_after(received(), event("resolved", "2023-01-11"))
    assert to_status(dossier, version=2, recordedtime=ACCEPTED, alerted={}).timeliness == "overdue"


def test_a_type_name_and_its_event_are_each_other_s_inverse() -> None:
    assert event_type("received") == "vn.motcua.dossier.received.v1"
