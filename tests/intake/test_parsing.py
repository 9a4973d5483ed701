"""Reading an event: what is wrong is named, and nothing in the bytes can break the reader."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.accepting.batch import repeats
from services.intake.accepting.candidates import Candidate, as_logged
from services.intake.accepting.parsing import id_of
from services.intake.accepting.parsing import parse as parse_with_key
from shared.domain.errors import Refusal
from shared.domain.fields import CorrectableField
from tests.intake.sending import APPLICANT_KEY, cloud_event, received


def parse(line: bytes) -> Candidate:
    return parse_with_key(line, APPLICANT_KEY)


def refusal(event: dict[str, Any] | bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse(event if isinstance(event, bytes) else msgspec.json.encode(event))
    return caught.value


def test_an_event_is_read_with_its_local_time() -> None:
    candidate = parse(msgspec.json.encode(received()))
    assert (candidate.name, candidate.code) == ("received", "H59.15-231208-0001")
    assert candidate.occurred_at.isoformat() == "2023-12-08T08:31:00+07:00"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time": "2023-12-08T08:31:00"}, ["time", "offset", "+07:00"]),
        ({"subject": "15-1"}, ["subject", "H59.15-231208-0001"]),
        ({"subject": "H59.15-231208-0001\n"}, ["subject"]),
        ({"subject": "H59.15-23120٨-0001"}, ["subject"]),
        ({"id": ""}, ["id", "same when it is sent again"]),
        ({"id": "a\x00b"}, ["id", "control characters"]),
        ({"specversion": "0.3"}, ["specversion", "1.0"]),
        ({"datacontenttype": "text/xml"}, ["datacontenttype", "application/json"]),
        ({"data": {"department": "H59.15", "procedure": "2.000635", "channel": "Fax"}}, ["data.channel", "online"]),
        ({"data": {"department": "H59.15", "channel": "online"}}, ["data.procedure", "missing"]),
        ({"data": [1]}, ["data"]),
        ({"traceparent": {"nested": 1}}, ["traceparent", "string"]),
    ],
)
def test_a_malformed_event_is_refused_with_the_field_and_the_fix(change: dict[str, Any], words: list[str]) -> None:
    found = refusal(received() | change)
    assert found.code == "malformed"
    assert all(word in found.detail for word in words), found.detail


@pytest.mark.parametrize("field", ["specversion", "id", "source", "type", "subject", "time"])
def test_a_missing_attribute_is_named(field: str) -> None:
    event = received()
    del event[field]
    assert refusal(event).detail.startswith(f"{field}: ")


@pytest.mark.parametrize("sent", ["vn.motcua.dossier.lost.v1", "vn.motcua.dossier.received.v9", "received"])
def test_a_type_that_is_not_of_the_lifecycle_is_refused_with_those_that_are(sent: str) -> None:
    found = refusal(received() | {"type": sent})
    assert found.code == "unknown_type"
    assert "processing_started" in found.detail


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("place", ["time", "due_at"])
def test_a_date_off_the_calendar_is_refused(when: str, place: str) -> None:
    event = received(due_at=when) if place == "due_at" else received() | {"time": when}
    assert refusal(event).code == "instant_out_of_range"


def test_a_correction_of_the_deadline_must_be_an_instant_with_its_offset() -> None:
    event = cloud_event(
        "corrected", "2023-12-09T08:00", field="due_at", old_value=None, new_value="2023-12-20T08:00:00"
    )
    assert "data.new_value" in refusal(event).detail


@pytest.mark.parametrize("data", [{"field": "colour"}, {}])
def test_a_correction_of_something_else_names_what_can_be_corrected(data: dict[str, Any]) -> None:
    found = refusal(cloud_event("corrected", "2023-12-09T08:00", old_value="red", new_value="blue", **data))
    assert found.detail.startswith("data.field: ")
    assert found.detail.endswith(f"; choose one of {', '.join(CorrectableField)}")


def repeated(first: dict[str, Any], again: dict[str, Any] | bytes, stamps: dict[str, Any] | None = None) -> bool:
    """Whether `again` counts as `first` delivered again, once the log holds that one with these stamps."""
    candidate = parse(msgspec.json.encode(first))
    logged = as_logged(candidate, 1, candidate.occurred_at, stamps or {})
    return repeats(
        parse(again if isinstance(again, bytes) else msgspec.json.encode(again)), logged, frozenset(stamps or {})
    )


def test_the_same_content_spelt_otherwise_is_a_repeat() -> None:
    event = received(x={"b": 1, "a": "Trà Vinh"})
    turned = dict(reversed(event.items())) | {"data": dict(reversed(event["data"].items()))}
    assert repeated(event, msgspec.json.format(msgspec.json.encode(turned), indent=4))
    assert repeated(event, event | {"time": "2023-12-08T01:31:00Z"})


@pytest.mark.parametrize(
    "change", [{"source": "/other"}, {"time": "2023-12-08T08:32:00+07:00"}, {"subject": "H59.15-231208-0002"}]
)
def test_other_content_is_no_repeat(change: dict[str, Any]) -> None:
    event = received()
    assert not repeated(event, event | change)


def test_the_vendors_own_facts_are_content() -> None:
    event = received(x={"counter": 1})
    for data in (event["data"] | {"x": {"counter": True}}, event["data"] | {"x": {"counter": 2}}, received()["data"]):
        assert not repeated(event, event | {"data": data})


def with_data(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return event | {"data": event["data"] | changes}


def test_an_instant_at_another_offset_is_the_same() -> None:
    event = received(due_at="2023-12-15T08:31:00+07:00", x={"counter": 1})
    assert repeated(event, with_data(event, due_at="2023-12-15T01:31:00Z"))
    assert not repeated(event, with_data(event, due_at="2023-12-15T08:31:00Z"))
    assert not repeated(event, with_data(event, due_at="2023-12-15T01:31:00Z", x={"counter": 2}))
    correction: dict[str, Any] = {"field": "due_at", "old_value": None, "new_value": "2023-12-20T08:00:00+07:00"}
    corrected = cloud_event("corrected", "2023-12-09T08:00", **correction)
    assert repeated(corrected, with_data(corrected, new_value="2023-12-20T01:00:00Z"))
    assert not repeated(corrected, with_data(corrected, new_value="2023-12-20T08:00:00Z"))


@pytest.mark.parametrize(
    ("name", "default"),
    [("resolved", {"outcome": "granted"}), ("returned", {"channel": "in_person"}), ("declined", {"reason": None})],
)
def test_a_default_written_out_is_the_same(name: str, default: dict[str, Any]) -> None:
    event = cloud_event(name, "2023-12-12T08:00")
    assert repeated(event, with_data(event, **default))
    assert repeated(with_data(event, **default), event)


def test_a_term_is_content() -> None:
    term = {"amount": 5, "unit": "working_days"}
    event = received(term=term)
    assert repeated(event, with_data(event, term=dict(reversed(term.items()))))
    assert not repeated(event, with_data(event, term=term | {"amount": 6}))


def test_extension_attributes_are_content() -> None:
    event = received() | {"traceparent": "00-1"}
    assert repeated(event, dict(reversed(event.items())))
    assert repeated(event, event | {"datacontenttype": "application/json", "sequence": 9})
    for change in ({"traceparent": "00-2"}, {"tracestate": "x"}):
        assert not repeated(event, event | change)
    assert not repeated(event, {name: value for name, value in event.items() if name != "traceparent"})


def test_what_intake_added_may_be_missing_from_a_repeat_but_not_differ() -> None:
    event, due = received(), {"due_at": "2023-12-15T08:31:00+07:00"}
    for again in ({}, {"due_at": None}, due):
        assert repeated(event, event | {"data": event["data"] | again}, stamps=due)
    assert not repeated(event, event | {"data": event["data"] | {"due_at": "2023-12-16T08:31:00+07:00"}}, stamps=due)
    sent = event | {"data": event["data"] | due}
    assert not repeated(sent, event)


def test_a_logged_event_is_one_line_however_it_was_sent() -> None:
    event = received(x={"lines": "one\ntwo"}) | {"traceparent": "00-1"}
    candidate = parse(msgspec.json.format(msgspec.json.encode(event), indent=2))
    logged = as_logged(candidate, 3, candidate.occurred_at, {})
    assert b"\n" not in logged
    assert msgspec.json.decode(logged) == event | {"sequence": 3, "recordedtime": event["time"]}


def test_an_attribute_without_a_value_intake_can_read_is_refused_also_inside_what_it_does_not_know() -> None:
    term = {"amount": 5, "unit": "working_days", "more": "HERE"}
    event = msgspec.json.encode(received(term=term))
    assert refusal(event.replace(b'"HERE"', b"1e999")).code == "malformed"


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_a_refusal(line: bytes) -> None:
    with pytest.raises(Refusal):
        parse(line)
    id_of(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


# the alphabet of all texts is made on first use, which takes seconds on a busy machine
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from([*received(), "sequence", "recordedtime", "extra"]), JSON, max_size=4))
def test_any_attribute_may_be_anything_and_only_refusals_come_out(changes: dict[str, Any]) -> None:
    with suppress(Refusal):
        parse(_json(received() | changes))


def _json(event: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(event)
    except (OverflowError, UnicodeEncodeError):
        return b"{}"


def test_nesting_without_end_and_numbers_without_end_are_refused() -> None:
    event = msgspec.json.encode(received(extra="HERE"))
    for huge in (b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b"1e999", b"9" * 5000):
        assert refusal(event.replace(b'"HERE"', huge)).code == "malformed"
