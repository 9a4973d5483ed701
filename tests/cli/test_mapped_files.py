"""Sheets and snapshots through `motcua import` into intake itself.

What is refused comes back in its own form, and mended goes in.
"""

import csv
import json
import stat
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from motcua.cli import main
from motcua.failure import Failure
from motcua.importer.lines import EventLine
from motcua.importer.mapped import MappedSource
from motcua.mapping.model import mapping_file
from tests.builders.times import at
from tests.cli.real_intake import KEY, real_intake

HEADER = [
    "STT",
    "Mã hồ sơ",
    "Mã TTHC",
    "Cơ quan",
    "Họ và tên",
    "Hình thức nộp",
    "Ngày tiếp nhận",
    "Ngày hẹn trả",
    "Ngày có kết quả",
]
GOOD = [
    1,
    "H59.15-231208-0001",
    "2.000635",
    "H59.15",
    "Nguyễn Văn A",
    "Trực tiếp",
    "08/12/2023 08:31",
    "15/12/2023",
    "14/12/2023 10:00",
]
WRONG = [
    2,
    "H59.15-231208-0002",
    "2.000635",
    "H59.99",
    "Lê Thị B",
    "Qua mạng",
    "08/12/2023 09:00",
    "15/12/2023",
    "14/12/2023 11:00",
]
BACKWARDS = [
    3,
    "H59.15-231208-0003",
    "2.000635",
    "H59.15",
    "Trần C",
    "trực tuyến",
    "10/12/2023",
    "15/12/2023",
    "08/12/2023",
]
ROWS = [GOOD, WRONG, BACKWARDS]
SNAPSHOT: dict[str, Any] = {
    "MaHoSo": "H59.15-231208-0004",
    "MaTTHC": "2.000635",
    "DonViXuLy": "H59.15",
    "KenhThucHien": "2",
    "TrangThaiHoSo": "9",
    "NgayTiepNhan": "20231208083100",
    "NgayHenTra": "20231215083100",
    "NgayKetThucXuLy": "20231214100000",
    "ChuHoSo": "Nguyễn Văn A",
}


@pytest.fixture
def intake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    (tmp_path / "intake").mkdir()
    with real_intake(tmp_path / "intake") as url:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MOTCUA_INTAKE_URL", url)
        monkeypatch.setenv("MOTCUA_API_KEY", KEY)
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as client:
            yield client


