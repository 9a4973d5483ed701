"""`motcua check`: sentences within 80 columns in the language of the terminal, and exit codes that mean something."""

import json
import sys
from pathlib import Path

import pytest

from motcua.cli import main

REPORTS = Path(__file__).parents[2] / "examples" / "reports"
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LOCALE:
        monkeypatch.delenv(name, raising=False)


def check(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["motcua", "check", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("lang", ["en", "vi"])
@pytest.mark.parametrize(
    ("name", "code"), [("tra-vinh-2023", 1), ("quang-ngai-2021", 1), ("quang-tri-2023", 0), ("vinh-phuc-2022", 1)]
)
def test_the_answer_fits_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, code: int, lang: str
) -> None:
    monkeypatch.chdir(REPORTS)
    assert check(monkeypatch, f"{name}.toml", "--lang", lang) == code
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("{" in line or "None" in line for line in lines)


def test_it_says_what_fails_what_would_repair_it_and_what_is_unknown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check(monkeypatch, REPORTS / "vinh-phuc-2022.toml")
    text = " ".join(capsys.readouterr().out.split())
    assert "23,541 is stated, but 271 + 23,269 = 23,540: 1 more." in text
    assert "26.2%. No other count of the report gives 27.3%." in text
    assert "One of these alone repairs finding 1: column 4 (received online) from 23,541 to 23,540" in text
    assert "3=7+11 needs column 7 (resolved, in all) and column 11 (in progress, in all)" in text


def test_no_single_cell_repairs_tra_vinh(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    check(monkeypatch, REPORTS / "tra-vinh-2023.toml")
    text = " ".join(capsys.readouterr().out.split())
    assert "No single cell repairs findings 1 and 2." in text
    assert "62.8% would be right for column 4 of column 3." in text


def test_a_vietnamese_terminal_is_answered_in_vietnamese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    check(monkeypatch, REPORTS / "quang-ngai-2021.toml")
    assert "ghi 99,5%, nhưng 94.266 (cột 7, đã giải quyết)" in " ".join(capsys.readouterr().out.split())
    check(monkeypatch, REPORTS / "quang-ngai-2021.toml", "--lang", "en")
    assert "is 99.5%, but 94,266" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_the_documents_show_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    monkeypatch.chdir(REPORTS)
    check(monkeypatch, "quy-i.csv", "--lang", lang)
    printed = capsys.readouterr().out.strip()
    shown = printed if lang == "en" else printed.split("\n\nKhông kiểm tra được")[0]
    assert f"\n{shown}\n```" in (REPORTS.parents[1] / "docs" / "checking.md").read_text("utf-8")


def test_json_is_the_answer_of_the_service(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(monkeypatch, REPORTS / "tra-vinh-2023.toml", "--format", "json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["good"], answer["language"], len(answer["findings"])) == (False, "en", 3)


def test_what_our_own_commands_print_can_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "report.csv"
    table.write_text(
        "from,to,definition,department,received_total,resolved_total,in_progress_total,online_share\n"
        "2023-01-01,2023-12-31,by-date/1,H59.02,5,3,2,\n"
        "2023-01-01,2023-12-31,by-date/1,H59.03,7,3,4,\n"
        "2023-01-01,2023-12-31,by-date/1,,12,6,6,\n",
        encoding="utf-8",
    )
    assert check(monkeypatch, table) == 0
    assert "total = sum of its rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    "file",
    [
        ("report.toml", b"carried_over = ", "report.toml is not TOML"),
        ("report.json", b"{", "report.json is not JSON"),
        ("report.json", b"[1]", "report.json holds no figures"),
        ("report.xlsx", b"PK\x03\x04", "can't be read as a spreadsheet"),
        ("report.xls", b"\xd0\xcf\x11\xe0", "report.xls is an old Excel file"),
        ("report.csv", b"a;b\n", "report.csv does not say what its columns are"),
        ("report.csv", b"", "report.csv is empty"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_report_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: tuple[str, bytes, str]
) -> None:
    name, content, why = file
    (tmp_path / name).write_bytes(content)
    assert check(monkeypatch, tmp_path / name) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert name in told.err
    assert why in told.err


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(monkeypatch, "missing.toml") == 2
    assert "missing.toml cannot be read: No such file" in capsys.readouterr().err


def test_what_was_typed_cannot_act_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.json").write_text(json.dumps({"carried_over": "\x1b[31m" + "x" * 500}), encoding="utf-8")
    assert check(monkeypatch, tmp_path / "report.json") == 1
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "x" * 100 not in text
