"""A CSV table becomes the CloudEvents that its rows mean; what makes no event is refused with its line number."""

import codecs
import csv
import gzip
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from motcua.failure import Failure
from motcua.importer.lines import EventLine
from motcua.importer.ports import RefusedAs
from motcua.importer.rejects import Rejects
from motcua.importer.source import Source

HEADER = (
    "id,event,code,time,source,department,procedure,channel,online_level,due_at,"
    "term_amount,term_unit,amount_vnd,paid_online"
)


def read(path: Path) -> list[EventLine]:
    with Source(str(path)) as source:
        return [line for batch in source.batches() for line in batch]


def table(tmp_path: Path, text: str, name: str = "events.csv") -> list[EventLine]:
    path = tmp_path / name
    path.write_text(text)
    return read(path)


def table_failure(tmp_path: Path, text: str, name: str = "events.csv") -> str:
    with pytest.raises(Failure) as raised:
        table(tmp_path, text, name)
    return str(raised.value)


def event(line: EventLine) -> dict[str, Any]:
    assert line.refusal is None, line.refusal
    found: dict[str, Any] = json.loads(line.body)
    return found


def test_a_row_is_one_event_and_empty_cells_are_absent(tmp_path: Path) -> None:
    (line,) = table(
        tmp_path,
        f"{HEADER}\n"
        "a-1,received,H59.15-231208-0001,2023-12-08T08:31:00+07:00,/quầy/7,H59.15,2.000635,online,full,,5,working_days,,\n",
    )
    assert line.number == 2
    assert event(line) == {
        "specversion": "1.0",
        "id": "a-1",
        "source": "/quầy/7",
        "type": "vn.motcua.dossier.received.v1",
        "subject": "H59.15-231208-0001",
        "time": "2023-12-08T08:31:00+07:00",
        "datacontenttype": "application/json",
        "data": {
            "department": "H59.15",
            "procedure": "2.000635",
            "channel": "online",
            "online_level": "full",
            "term": {"amount": 5, "unit": "working_days"},
        },
    }


def test_numbers_and_booleans_are_converted_where_the_event_has_them(tmp_path: Path) -> None:
    (line,) = table(
        tmp_path,
        "id,event,code,time,amount_vnd,paid_online\n"
        "f,fee_paid,H59.15-231208-0001,2023-12-08T09:00:00+07:00,25000,true\n",
    )
    assert event(line)["data"] == {"amount_vnd": 25000, "paid_online": True}
    assert event(line)["source"] == "/import/events.csv"


def test_a_value_that_cannot_be_converted_is_left_for_intake_to_refuse(tmp_path: Path) -> None:
    (line,) = table(
        tmp_path, "id,event,code,time,amount_vnd\nf,fee_paid,H59.15-231208-0001,2023-12-08T09:00:00+07:00,25 nghìn\n"
    )
    assert event(line)["data"] == {"amount_vnd": "25 nghìn"}


def test_a_field_that_may_be_null_is_null_when_its_cell_is_empty(tmp_path: Path) -> None:
    (line,) = table(
        tmp_path,
        "id,event,code,time,field,old_value,new_value\n"
        "c,corrected,H59.15-231208-0001,2023-12-08T09:00:00+07:00,online_level,full,\n",
    )
    assert event(line)["data"] == {"field": "online_level", "old_value": "full", "new_value": None}


def test_semicolons_a_byte_order_mark_and_gzip_are_read(tmp_path: Path) -> None:
    path = tmp_path / "events.csv.gz"
    path.write_bytes(
        gzip.compress(
            "\ufeffid;event;code;time;reason\r\n"
            "a;withdrawn;H59.15-231208-0001;2023-12-08T09:00:00+07:00;đổi ý\r\n".encode()
        )
    )
    (line,) = read(path)
    assert event(line)["id"] == "a"
    assert event(line)["data"] == {"reason": "đổi ý"}


def test_quoted_line_breaks_keep_the_line_numbers_right(tmp_path: Path) -> None:
    lines = table(
        tmp_path,
        'id,event,code,time,reason\na,withdrawn,X,2023-12-08T09:00:00+07:00,"one\ntwo, three"\n'
        "\nb,withdrawn,Y,2023-12-08T09:00:00+07:00,four\n",
    )
    assert [line.number for line in lines] == [2, 5]
    assert event(lines[0])["data"] == {"reason": "one\ntwo, three"}
    assert lines[0].as_read == 'a,withdrawn,X,2023-12-08T09:00:00+07:00,"one\ntwo, three"'