def motcua(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["motcua", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def state(intake: httpx.Client, code: str) -> str | None:
    answer = intake.get(f"/v1/dossiers/{code}")
    found: str | None = answer.json().get("state")
    return found


def sheet(path: Path, rows: list[list[Any]]) -> Path:
    """A sheet under a title, in the form that the name says."""
    lines: list[list[Any]] = [["SỔ THEO DÕI HỒ SƠ"], [], HEADER, *rows]
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(lines)
    else:
        book = openpyxl.Workbook()
        book.active.title = "Sổ"
        for line in lines:
            book.active.append(line)
        book.save(path)
    return path


def rows_of(path: Path) -> list[list[Any]]:
    if path.suffix == ".csv":
        text = path.read_bytes()
        assert text.startswith(b"\xef\xbb\xbf"), "a spreadsheet knows UTF-8 by its mark"
        return list(csv.reader(text.decode("utf-8-sig").splitlines(), delimiter=";"))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Sổ"]
    return [list(row) for row in book["Sổ"].iter_rows(values_only=True)]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_refused_rows_come_back_in_their_form_and_go_in_when_mended(
    form: str, intake: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = sheet(tmp_path / f"so.{form}", ROWS)
    assert motcua(monkeypatch, "import", path, "--mapping", "counter") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "accepted 2 " in said
    assert "3 rows read, 2 come back" in said
    assert "columns not read: STT, Họ và tên" in said
    assert state(intake, "H59.15-231208-0001") == "resolved"
    assert state(intake, "H59.15-231208-0003") is None, "nothing is sent of a row that contradicts itself"

    rejected = tmp_path / f"so.{form}.rejected.{form}"
    assert stat.S_IMODE(rejected.stat().st_mode) == 0o600
    header, wrong, backwards = rows_of(rejected)
    assert header == [*HEADER, "why"]
    assert list(map(str, wrong[:-1])) == list(map(str, WRONG))
    assert wrong[-1].startswith("Cơ quan: department H59.99 is not in the catalogue; correct data.department")
    assert (
        backwards[-1]
        == "Ngày có kết quả: 08/12/2023 00:00 lies before Ngày tiếp nhận (10/12/2023 00:00); correct one of the two"
    )

    if form == "csv":
        mended = rejected.read_text("utf-8-sig").replace("H59.99", "H59.15").replace(";08/12/2023;", ";12/12/2023;")
        rejected.write_text(mended, "utf-8-sig")
    else:
        book = openpyxl.load_workbook(rejected)
        book["Sổ"]["D2"] = "H59.15"
        book["Sổ"]["I3"] = date(2023, 12, 12)
        book.save(rejected)
    assert motcua(monkeypatch, "import", rejected, "--mapping", "counter") == 0
    assert [state(intake, f"H59.15-231208-000{number}") for number in (2, 3)] == ["resolved", "resolved"]
    assert not Path(f"{rejected}.rejected.{form}").exists()

    capsys.readouterr()
    assert motcua(monkeypatch, "import", path, "--mapping", "counter") == 1
    assert "accepted 0 duplicate 3" in " ".join(capsys.readouterr().out.split()), "a second run adds nothing"


def test_places_and_channels_that_the_catalogue_lacks_are_named_by_their_columns(
    intake: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = [*HEADER[:4], "Nơi tiếp nhận", *HEADER[5:]]
    rows = [
        [*GOOD[:4], "000.00.01.H59", "kiosk", *GOOD[6:]],
        [2, "000.00.15.H59-231208-0002", *GOOD[2:4], "H59.98", *GOOD[5:]],
        [3, "H59.15-231208-0003", *GOOD[2:4], "H59.01", "quay_3", *GOOD[6:]],
        [4, "000.00.15.H59-231208-0004", *GOOD[2:4], "H59.01", *GOOD[5:]],
    ]
    path = tmp_path / "so.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])
    assert motcua(monkeypatch, "import", path, "--mapping", "counter") == 1
    assert state(intake, "H59.15-231208-0001") == state(intake, "000.00.15.H59-231208-0004") == "resolved"
    _, place, channel = rows_of(tmp_path / "so.csv.rejected.csv")
    assert place[-1].startswith("Nơi tiếp nhận: department H59.98 is not in the catalogue")
    assert channel[-1].startswith("Hình thức nộp: channel quay_3 is not in the catalogue; choose one of")


def test_a_row_that_says_otherwise_than_the_log_is_told_what_to_do(
    intake: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert motcua(monkeypatch, "import", sheet(tmp_path / "so.csv", [GOOD]), "--mapping", "counter") == 0
    changed = [*GOOD[:6], "08/12/2023 09:00", *GOOD[7:]]
    assert motcua(monkeypatch, "import", sheet(tmp_path / "so.csv", [changed]), "--mapping", "counter") == 1
    (_, row) = rows_of(tmp_path / "so.csv.rejected.csv")
    assert row[-1].startswith(
        "received was imported before and said something else, and what is logged stays; set it right"
    )


@pytest.mark.parametrize("form", ["object", "array", "ndjson", "envelope"])
def test_snapshots_of_any_form_go_in_once_and_refused_ones_come_back(
    form: str, intake: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = SNAPSHOT | {"MaHoSo": "H59.15-231208-0005", "MaTTHC": 1.00463}
    step = {"MaHoSo": SNAPSHOT["MaHoSo"], "ThoiDiemXuLy": "20231211080000", "NguoiXuLy": "Trần Thị B", "NgayBatDau": ""}
    path = tmp_path / ("sent.ndjson" if form == "ndjson" else "sent.json")
    snapshots = [SNAPSHOT] if form == "object" else [SNAPSHOT, wrong, step]
    match form:
        case "object":
            path.write_text(json.dumps(SNAPSHOT, indent=1))
        case "array":
            path.write_text(json.dumps(snapshots, indent=1))
        case "ndjson":
            path.write_text("".join(json.dumps(each) + "\n" for each in snapshots))
        case _:
            path.write_text(
                json.dumps({"service": "DongBoHoSoMC", "session": "s3cret", "madonvi": "H59.01", "data": snapshots})
            )
    assert motcua(monkeypatch, "import", path, "--mapping", "national") == (0 if form == "object" else 1)
    assert state(intake, SNAPSHOT["MaHoSo"]) == "resolved"
    capsys.readouterr()
    assert motcua(monkeypatch, "import", path, "--mapping", "national") == (0 if form == "object" else 1)
    assert "accepted 0 duplicate" in " ".join(capsys.readouterr().out.split()), "a second run adds nothing"

    rejected = tmp_path / f"{path.name}.rejected.{path.suffix[1:]}"
    if form == "object":
        assert not rejected.exists()
        return
    text = rejected.read_text()
    (back,) = [json.loads(line) for line in text.splitlines()] if form == "ndjson" else json.loads(text)
    assert back.pop("why").startswith("MaTTHC: the cell holds the number 1.00463")
    assert back == wrong | ({"madonvi": "H59.01"} if form == "envelope" else {})
    assert "s3cret" not in text


def test_losses_are_written_beside_the_file_and_summed_up(
    intake: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, losses = tmp_path / "sent.json", tmp_path / "sent.json.losses.csv"
    path.write_text(json.dumps([SNAPSHOT | {"DanhSachLePhi": [{"Gia": "?"}]}]))
    assert motcua(monkeypatch, "import", path, "--mapping", "national") == 0, "a loss is no refusal"
    path.write_text(json.dumps([SNAPSHOT | {"NgayNopHoSo": "20231207080000"}]))
    assert "fees unreadable 1" in capsys.readouterr().out
    assert motcua(monkeypatch, "import", path, "--mapping", "national") == 0
    said = capsys.readouterr().out
    assert "of 1 dossiers: intake's log has gone on, or says otherwise 1" in said
    assert "lost" in said
    _, row = csv.reader(losses.read_text("utf-8-sig").splitlines())
    assert row[:2] == ["H59.15-231208-0004", "intake's log has gone on, or says otherwise"]
    assert row[2].startswith("submitted on 07/12/2023 08:00: submitted is not allowed")
    path.write_text(json.dumps([SNAPSHOT]))
    assert motcua(monkeypatch, "import", path, "--mapping", "national") == 0
    assert not losses.exists(), "those of an earlier run are gone"


def lines(path: Path, mapping: str = "counter") -> list[EventLine]:
    with MappedSource(str(path), mapping, at("2024-06-01")) as source:
        return [line for batch in source.batches() for line in batch]


def test_cells_of_a_spreadsheet_are_dates_texts_and_never_numbers_for_codes(tmp_path: Path) -> None:
    dated = [*GOOD[:6], datetime(2023, 12, 8, 8, 31), date(2023, 12, 15), None]  # noqa: DTZ001 - as a spreadsheet has it
    numbered = [*GOOD[:2], 1.00463, *GOOD[3:]]
    received, refused = lines(sheet(tmp_path / "so.xlsx", [dated, numbered]))
    event = json.loads(received.body)
    assert (event["time"], event["data"]["due_at"]) == ("2023-12-08T08:31:00+07:00", "2023-12-15T00:00:00+07:00")
    assert refused.refusal == (
        "Mã TTHC: the cell holds the number 1.00463, and a number keeps no zeros at its end; "
        "format the column as text and write the code again (was it 1.004630?)"
    )


def test_a_text_that_looks_like_a_formula_comes_back_as_a_text(
    intake: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sheet(tmp_path / "so.csv", [])
    book = openpyxl.Workbook()
    book.active.title = "Sổ"
    book.active.append(HEADER)
    book.active.append(BACKWARDS)
    book.active["E2"] = "=HYPERLINK(1)"
    book.active["E2"].data_type = "s"
    path = tmp_path / "so.xlsx"
    book.save(path)
    assert motcua(monkeypatch, "import", path, "--mapping", "counter") == 1
    cell = openpyxl.load_workbook(f"{path}.rejected.xlsx")["Sổ"]["E2"]
    assert (cell.value, cell.data_type) == ("=HYPERLINK(1)", "s")


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
"""


def test_what_follows_a_refused_row_of_its_dossier_waits_for_it(tmp_path: Path) -> None:
    mapping, path = tmp_path / "mine.toml", tmp_path / "log.csv"
    mapping.write_text(A_ROW_PER_EVENT)
    path.write_text(
        "Mã,Việc,Lúc,Cơ quan,TTHC,Kênh\n"
        "H59.15-231208-0001,received,hôm qua,H59.15,2.000635,online\n"
        "H59.15-231208-0001,resolved,10/12/2023,,,\n"
        "H59.15-231208-0002,received,08/12/2023,H59.15,2.000635,online\n"
    )
    wrong, waits, good = lines(path, str(mapping))
    assert (wrong.refusal or "").startswith("Lúc: 'hôm qua' is not a date")
    assert waits.refusal == "row 2 is of the same dossier and comes first; correct that one"
    assert good.refusal is None


@pytest.mark.parametrize(
    ("name", "content", "mapping", "said"),
    [
        ("so.csv", b"a;b\n1;2\n", "counter", "names the column of the dossier's code; the longest holds: a, b"),
        ("so.xlsx", b"PK\x03\x04 and so on", "counter", "can't be read as a spreadsheet"),
        ("sent.json", b"PK\x03\x04 and so on", "national", "this mapping reads JSON"),
        ("sent.json", b'[{"MaHoSo": ', "national", "is not JSON"),
    ],
)
def test_a_file_that_the_mapping_cannot_be_of_is_said_in_a_sentence(
    tmp_path: Path, name: str, content: bytes, mapping: str, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Failure) as raised:
        lines(path, mapping)
    assert said in str(raised.value)


def test_a_stray_quote_takes_its_rows_back_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "so.csv"
    good = ";".join(map(str, GOOD))
    path.write_text(";".join(HEADER) + f'\n{good}\n"{good.replace("0001", "0009")}\n')
    received, resolved, refused = lines(path)
    assert [received.refusal, resolved.refusal] == [None, None]
    assert "a quote that opens in line 3 is not closed there" in (refused.refusal or "")


def test_a_shipped_mapping_is_printed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, "mapping", "counter") == 0
    assert capsys.readouterr().out == mapping_file("counter").read_text()
    assert motcua(monkeypatch, "mapping", "nothing") == 2
    assert "there are counter, national" in capsys.readouterr().err
