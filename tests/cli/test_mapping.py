"""An office's own dates, words and codes become what events carry.

A mapping that can't be meant so is refused with key and fix.
"""

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from motcua.failure import Failure
from motcua.mapping.dates import DateReader, Moment, Pattern, zone_of
from motcua.mapping.facts import Fact, UnusableRow, cloud_event
from motcua.mapping.fields import FIELDS, FieldReader
from motcua.mapping.model import load, mapping_file, shipped
from motcua.mapping.rows import RowReader
from tests.builders.times import at

NOW = datetime(2024, 6, 1, tzinfo=UTC)
HERE = timezone(timedelta(hours=7))
PATTERNS = [Pattern(text) for text in ("dd/mm/yyyy hh:mm", "dd/mm/yyyy", "yyyyMMddHHmmss")]
DATES = DateReader(PATTERNS, HERE)


@pytest.mark.parametrize(
    ("cell", "instant", "is_day"),
    [
        ("08/12/2023 08:31", "2023-12-08 08:31", False),
        (" 8/12/2023   8:31 ", "2023-12-08 08:31", False),
        ("08/12/2023", "2023-12-08 00:00", True),
        ("20231208083100", "2023-12-08 08:31", False),
        (20231208083100, "2023-12-08 08:31", False),
        ("2023-12-08", "2023-12-08 00:00", True),
        ("2023-12-08T01:31:00Z", "2023-12-08 08:31", False),
        (datetime(2023, 12, 8, 8, 31), "2023-12-08 08:31", False),  # noqa: DTZ001 - as a spreadsheet has it
        (datetime(2023, 12, 8), "2023-12-08 00:00", True),  # noqa: DTZ001
        (date(2023, 12, 8), "2023-12-08 00:00", True),
    ],
)
def test_a_date_is_read_as_it_is_written(cell: object, instant: str, *, is_day: bool) -> None:
    assert DATES.read(cell) == Moment(at(instant), is_day)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("31/02/2023", "'31/02/2023' does not exist"),
        ("08/12/23", "is not a date of this mapping; write it like 08/12/2023 08:31 or 08/12/2023"),
        ("hôm qua", "is not a date"),
        ("01/01/0001", "year 1 is none of 1900 to 2999"),
        (45268, "the cell holds the number 45268; format the column as a date"),
        (45268.35, "the cell holds 45268.35, which is no date"),
        (True, "the cell holds True, which is no date"),
    ],
)
def test_what_is_no_date_is_named_with_the_way_to_write_it(cell: object, said: str) -> None:
    with pytest.raises(ValueError) as raised:
        DATES.read(cell)
    assert said in str(raised.value)


@pytest.mark.parametrize("text", ["dd/mm", "yyyy-mm", "dd/mm/yyyy dd", "what"])
def test_a_pattern_without_its_parts_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="name each part once"):
        Pattern(text)


def test_a_zone_is_an_offset_or_a_name() -> None:
    instant = datetime(2023, 12, 8, 8, 31, tzinfo=UTC)
    assert (
        instant.astimezone(zone_of("Asia/Ho_Chi_Minh")).utcoffset() == instant.astimezone(zone_of("+07:00")).utcoffset()
    )
    with pytest.raises(ValueError, match=r"write \+07:00"):
        zone_of("GMT+7")


WORDS = {
    "channel": {"": "in_person", "Trực tiếp": "in_person", "Qua mạng": "online", "Máy": "kiosk"},
    "department": {"Sở Tư pháp": "H59.15"},
    "received_by": {"Cả tỉnh": ""},
}
READER = FieldReader(WORDS | {"returned.channel": {"1": "postal"}}, DATES, "/import/test")


def field(event: str, name: str, cell: object) -> object:
    return READER.read(name, FIELDS[event][name], cell, event)


@pytest.mark.parametrize(
    "word", ["Trực tiếp", "  trực   TIẾP ", unicodedata.normalize("NFD", "Trực tiếp"), "in_person", "IN_PERSON"]
)
def test_words_are_the_same_whatever_their_case_blanks_and_unicode_form(word: str) -> None:
    assert field("received", "channel", word) == "in_person"