def test_a_row_of_another_length_is_refused_alone(tmp_path: Path) -> None:
    short, good = table(tmp_path, "id,event,code,time\na,resolved,X\nb,resolved,X,2023-12-08T09:00:00+07:00\n")
    assert short.refusal == "the row has 3 cells, the header 4"
    assert good.refusal is None


def test_a_row_that_is_not_utf8_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(
        b"id,event,code,time,reason\n"
        b"a,withdrawn,X,2023-12-08T09:00:00+07:00,\xff\n"
        b"b,withdrawn,X,2023-12-08T09:00:00+07:00,ok\n"
    )
    bad, good = read(path)
    assert bad.refusal is not None
    assert "UTF-8" in bad.refusal
    assert bad.as_read.endswith("\\xff")
    assert good.refusal is None


def test_a_table_without_its_columns_says_which(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="event, code not found"):
        table(tmp_path, "id,time\n")


def test_what_is_no_table_s_first_row_is_said(tmp_path: Path) -> None:
    first = "id,event,code,time\rq-1,received,H59.15-231208-0001,2023-12-08T09:00:00+07:00\n"
    assert "first row of" in table_failure(tmp_path, first)
    assert "one kind of line ends" in table_failure(tmp_path, first)
    for longest in (200_000, 2_000_000):
        assert len(table_failure(tmp_path, "c" * longest + "\n1\n")) < 1000
    header, later = "id,event,code,time", "q-1,received,H59.15-231208-0001,2023-12-08T09:00:00+07:00"
    assert all(
        "one kind of line ends" in (line.refusal or "") for line in table(tmp_path, f"{header}\n{later}\r{later}\n")
    )


def test_refused_lines_are_not_written_over_anything_else(tmp_path: Path) -> None:
    file, other = tmp_path / "events.csv", tmp_path / "other.ndjson"
    file.write_text("id,event,code,time\n")
    other.write_text("{}\n")
    again = tmp_path / "again.csv"
    again.hardlink_to(file)
    with Source(str(file)) as source:
        for same in (file, again):
            with pytest.raises(Failure, match="is the file that is imported"):
                source.rejects_into(same)
        assert source.rejects_into(other) == other, "who names a file means it"
        source.rejected_file.symlink_to(other)
        with pytest.raises(Failure, match="symbolic link"):
            source.rejects_into(None)
    assert other.read_text() == "{}\n"


def test_a_file_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read"):
        Source(str(tmp_path / "nothing.ndjson"))


ROW = "a,resolved,H59.15-231208-0001,2023-12-08T09:00:00+07:00"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,event,code,time,due date", "due date: not a column; did you mean due_at?"),
        ("id,event,code,time,Chanel", "chanel: not a column; did you mean channel?"),
        ("id,event,code,occurred_at", "occurred_at: not a column; did you mean time?"),
        ("id,event,code,time,phone", "phone: not a column. Columns of your own are named x.<name>"),
        ("id,event,code,time,x.", "x.: not a column"),
        ("id,event,code,time,due_at,Due_at ", "due_at: named 2 times"),
        ("id,event,code,time,id", "id: named 2 times"),
        ("id,event,code,time,x.a,x.a", "x.a: named 2 times"),
    ],
)
def test_a_column_that_nobody_reads_is_refused_before_anything_is_sent(tmp_path: Path, header: str, said: str) -> None:
    assert said in table_failure(tmp_path, f"{header}\n{ROW},1\n")


def test_columns_of_an_offices_own_go_where_the_contract_has_room_for_them(tmp_path: Path) -> None:
    (line,) = table(tmp_path, f"id,event,code,time,x.Sổ số,x.note\n{ROW},12/A,\n")
    assert event(line)["data"] == {"x": {"Sổ số": "12/A"}}


def test_columns_without_a_name_may_stand_empty(tmp_path: Path) -> None:
    good, bad = table(tmp_path, f"id,event,code,time,,\n{ROW},,\n{ROW},,spilt\n")
    assert good.refusal is None
    assert bad.refusal is not None
    assert "'spilt' stands in a column without a name" in bad.refusal


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_of_any_spreadsheet_is_read(tmp_path: Path, encoding: str, end: str, delimiter: str) -> None:
    text = end.join(("id,event,code,time,reason", f"{ROW.replace('resolved', 'withdrawn')},đổi ý", "")).replace(
        ",", delimiter
    )
    path = tmp_path / "events.txt"
    path.write_bytes(f"\ufeff{text}".encode(encoding))
    (line,) = read(path)
    assert (line.number, event(line)["data"]) == (2, {"reason": "đổi ý"})


