"""The published schemas: generated from the code, true of what is sent, and compatible both ways."""

import copy
import re
from datetime import date
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from shared.contract.announcements import AnnouncedDaysV1, AnnouncementV1, decode_announcement
from shared.contract.envelope import CloudEvent, decode_envelope, encode, event_of
from shared.contract.schemas import FOLDER, breaks, document_text, read_golden, schema_of, schemas
from shared.contract.status import (
    AlertV1,
    DeadLetterV1,
    StatusV1,
    decode_alert,
    decode_dead_letter,
    decode_status,
    status_of,
)
from shared.domain import events
from shared.domain.lifecycle import EventKind
from tests.builders.events import dossier_after, event, received
from tests.builders.times import at
from tests.builders.wire import FULL_DATA, cloud_event, envelope_of

NOW = schemas()
GOLDEN = read_golden()
WHEN = at("2023-12-08 08:31")
DEAD_LETTER = DeadLetterV1(
    topic="motcua.dossier.events.v1",
    partition=1,
    offset=7,
    reason="malformed",
    detail="no",
    failed_at=WHEN,
    key=b"k",
    value=None,
)
ALERT = AlertV1(
    id="a", threshold="overdue", code="H59.15-231208-0001", department="H59.15", procedure="2.000635", due_at=WHEN
)
ANNOUNCEMENT = AnnouncementV1(
    number=1,
    id="decree-99",
    source="Quyết định 99/QĐ-TTg",
    announced_at=WHEN,
    recordedtime=WHEN,
    days=(
        AnnouncedDaysV1(first=WHEN.date(), works=False, name="Nghỉ bão"),
        AnnouncedDaysV1(first=date(2024, 2, 8), last=date(2024, 2, 14), works=False, name="Tết"),
    ),
    applies_to=("H59",),
)


def valid(name: str, value: Any) -> None:
    Draft202012Validator(GOLDEN[name], format_checker=FormatChecker()).validate(value)


def plain(value: Any) -> Any:
    return msgspec.json.decode(encode(value))


@pytest.mark.parametrize("name", sorted(NOW))
def test_the_golden_file_is_what_the_code_says(name: str) -> None:
    path = FOLDER / f"{name}.json"
    assert path.exists(), f"{name} is not published yet: run python -m shared.contract.schemas"
    assert path.read_text("utf-8") == document_text(NOW[name]), (
        "run python -m shared.contract.schemas and look at the difference"
    )


def test_no_published_version_is_forgotten_by_the_code() -> None:
    assert set(GOLDEN) == set(NOW)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_every_golden_file_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(GOLDEN[name])


@pytest.mark.parametrize("kind", EventKind)
def test_every_event_has_a_schema_that_holds_for_the_full_and_the_barest_example(kind: EventKind) -> None:
    name = f"dossier.{kind}.v1"
    valid("envelope.v1", cloud_event(kind))
    valid(name, FULL_DATA[kind])
    definition = GOLDEN[name]["$defs"][events.EVENT_TYPES[kind].__name__]
    barest = {field: FULL_DATA[kind][field] for field in definition.get("required", ())}
    valid(name, barest)
    assert plain(event_of(decode_envelope(envelope_of(kind, data=barest)))).keys() >= barest.keys()


@pytest.mark.parametrize("kind", EventKind)
def test_what_goes_out_is_what_came_in(kind: EventKind) -> None:
    envelope = decode_envelope(envelope_of(kind))
    assert plain(envelope) | {"datacontenttype": "application/json"} == cloud_event(kind)
    read = msgspec.to_builtins(event_of(envelope))
    assert plain(read) == {field: FULL_DATA[kind][field] for field in read}


def test_snapshots_alerts_dead_letters_and_announcements_hold_to_their_schemas() -> None:
    dossier = dossier_after(received(), event("supplement_requested", "2023-01-04"), event("withdrawn", "2023-01-09"))
    status = status_of(dossier, version=3, recordedtime=WHEN, alerted={"due_soon": WHEN})
    valid("status.v1", plain(status))
    valid("alert.v1", plain(ALERT))
    valid("dead-letter.v1", plain(DEAD_LETTER))
    valid("announcement.v1", plain(ANNOUNCEMENT))
    assert decode_status(encode(status)) == status
    assert decode_alert(encode(ALERT)) == ALERT
    assert decode_dead_letter(encode(DEAD_LETTER)) == DEAD_LETTER
    assert decode_announcement(encode(ANNOUNCEMENT)) == ANNOUNCEMENT


@pytest.mark.parametrize(
    ("attribute", "wrong"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("id", "x" * 201),
        ("subject", "H59.15-231208-1"),
        ("subject", "H59.15-231208-0001\n"),  # Python's $ would let this twin through
        ("subject", "H59.15-231208-٠٠٠١"),  # and its \d these digits
        ("time", "2023-12-08T08:31:00"),  # no offset
        ("time", "yesterday"),
        ("sequence", 0),
        ("data", None),
    ],
)
def test_an_envelope_that_breaks_the_contract_is_refused_with_its_field(attribute: str, wrong: object) -> None:
    event = cloud_event(EventKind.RATED, **{attribute: wrong})
    if wrong is None:
        del event[attribute]
    with pytest.raises(msgspec.ValidationError, match=re.escape(attribute)):
        decode_envelope(msgspec.json.encode(event))