def test_an_event_may_have_words_of_its_own() -> None:
    assert field("returned", "channel", "1") == "postal"
    with pytest.raises(ValueError, match="none of the words for channel; write one of Trực tiếp, Qua mạng, Máy"):
        field("received", "channel", "1")


@pytest.mark.parametrize(
    ("event", "name", "cell", "value"),
    [
        ("received", "department", "Sở tư pháp", "H59.15"),
        ("received", "department", "000.00.18.H59", "H59.18"),
        ("received", "department", "000.03.18.H59", "H59.18.03"),
        ("received", "received_by", "Sở tư pháp", "H59.15"),
        ("received", "received_by", "000.00.18.H59", "H59.18"),
        ("received", "received_by", "cả tỉnh", ""),
        ("received", "channel", "máy", "kiosk"),
        ("received", "channel", "Kiosk", "kiosk"),
        ("received", "follows", "000.00.15.H59-231208-0001", "000.00.15.H59-231208-0001"),
        ("resolved", "outcome", "BY_LAW", "by_law"),
        ("received", "procedure", "2.000635.000.00.00.H59", "2.000635"),
        ("received", "due_at", "15/12/2023", at("2023-12-15 00:00")),
        ("received", "term_amount", 5.0, 5),
        ("fee_paid", "amount_vnd", "1.250.000 đ", 1_250_000),
        ("fee_paid", "amount_vnd", "50,000", 50_000),
        ("fee_paid", "paid_online", "Có", True),
        ("fee_paid", "paid_online", "không", False),
        ("processing_started", "officer", "o-17", "o-17"),
        ("processing_started", "unit", "  Phòng Hộ tịch ", "Phòng Hộ tịch"),
    ],
)
def test_a_cell_becomes_what_the_field_holds(event: str, name: str, cell: object, value: object) -> None:
    assert field(event, name, cell) == value