def test_a_table_is_known_by_its_first_row_whatever_its_name(tmp_path: Path) -> None:
    (line,) = table(tmp_path, f"\nid,event,code,time\n{ROW}\n", "export.txt")
    assert (line.number, line.refusal) == (3, None)
    assert "đã nhận: not a column" in table_failure(tmp_path, "Đã nhận;Mã\nx;y\n", "export.txt")
    (line,) = table(tmp_path, '{"id": "a"}\n', "events.csv")
    assert line.body == b'{"id": "a"}\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 and so on", "save it as CSV UTF-8"),
        (b"i\0d\0,\0", "holds NUL bytes"),
        (b'[{"id": "a"}]', "jq -c '.[]'"),
        (codecs.BOM_UTF16_LE + b"i\0d", "is broken off or is not utf-16"),
        (
            gzip.compress(ROW.encode() * 9, mtime=0)[:25],  # the same in every process, for it names the test
            "is not a whole gzip file",
        ),
        (b"", "id, event, code, time not found"),
    ],
)
def test_what_is_no_table_is_said_in_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(content)
    with pytest.raises(Failure, match=re.escape(said)):
        read(path)


def test_a_quote_that_is_not_closed_is_named_with_the_rows_it_swallowed(tmp_path: Path) -> None:
    rows = [f"w-{number},withdrawn,X-{number},2023-12-08T09:00:00+07:00,ok" for number in range(2, 7)]
    rows[1] = rows[1].replace(",ok", ',"ok')
    lines = table(tmp_path, "\n".join(("id,event,code,time,reason", *rows, "")))
    assert [(line.number, line.refusal) for line in lines] == [
        (2, None),
        (3, "a quote that opens in line 3 is not closed there; it swallowed 3 lines after it"),
        *((number, "swallowed by a quote that opens in line 3; correct that line") for number in (4, 5, 6)),
    ]


def test_an_open_quote_ends_at_the_next_quoted_row_and_takes_no_more_along(tmp_path: Path) -> None:
    rows = [f"w-{number},withdrawn,X-{number},2023-12-08T09:00:00+07:00,ok" for number in range(2, 7)]
    rows[0], rows[2] = rows[0].replace(",ok", ',"ok'), rows[2].replace(",ok", ',"quoted"')
    lines = table(tmp_path, "\n".join(("id,event,code,time,reason", *rows, "")))
    assert [line.number for line in lines if line.refusal] == [2, 3, 4]


def test_an_endless_line_is_refused_alone_and_not_kept(tmp_path: Path) -> None:
    text = f"id,event,code,time\n{ROW}\nb,{'x' * (3 << 20)}\n{ROW}\n"
    lines = table(tmp_path, text)
    assert [(line.number, line.refusal is None) for line in lines] == [(2, True), (3, False), (4, True)]
    assert lines[1].raw is None


def test_refused_rows_come_back_as_a_table_that_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(
        "id;event;code;time;reason\r\n"
        f'a;withdrawn;X;2023;"one\r\ntwo; ""three"""\r\nb;short\r\n{"c" * (2 << 20)}\r\n'.encode()
    )
    with Source(str(path)) as source, Rejects(source.rejected_file, source.table) as rejects:
        lines = [line for batch in source.batches() for line in batch]
        for line in reversed(lines):
            rejects.add(line, RefusedAs("malformed", "because; of"))
    assert rejects.path.name == "events.csv.rejected.csv"
    assert stat.S_IMODE(rejects.path.stat().st_mode) == 0o600
    with rejects.path.open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.reader(file, delimiter=";"))
    assert found == [
        ["line", "code", "detail", "id", "event", "code", "time", "reason"],
        ["2", "malformed", "because; of", "a", "withdrawn", "X", "2023", 'one\r\ntwo; "three"'],
        ["4", "malformed", "because; of", "b", "short"],
        ["5", "malformed", "because; of"],
    ]
    again = read(rejects.path)
    assert event(again[0]) | {"source": ""} == event(lines[0]) | {"source": ""}
    assert all(line.refusal for line in again[1:])
