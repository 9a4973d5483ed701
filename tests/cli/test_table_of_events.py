"""A CSV table becomes the CloudEvents that its rows mean; what makes no event is refused with its line number."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from motcua.failure import Failure
from motcua.importer.line import Line
from motcua.importer.source import Source

HEADER = "id,event,code,time,source,department,procedure,channel,online_level,due_at,term_amount,term_unit,amount_vnd,paid_online"


def read(path: Path) -> list[Line]:
    with Source(str(path)) as source:
        return [line for batch in source.batches() for line in batch]


def table(tmp_path: Path, text: str, name: str = "events.csv") -> list[Line]:
    path = tmp_path / name
    path.write_text(text)
    return read(path)


def event(line: Line) -> dict[str, Any]:
    assert line.refusal is None, line.refusal
    found: dict[str, Any] = json.loads(line.body)
    return found


def test_a_row_is_one_event_and_empty_cells_are_absent(tmp_path: Path) -> None:
    (line,) = table(
        tmp_path,
        f"{HEADER}\na-1,received,H59.15-231208-0001,2023-12-08T08:31:00+07:00,/quầy/7,H59.15,2.000635,online,full,,5,working_days,,\n",
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
        tmp_path, "id,event,code,time,amount_vnd,paid_online\nf,fee_paid,H59.15-231208-0001,2023-12-08T09:00:00+07:00,25000,true\n"
    )
    assert event(line)["data"] == {"amount_vnd": 25000, "paid_online": True}
    assert event(line)["source"] == "/import/events.csv"


def test_a_value_that_cannot_be_converted_is_left_for_intake_to_refuse(tmp_path: Path) -> None:
    (line,) = table(tmp_path, "id,event,code,time,amount_vnd\nf,fee_paid,H59.15-231208-0001,2023-12-08T09:00:00+07:00,25 nghìn\n")
    assert event(line)["data"] == {"amount_vnd": "25 nghìn"}


def test_a_field_that_may_be_null_is_null_when_its_cell_is_empty(tmp_path: Path) -> None:
    (line,) = table(
        tmp_path,
        "id,event,code,time,field,old_value,new_value\nc,corrected,H59.15-231208-0001,2023-12-08T09:00:00+07:00,online_level,full,\n",
    )
    assert event(line)["data"] == {"field": "online_level", "old_value": "full", "new_value": None}


def test_semicolons_a_byte_order_mark_and_gzip_are_read(tmp_path: Path) -> None:
    path = tmp_path / "events.csv.gz"
    path.write_bytes(
        gzip.compress("\ufeffid;event;code;time;reason\r\na;withdrawn;H59.15-231208-0001;2023-12-08T09:00:00+07:00;đổi ý\r\n".encode())
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
        b"id,event,code,time,reason\na,withdrawn,X,2023-12-08T09:00:00+07:00,\xff\nb,withdrawn,X,2023-12-08T09:00:00+07:00,ok\n"
    )
    bad, good = read(path)
    assert bad.refusal is not None
    assert "UTF-8" in bad.refusal
    assert bad.as_read.endswith("\\xff")
    assert good.refusal is None


def test_a_table_without_its_columns_says_which(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="event, code not found"):
        table(tmp_path, "id,time\n")


def test_a_file_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read"):
        Source(str(tmp_path / "nothing.ndjson"))