class TestAMinorChange:
    """Tomorrow's writer adds an optional field; today's reader and tomorrow's reader both go on."""

    Next = msgspec.defstruct(
        "Received",
        [("note", str | None, None)],
        bases=(events.Received,),
        frozen=True,
        kw_only=True,
        omit_defaults=True,
    )
    new_bytes = msgspec.json.encode(FULL_DATA[EventKind.RECEIVED] | {"note": "từ xa", "deeper": {"still": ["unknown"]}})

    def test_an_old_reader_ignores_what_a_new_writer_adds(self) -> None:
        old = msgspec.json.decode(self.new_bytes, type=events.Received)
        assert old == msgspec.convert(FULL_DATA[EventKind.RECEIVED], events.Received)
        valid("dossier.received.v1", msgspec.json.decode(self.new_bytes))

    def test_a_new_reader_does_without_what_an_old_writer_never_sent(self) -> None:
        new: Any = msgspec.json.decode(msgspec.json.encode(FULL_DATA[EventKind.RECEIVED]), type=self.Next)
        assert (new.note, new.department) == (None, "H59.15")

    def test_it_passes_the_compatibility_check(self) -> None:
        assert breaks(GOLDEN["dossier.received.v1"], schema_of(self.Next)) == []

    def test_attributes_unknown_to_the_envelope_are_ignored(self) -> None:
        assert decode_envelope(envelope_of(EventKind.RATED, traceparent="00-1", partitionkey="x")) == decode_envelope(
            envelope_of(EventKind.RATED)
        )

    def test_fields_unknown_to_a_snapshot_are_ignored(self) -> None:
        status = status_of(dossier_after(received()), version=1, recordedtime=WHEN, alerted={})
        assert decode_status(msgspec.json.encode(plain(status) | {"colour": "green"})) == status


class TestABreakingChange:
    def changed(self, name: str, definition: str, change: Any) -> list[str]:
        schema = copy.deepcopy(GOLDEN[name])
        change(schema["$defs"][definition])
        return breaks(GOLDEN[name], schema)

    def test_a_new_required_field_is_caught(self) -> None:
        required = msgspec.defstruct(
            "Received", [("counter", str)], bases=(events.Received,), frozen=True, kw_only=True
        )
        (why,) = breaks(GOLDEN["dossier.received.v1"], schema_of(required))
        assert why == "$.Received.counter: the field became required; what was written before lacks it"

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            (lambda d: d["properties"].pop("applicant"), "applicant: the field was removed"),
            (lambda d: d["required"].remove("channel"), "channel: the field is no longer required"),
            (
                lambda d: d["properties"]["online_level"]["anyOf"][0]["enum"].remove("full"),
                "online_level.anyOf[0].enum",
            ),
            (lambda d: d["properties"]["channel"].update(pattern="^online$"), "channel.pattern"),
            (lambda d: d["properties"]["department"].update(maxLength=8), "department.maxLength"),
            (lambda d: d["properties"]["due_at"].update(anyOf=[{"type": "string"}]), "due_at.anyOf"),
            (lambda d: d.update(additionalProperties=False), "additionalProperties"),
        ],
    )
    def test_any_other_change_is_caught_and_named(self, change: Any, named: str) -> None:
        (why,) = self.changed("dossier.received.v1", "Received", change)
        assert named in why

    def test_a_change_deeper_down_is_caught(self) -> None:
        (why,) = self.changed("status.v1", "SuspensionV1", lambda d: d["required"].append("ended_at"))
        assert "SuspensionV1.ended_at" in why

    def test_more_words_are_a_minor_change(self) -> None:
        def more(definition: Any) -> None:
            definition["properties"]["online_level"]["anyOf"][0]["enum"].append("assisted")

        assert self.changed("dossier.received.v1", "Received", more) == []

    def test_a_list_of_words_may_become_any_code_that_holds_them(self) -> None:
        listed = {"properties": {"channel": {"enum": ["online", "in_person"]}}}
        opened = {"properties": {"channel": {"type": "string", "pattern": "^[a-z_]+$", "maxLength": 32}}}
        narrow = {"properties": {"channel": {"type": "string", "pattern": "^[a-z]+$"}}}
        assert breaks(listed, opened) == []
        assert breaks(listed, narrow)  # in_person is none of them

    def test_what_is_asked_may_be_written_in_more_ways_and_what_is_answered_may_not(self) -> None:
        one = {"anyOf": [{"type": "string"}, {"type": "null"}]}
        more = {"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "null"}]}
        assert breaks(one, more)
        assert breaks(one, more, is_asked=True) == []
        assert breaks(more, one, is_asked=True)

    def test_better_words_are_no_change(self) -> None:
        assert (
            self.changed("dossier.received.v1", "Received", lambda d: d.update(description="clearer", title="Receipt"))
            == []
        )


def test_every_published_type_is_reachable_by_name() -> None:
    assert {CloudEvent, StatusV1, AlertV1, DeadLetterV1}.isdisjoint(events.EVENT_TYPES.values())
    assert {f"dossier.{name}.v1" for name in events.EVENT_TYPES} <= set(GOLDEN)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_every_field_is_described_with_an_example_that_holds(name: str) -> None:
    for title, definition in GOLDEN[name]["$defs"].items():
        for field, schema in definition["properties"].items():
            assert schema.get("description"), f"{title}.{field}"
            parts = schema.get("items") is not None and "$ref" in schema["items"]
            assert parts or schema.get("examples"), f"{title}.{field}"
            validator = Draft202012Validator(schema | {"$defs": GOLDEN[name]["$defs"]}, format_checker=FormatChecker())
            for example in schema.get("examples", ()):
                validator.validate(example)