@pytest.mark.parametrize(
    ("event", "name", "cell", "said"),
    [
        ("received", "procedure", 1.00463, r"holds the number 1.00463, .*format the column as text.*was it 1.004630\?"),
        ("received", "department", 59, "holds the number 59"),
        ("received", "department", "Sở Y tế", r"no code of a department such as H59.15; .*\[words.department\]"),
        ("received", "received_by", "Sở Y tế", r"no code of a unit such as H59.15; .*\[words.received_by\]"),
        ("received", "follows", "12/2023", "no code of a dossier such as H59.15-231208-0001"),
        ("received", "channel", "Quầy 3", r"'Quầy 3' is none of the words for channel; .*\[words.channel\]"),
        (
            "returned",
            "channel",
            "kiosk",
            r"none of the words for channel; write one of 1, .*\[words.\"returned.channel\"\]",
        ),
        ("fee_paid", "amount_vnd", "80.12", "is no whole number; write it like 50000 or 50.000"),
        ("fee_paid", "amount_vnd", "1.234,5", "is no whole number"),
        ("fee_paid", "amount_vnd", "1.234,567", "is no whole number"),
        ("fee_paid", "paid_online", "maybe", "neither yes nor no"),
    ],
)
def test_a_cell_that_is_not_what_the_field_holds_is_named_with_the_fix(
    event: str, name: str, cell: object, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        field(event, name, cell)


def test_an_officers_name_becomes_a_pseudonym_the_same_every_time() -> None:
    first, again = (
        field("processing_started", "officer", "Trần Thị B"),
        field("processing_started", "officer", "trần thị  b"),
    )
    assert first == again
    assert str(first).startswith("o-")
    assert "Trần" not in str(first)
    assert first != FieldReader({}, DATES, "/import/another").read("officer", (str,), "Trần Thị B")


MAPPING = """
rows = "dossier"
source = "/import/t"
[columns]
code = "Mã"
department = "Cơ quan"
procedure = "TTHC"
channel = "Kênh"
[words.channel]
"" = "in_person"
[[events]]
event = "submitted"
time = "Nộp"
[[events]]
event = "received"
time = "Nhận"
columns = { due_at = "Hẹn" }
[[events]]
event = "supplement_requested"
time = "Dừng"
[[events]]
event = "supplemented"
time = "Tiếp"
[[events]]
event = "resolved"
time = "Xong"
[[events]]
event = "withdrawn"
time = "Rút"
columns = { reason = "Lý do" }
[[events]]
event = "returned"
time = "Trả"
"""
CODE = "H59.15-231208-0001"


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    return str(file)


def told(tmp_path: Path, mapping: str = MAPPING, **cells: Any) -> list[Fact]:
    row = {"mã": CODE, "cơ quan": "H59.15", "tthc": "2.000635"} | {name.lower(): cell for name, cell in cells.items()}
    return RowReader(load(written(tmp_path, mapping)), NOW).read(row, 7)


def test_the_dates_of_a_row_become_events_in_order_of_time(tmp_path: Path) -> None:
    facts = told(tmp_path, Nộp="07/12/2023 16:00", Nhận="08/12/2023 08:31", Hẹn="15/12/2023", Xong="14/12/2023 10:00")
    assert [(fact.event, fact.at) for fact in facts] == [
        ("submitted", at("2023-12-07 16:00")),
        ("received", at("2023-12-08 08:31")),
        ("resolved", at("2023-12-14 10:00")),
    ]
    assert facts[1].data == {
        "department": "H59.15",
        "procedure": "2.000635",
        "channel": "in_person",
        "due_at": at("2023-12-15 00:00"),
    }
    assert b'"id":"/import/t/H59.15-231208-0001/received"' in cloud_event("/import/t", CODE, facts[1])


def test_dates_alone_of_one_day_come_in_the_lifecycles_order(tmp_path: Path) -> None:
    day = dict.fromkeys(("Nộp", "Nhận", "Dừng", "Tiếp", "Xong", "Trả"), "08/12/2023")
    facts = told(tmp_path, **day)
    assert [fact.event for fact in facts] == [
        "submitted",
        "received",
        "supplement_requested",
        "supplemented",
        "resolved",
        "returned",
    ]
    assert {fact.at for fact in facts} == {at("2023-12-08 00:00")}


def test_a_date_alone_does_not_lie_before_what_came_first_on_its_day(tmp_path: Path) -> None:
    facts = told(tmp_path, Nhận="08/12/2023 14:00", Xong="08/12/2023", Trả="08/12/2023 16:00")
    assert [fact.at for fact in facts] == [at("2023-12-08 14:00"), at("2023-12-08 14:00"), at("2023-12-08 16:00")]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            {"Nhận": "10/12/2023", "Xong": "08/12/2023"},
            r"Xong: 08/12/2023 00:00 lies before Nhận \(10/12/2023 00:00\); correct one of the two",
        ),
        ({"Xong": "08/12/2023"}, "Nhận: is empty; a dossier begins with it"),
        (
            {"Nhận": "08/12/2023", "Xong": "10/12/2023", "Dừng": "11/12/2023"},
            r"Dừng: supplement_requested on 11/12/2023 00:00 can't follow resolved in Xong \(10/12/2023 00:00\)",
        ),
        (
            {"Nhận": "08/12/2023", "Hẹn": "07/12/2023"},
            "Hẹn: 07/12/2023 00:00 lies before the receipt in Nhận .*correct one of the two",
        ),
        ({"Nhận": "08/12/2024"}, r"Nhận: 08/12/2024 00:00 lies in the future; correct it"),
        ({"Nhận": "08/12/2023", "Rút": "09/12/2023"}, "Lý do: is empty; the law wants the reason of withdrawn"),
        ({"Nhận": "08/12/2023", "Mã": " "}, "Mã: is empty; write the dossier's code"),
        ({"Nhận": "08/12/2023", "Cơ quan": None}, "Cơ quan: is empty; received needs it"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused_whole(tmp_path: Path, cells: dict[str, Any], said: str) -> None:
    with pytest.raises(UnusableRow, match=said):
        told(tmp_path, **cells)


def test_further_pauses_are_further_events_with_columns_of_their_own(tmp_path: Path) -> None:
    again = "".join(
        f'[[events]]\nevent = "{event}"\ntime = "{column}"\n'
        for event, column in (("supplement_requested", "Dừng 2"), ("supplemented", "Tiếp 2"))
    )
    dates = {
        "Nhận": "08/12/2023",
        "Dừng": "09/12/2023",
        "Tiếp": "10/12/2023",
        "Dừng 2": "11/12/2023",
        "Tiếp 2": "12/12/2023",
    }
    facts = told(tmp_path, MAPPING + again, **dates)
    assert [fact.at.day for fact in facts] == [8, 9, 10, 11, 12]
    assert len({fact.key for fact in facts}) == 5


MORE = """
[[events]]
event = "assigned"
time = "Giao"
columns = { officer = "Cán bộ", due_at = "Hạn bước" }
[[events]]
event = "supplement_lapsed"
time = "Hết hạn"
columns = { due_at = "Hẹn mới" }
[[events]]
event = "deadline_set"
time = "Tính từ"
columns = { term_amount = "Số ngày" }
constants = { term_unit = "working_days", ground = "nộp phí" }
[[events]]
event = "transferred"
time = "Chuyển"
constants = { reason = "chuyển thẩm quyền" }
"""


def test_a_row_may_tell_what_happens_at_a_counter_in_2026(tmp_path: Path) -> None:
    cells = {"Nhận": "08/12/2023", "Tính từ": "09/12/2023", "Số ngày": 5, "Dừng": "10/12/2023", "Giao": "11/12/2023"}
    cells |= {
        "Cán bộ": "o-17",
        "Hạn bước": "13/12/2023",
        "Hết hạn": "12/12/2023",
        "Hẹn mới": "20/12/2023",
        "Chuyển": "14/12/2023",
    }
    facts = told(tmp_path, MAPPING + MORE, **cells)
    assert [fact.key for fact in facts if fact.event != "deadline_set"] == [
        "received",
        "supplement_requested@2023-12-10T00:00:00",
        facts[3].key,
        "supplement_lapsed@2023-12-12T00:00:00",
        "transferred",
    ]
    assert facts[1].data == {"term": {"amount": 5, "unit": "working_days"}, "ground": "nộp phí"}
    assert facts[3].data == {"officer": "o-17", "due_at": at("2023-12-13 00:00")}
    other_deadline = told(tmp_path, MAPPING + MORE, **(cells | {"Hạn bước": "20/12/2023"}))
    assert other_deadline[3].key == facts[3].key
    assert told(tmp_path, MAPPING + MORE, **(cells | {"Cán bộ": "o-18"}))[3].key != facts[3].key


def test_a_row_may_be_decided_while_papers_are_awaited(tmp_path: Path) -> None:
    facts = told(tmp_path, Nhận="08/12/2023", Dừng="09/12/2023", Xong="10/12/2023", Trả="11/12/2023")
    assert [fact.event for fact in facts] == ["received", "supplement_requested", "resolved", "returned"]


def test_a_step_that_names_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableRow, match="Cán bộ: is empty; say who has the dossier now"):
        told(tmp_path, MAPPING + MORE, Nhận="08/12/2023", Giao="09/12/2023")


