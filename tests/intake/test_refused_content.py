"""What the door lets in and what it refuses:
each refusal names the field and the fix, and never repeats what must not be kept."""

from typing import Any

import msgspec
import pytest

from services.intake.accepting.candidates import Candidate, as_logged
from services.intake.accepting.parsing import parse as parse_with_key
from shared.contract.accepted import ACCEPTED
from shared.contract.envelope import decode_envelope, event_of
from shared.domain.errors import Refusal
from shared.domain.lifecycle import EventKind
from tests.builders.wire import FULL_DATA
from tests.intake.sending import APPLICANT_KEY, cloud_event, received


def parse(event: dict[str, Any] | bytes) -> Candidate:
    return parse_with_key(event if isinstance(event, bytes) else msgspec.json.encode(event), APPLICANT_KEY)


def refused(event: dict[str, Any] | bytes, code: str = "malformed") -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse(event)
    assert caught.value.code == code, caught.value.detail
    return caught.value


def logged(candidate: Candidate) -> Any:
    """The event as whoever reads the topic decodes it."""
    return decode_envelope(as_logged(candidate, 1, candidate.occurred_at, {}))


def started(**data: Any) -> dict[str, Any]:
    return cloud_event("processing_started", "2023-12-11T08:00", **data)


class TestInstants:
    @pytest.mark.parametrize(
        "when", ["2999-12-31T23:59:59Z", "1900-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
    )
    @pytest.mark.parametrize(
        ("name", "field", "data"),
        [
            ("received", "due_at", received()["data"]),
            ("extended", "due_at", {}),
            ("forwarded", "due_at", {}),
            ("apologised", "promised_at", {}),
            ("supplemented", "due_at", {}),
            ("corrected", "new_value", {"field": "due_at", "old_value": None}),
            ("corrected", "old_value", {"field": "due_at", "new_value": None}),
        ],
    )
    def test_a_year_that_no_reader_takes_is_refused_by_the_local_clock(
        self, name: str, field: str, data: dict[str, Any], when: str
    ) -> None:
        found = refused(cloud_event(name, "2023-12-08T08:31", **data | {field: when}), "instant_out_of_range")
        assert found.field == f"data.{field}"
        assert found.detail.startswith(f"data.{field}: ")

    def test_the_edges_of_the_local_years_are_taken(self) -> None:
        for when in ("2999-12-31T23:59:59+07:00", "1899-12-31T17:00:00Z"):
            assert parse(received() | {"time": when}).occurred_at.utcoffset() is not None
        assert refused(received() | {"time": "2999-12-31T17:00:00Z"}, "instant_out_of_range").field == "time"

    @pytest.mark.parametrize("fraction", ["9999995", "9999999", "999999999", "999999500000"])
    @pytest.mark.parametrize("escape", [False, True])
    def test_a_fraction_finer_than_a_microsecond_is_cut_for_every_reader(self, fraction: str, *, escape: bool) -> None:
        end = f"2023-12-31T23:59:59.{fraction}+07:00"
        line = msgspec.json.encode(received(due_at=end) | {"time": end})
        candidate = parse(line.replace(b"59.9", b"59\\u002e9") if escape else line)
        envelope = logged(candidate)
        data: Any = event_of(envelope)
        assert {candidate.occurred_at.isoformat(), envelope.time.isoformat(), data.due_at.isoformat()} == {
            "2023-12-31T23:59:59.999999+07:00"
        }

    def test_a_corrected_deadline_is_cut_too(self) -> None:
        data = {
            "field": "due_at",
            "old_value": "2023-12-31T23:59:59.9999999Z",
            "new_value": "2024-01-01T00:00:00.1234567Z",
            "reason": "r",
        }
        read: Any = event_of(logged(parse(cloud_event("corrected", "2023-12-11T08:00", **data))))
        assert (read.old_value, read.new_value) == ("2023-12-31T23:59:59.999999Z", "2024-01-01T00:00:00.123456Z")

    def test_a_text_that_looks_like_an_instant_stays(self) -> None:
        event = started(officer="o-1") | {"id": "2023-12-31T23:59:59.9999999Z"}
        assert parse(event).event_id == "2023-12-31T23:59:59.9999999Z"


class TestTwins:
    EVENT = msgspec.json.encode(received(applicant="Nguyễn Thị Minh Khai"))

    @pytest.mark.parametrize(
        ("found", "twins", "field"),
        [
            (b'"applicant":', b'"applicant":null,"applicant":', "data.applicant"),
            (b'"applicant":"', b'"applicant" :"A B","applicant":"', "data.applicant"),
            (b'"channel":', b'"chan\\u006eel":"postal","channel":', "data.channel"),
            (b'"department":', b'"due_at":null,"due_at":null,"department":', "data.due_at"),
            (b'"id":', b'"id":"twin","id":', "id"),
            (b'"data":', b'"data":{"applicant":"A B"},"data":', "data"),
            (b'"department":', b'"x":{"a":1,"a":2},"department":', "data.x.a"),
            (b'"department":', b'"term":{"amount":1,"amount":2,"unit":"months"},"department":', "data.term.amount"),
            (b'"specversion":', b'"traceparent":"1","traceparent":"2","specversion":', "traceparent"),
        ],
    )
    def test_a_key_given_twice_is_refused_by_name(self, found: bytes, twins: bytes, field: str) -> None:
        refusal = refused(self.EVENT.replace(found, twins, 1))
        assert (refusal.field, refusal.detail) == (field, f"{field}: is given twice; give it once")

    @pytest.mark.parametrize("name", ACCEPTED)
    def test_a_twin_of_any_field_is_seen_at_a_glance(self, name: str) -> None:
        """The quick reading counts quotes: it must see a twin of every field, whatever the field holds."""
        filled = {field: value for field, value in FULL_DATA[EventKind(name)].items() if field != "deadlines"}
        for field, held in filled.items():
            body = msgspec.json.encode(cloud_event(name, "2023-12-08T08:31", **filled))
            value = msgspec.json.encode(held)
            twin = b'"%s":%s,' % (field.encode(), value)
            assert refused(body.replace(b'"data":{', b'"data":{' + twin)).field == f"data.{field}"
            assert refused(body.replace(b'"data":{', b'"data":{"%s":null,' % field.encode())).field == f"data.{field}"
            without = {other: kept for other, kept in filled.items() if other != field}
            if name not in ("received", "submitted", "corrected", "rated", "fee_paid", "extended"):
                parse(cloud_event(name, "2023-12-08T08:31", **without))

    def test_an_attribute_named_as_a_field_of_the_data_is_not_taken_for_it(self) -> None:
        """A default that the data leaves out and an attribute of the same name have equally many quotes."""
        event = cloud_event("resolved", "2023-12-08T08:31") | {"outcome": "0912345678"}
        assert refused(event, "personal_data").field == "outcome"


class TestUnknownFields:
    @pytest.mark.parametrize(
        ("name", "field", "meant"),
        [
            ("resolved", "outcom", "did you mean outcome?"),
            ("payment_requested", "amount", "did you mean amount_vnd?"),
            ("supplemented", "applicant", "its fields are due_at, acceptance_due_at, x"),
            ("processing_started", "phone", "its fields are unit, officer, x"),
        ],
    )
    def test_a_field_that_nothing_reads_is_refused_with_the_nearest(self, name: str, field: str, meant: str) -> None:
        found = refused(cloud_event(name, "2023-12-11T08:00", **{field: "z"}))
        assert found.field == f"data.{field}"
        assert found.detail.startswith(f"data.{field}: not a field of {name}; {meant}")

    def test_a_field_inside_a_term_is_refused(self) -> None:
        found = refused(received(term={"amount": 5, "unit": "months", "ground": 1}))
        assert (found.field, "amount" in found.detail) == ("data.term.ground", True)

    def test_the_vendors_own_facts_are_kept(self) -> None:
        facts = {
            "counter": 7,
            "queue": "B12",
            "urgent": True,
            "weight": 1.5,
            "note": "lời dặn\nhai dòng",
            "nothing": None,
        }
        event = started(x=facts)
        assert msgspec.json.decode(logged(parse(event)).data) == {"x": facts}

    @pytest.mark.parametrize(
        ("facts", "field"),
        [
            ({"Counter": 1}, "data.x"),
            ({"a" * 41: 1}, "data.x"),
            ({"nested": {"a": 1}}, "data.x"),
            ({"list": [1]}, "data.x"),
            ({"long": "a" * 501}, "data.x"),
            ({f"k{n}": 1 for n in range(21)}, "data.x"),
            ({f"k{n}": "ở" * 100 for n in range(20)}, "data.x"),
            ("text", "data.x"),
            ({"hidden": "a\x1b[31m"}, "data.x.hidden"),
        ],
    )
    def test_facts_that_are_no_flat_small_object_are_refused(self, facts: Any, field: str) -> None:
        assert refused(started(x=facts)).field == field

    @pytest.mark.parametrize("levels", [33, 300, 100_000])
    def test_nesting_is_refused_with_a_sentence(self, levels: int) -> None:
        body = msgspec.json.encode(started(x="HERE")).replace(b'"HERE"', b"[" * levels + b"]" * levels)
        found = refused(body)
        assert "nested deeper than 32 levels" in found.detail
        assert found.field == "data"


class TestPersonalData:
    @pytest.mark.parametrize(
        "text",
        [
            "Nguyễn Văn B, 0912 345 678",
            "0912345678",
            "0912.345.678",
            "0912-345-678",
            "(0294) 3855 247",
            "+84 912 345 678",
            "+84(0)912345678",
            "0084912345678",
            "84912345678",
            "０９１２３４５６７８",
            "gọi 02943855247 trước",
            "CCCD 079203012345 cấp ngày 01/01/2020",
            "079 203 012 345",
            "CMND: 334123456.",
            "nva@travinh.gov.vn",
        ],
    )
    @pytest.mark.parametrize(
        ("name", "field"),
        [
            ("processing_started", "officer"),
            ("processing_started", "unit"),
            ("forwarded", "agency"),
            ("withdrawn", "reason"),
            ("supplement_requested", "missing"),
            ("extended", "legal_ground"),
        ],
    )
    def test_what_tells_who_a_person_is_is_refused_and_not_repeated(self, name: str, field: str, text: str) -> None:
        found = refused(cloud_event(name, "2023-12-11T08:00", **{field: text}), "personal_data")
        assert found.field == f"data.{field}"
        assert text not in found.detail
        assert "write" in found.detail

    @pytest.mark.parametrize(
        "text",
        [
            "o-17",
            "H59.15-cb07",
            "Điều 15 Nghị định 15/2020/NĐ-CP ngày 03/02/2020",
            "số 123456789/QĐ-UBND",
            "1.000.000.000 đồng",
            "500000000 đồng",
            "500.000.000",
            "100,000,000 VND",
            "250 000 000 đồng",
            "hồ sơ H59.05-231208-0001 và H59.15-231209-0002",
            "mã 000.00.15.H59-231208-0001",
            "2.000635",
            "từ 01.01.2023 đến 31.12.2023",
            "08-12-2023 08:30",
            "2023-12-08T08:31:00+07:00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01 bản chính, 02 bản sao",
        ],
    )
    def test_amounts_codes_dates_and_numbered_papers_are_taken(self, text: str) -> None:
        for name, field in (("processing_started", "unit"), ("stopped", "reason")):
            parse(cloud_event(name, "2023-12-11T08:00", **{field: text}))

    @pytest.mark.parametrize(
        "key",
        ["phone", "applicant_name", "ho_ten", "email", "citizen_id", "owner_phone", "fullname", "ho_ten_nguoi_nop"],
    )
    def test_a_key_that_names_a_person_is_refused(self, key: str) -> None:
        assert refused(started(x={key: "a"}), "personal_data").field == f"data.x.{key}"
        attribute = key.replace("_", "")
        if attribute in ("phone", "hoten", "email", "fullname"):
            assert refused(started() | {attribute: "a"}, "personal_data").field == attribute

    def test_values_beside_the_contract_are_looked_at_too(self) -> None:
        assert refused(started(x={"note": "gọi 0912 345 678"}), "personal_data").field == "data.x.note"
        assert refused(started() | {"note": "0912345678"}, "personal_data").field == "note"


class TestTexts:
    @pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066"])
    def test_hidden_characters_are_refused_by_field(self, character: str) -> None:
        for name, field in (("processing_started", "officer"), ("forwarded", "agency"), ("withdrawn", "reason")):
            found = refused(cloud_event(name, "2023-12-11T08:00", **{field: f"a{character}b"}))
            assert (found.field, f"U+{ord(character):04X}" in found.detail) == (f"data.{field}", True)

    def test_lines_and_tabs_are_for_free_texts_only(self) -> None:
        parse(cloud_event("withdrawn", "2023-12-11T08:00", reason="một\r\nhai\tba\n"))
        assert refused(started(officer="a\nb")).field == "data.officer"

    def test_half_a_character_is_refused(self) -> None:
        found = refused(msgspec.json.encode(started(officer="HERE")).replace(b"HERE", b"\\ud800"))
        assert found.code == "malformed"

    @pytest.mark.parametrize("field", ["officer", "unit"])
    def test_a_name_is_at_most_300_characters(self, field: str) -> None:
        parse(started(**{field: "ở" * 300}))
        found = refused(started(**{field: "ở" * 301}))
        assert (found.field, "300 characters" in found.detail) == (f"data.{field}", True)


class TestCloudEvents:
    def test_null_is_unset_and_media_types_have_no_case(self) -> None:
        event = started() | {"dataschema": None, "datacontenttype": None, "traceparent": None}
        assert "dataschema" not in msgspec.json.decode(as_logged(parse(event), 1, parse(event).occurred_at, {}))
        parse(started() | {"datacontenttype": "Application/Json; charset=UTF-8"})
        parse(started() | {"datacontenttype": "application/vnd.motcua+json"})
        for media_type in ("application/json; x=084180001234", "application/a084180001234+json", "application/json;"):
            assert refused(started() | {"datacontenttype": media_type}).field == "datacontenttype"

    def test_numbers_of_persons_are_found_in_facts_attributes_and_codes(self) -> None:
        assert refused(started(x={"ma": 84180001234}), "personal_data").field == "data.x.ma"
        assert refused(started() | {"ma": 912345678}, "personal_data").field == "ma"
        assert refused(started() | {"subject": "H59.15-231208-084180001234"}, "personal_data").field == "subject"
        parse(started(x={"le_phi": 15_000_000, "dung": True, "ty_le": 0.25}))

    def test_data_may_be_absent_where_nothing_is_required(self) -> None:
        event = started()
        del event["data"]
        assert logged(parse(event)).data == msgspec.Raw(b"{}")
        event = received()
        del event["data"]
        assert refused(event).field == "data.department"

    def test_binary_data_is_told_as_that(self) -> None:
        event = started() | {"data_base64": "e30="}
        del event["data"]
        assert refused(event).detail.startswith("data_base64: binary data can't be read")

    @pytest.mark.parametrize("name", ["Trace", "trace-id", "trace_id", "a" * 21])
    def test_an_attribute_is_named_as_cloudevents_name_it(self, name: str) -> None:
        assert refused(started() | {name: "v"}).field == name

    def test_more_attributes_than_anyone_needs_are_refused(self) -> None:
        many = {f"a{n}": n for n in range(21)}
        assert "at most 20" in refused(started() | many).detail


@pytest.mark.parametrize(
    ("name", "data", "field", "words"),
    [
        (
            "received",
            {"due_at": "2023-12-15"},
            "due_at",
            "is not an instant; write it with its offset, such as 2023-12-08T08:31:00+07:00",
        ),
        ("received", {"due_at": "2023-12-15T08:31:00"}, "due_at", "has no offset; write it"),
        ("received", {"procedure": "two"}, "procedure", "write the procedure's code, such as 2.000635"),
        (
            "received",
            {"channel": "Fax"},
            "channel",
            "is not written as it should be; choose one of online, in_person, postal",
        ),
        ("fee_paid", {"amount_vnd": "50.000"}, "amount_vnd", "is a text; write a whole number of VND, such as 50000"),
        ("fee_paid", {"amount_vnd": -1}, "amount_vnd", "is too small"),
        ("rated", {"score": 9}, "score", "is too large; write a whole number from 1 to 5"),
        ("resolved", {"outcome": "maybe"}, "outcome", "choose one of granted, refused"),
        ("returned", {"channel": "fax"}, "channel", "choose one of online, in_person, postal"),
        ("payment_settled", {"paid_online": "yes"}, "paid_online", "write true or false"),
        (
            "corrected",
            {"field": "online_level", "old_value": "full", "new_value": "toàn trình"},
            "new_value",
            "choose one of full, partial",
        ),
        ("corrected", {"field": "due_at", "old_value": None, "new_value": "mai"}, "new_value", "is not an instant"),
    ],
)
def test_a_refusal_says_in_plain_words_how_to_write_it(name: str, data: dict[str, Any], field: str, words: str) -> None:
    whole = received()["data"] | data if name == "received" else data
    found = refused(cloud_event(name, "2023-12-11T08:00", **whole))
    assert found.field == f"data.{field}"
    assert words in found.detail
    assert not any(inside in found.detail for inside in ("`", "regex", "RFC3339", "\\"))


def test_a_long_value_is_echoed_by_its_beginning() -> None:
    for event in (
        received(channel="A" * 5000),
        received() | {"specversion": "A" * 5000},
        received() | {"type": "A" * 5000},
    ):
        with pytest.raises(Refusal) as caught:
            parse(event)
        assert "A" * 81 not in caught.value.detail