def test_a_field_is_named_by_the_column_of_its_own_event(tmp_path: Path) -> None:
    mapping = load(written(tmp_path, MAPPING + MORE))
    assert [mapping.header_of("due_at", event) for event in ("assigned", "received", "resolved", None)] == [
        "Hạn bước",
        "Hẹn",
        "Hẹn",
        "Hẹn",
    ]


def test_the_same_instant_is_the_same_fact_whatever_its_offset(tmp_path: Path) -> None:
    here, there = (
        told(tmp_path, Nhận="08/12/2023", Dừng=cell)[1]
        for cell in ("2023-12-09T08:00:00+07:00", "2023-12-09T01:00:00Z")
    )
    assert here.key == there.key == "supplement_requested@2023-12-09T08:00:00"


A_ROW_PER_EVENT = """
rows = "event"
source = "/import/t"
[columns]
code = "Mã"
event = "Việc"
time = "Lúc"
department = "Cơ quan"
procedure = "TTHC"
channel = "Kênh"
[words.event]
"Tiếp nhận" = "received"
"Trả kết quả" = "returned"
[[events]]
event = "returned"
columns = { channel = "Cách trả" }
"""


def test_a_row_per_event_takes_the_columns_of_its_event(tmp_path: Path) -> None:
    (received,) = told(tmp_path, A_ROW_PER_EVENT, Việc="tiếp nhận", Lúc="08/12/2023 08:31", Kênh="online")
    assert (received.event, received.at, received.data["channel"]) == ("received", at("2023-12-08 08:31"), "online")
    cells = {"Việc": "Trả kết quả", "Lúc": "09/12/2023", "Kênh": "online", "Cách trả": "postal"}
    (returned,) = told(tmp_path, A_ROW_PER_EVENT, **cells)
    assert (returned.key, returned.data) == ("returned", {"channel": "postal"})
    with pytest.raises(UnusableRow, match=r"Việc: 'Nhảy' is no event; write one of Tiếp nhận, Trả kết quả"):
        told(tmp_path, A_ROW_PER_EVENT, Việc="Nhảy", Lúc="09/12/2023")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("rows = ", "row = "), "row in the file is no key of a mapping"),
        (('"dossier"', '"line"'), "rows: Invalid enum value"),
        (('code = "Mã"', ""), "columns.code: is missing; name the column that holds it"),
        (('source = "/import/t"', ""), "source is missing in the file"),
        (("source", 'dates = ["dd.mm"]\nsource'), "dates: 'dd.mm' is no way to write a date"),
        (("source", 'timezone = "VN"\nsource'), "timezone: 'VN' is no time zone; write +07:00"),
        (
            ("source", 'personal = ["kênh"]\nsource'),
            "columns.channel: Kênh is listed under personal, which is never read",
        ),
        (('channel = "Kênh"', 'chanel = "Kênh"'), "columns.chanel: submitted and received have no such field"),
        (('event = "resolved"', 'event = "solved"'), "events.solved: is no event; choose one of submitted"),
        (('time = "Xong"', ""), "events.resolved.time: is missing"),
        (("due_at = ", "due = "), "events.received.due: is no field of received; it has"),
        (("columns = { reason", "constants = { outcome"), "the law wants a reason; name its column"),
        (("[words.channel]", "[words.way]"), "words.way: no event has such a field"),
        (("[words.channel]", "[words.state]"), "words.state.: in_person is no state; choose one of submitted"),
    ],
)
def test_a_mapping_that_cannot_be_meant_so_names_key_and_fix(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    assert change[0] in MAPPING
    with pytest.raises(Failure) as raised:
        load(written(tmp_path, MAPPING.replace(*change, 1)))
    assert said in str(raised.value)
    assert "mine.toml" in str(raised.value)


def test_the_shipped_sheet_has_the_columns_of_2026() -> None:
    row = {
        "mã hồ sơ": CODE,
        "mã tthc": "2.000635",
        "cơ quan": "000.00.15.H59",
        "nơi tiếp nhận": "H59.01",
        "hình thức nộp": "Ki-ốt",
        "ngày tiếp nhận": "08/12/2023",
        "ngày phân công": "09/12/2023",
        "cán bộ thụ lý": "o-17",
        "ngày có kết quả": "10/12/2023",
        "kết quả": "Đương nhiên được cấp",
        "ngày trả": "11/12/2023",
        "hình thức trả": "Qua bưu điện",
    }
    reader = RowReader(load("counter"), NOW)
    received, assigned, resolved, returned = reader.read(row, 1)
    assert {name: received.data[name] for name in ("department", "received_by", "channel")} == {
        "department": "H59.15",
        "received_by": "H59.01",
        "channel": "kiosk",
    }
    assert (assigned.event, assigned.data) == ("assigned", {"officer": "o-17"})
    assert (resolved.data, returned.data) == ({"outcome": "by_law"}, {"channel": "postal"})
    transferred = {"ngày chuyển thẩm quyền": "10/12/2023", "ngày có kết quả": "", "ngày trả": "", "kết quả": ""}
    assert [fact.event for fact in reader.read(row | transferred, 1)] == ["received", "assigned", "transferred"]


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_mapping_fits_a_terminal(name: str) -> None:
    assert max(map(len, mapping_file(name).read_text().splitlines())) <= 80


def test_the_shipped_mappings_are_mappings_and_another_name_says_which_there_are() -> None:
    assert shipped() == ["counter", "national"]
    assert [load(name).rows for name in shipped()] == ["dossier", "snapshot"]
    with pytest.raises(Failure, match="shipped: counter, national"):
        load("nothing")
