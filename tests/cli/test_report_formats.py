"""`motcua report` beside HTTP: the same bytes, whole files, filters, order, in two languages and two widths."""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from motcua.cli import main
from motcua.terminal.console import err, out
from tests.cli.small_office import FIELD, KEY, office

MAY = ("--from", "2023-05-01", "--to", "2023-05-31")
DAYS = {"from": "2023-05-01", "to": "2023-05-31"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with office(tmp_path_factory.mktemp("office")) as where:
        yield where


@pytest.fixture(params=[80, 140])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv("COLUMNS", str(request.param))
    out.cache_clear()
    yield request.param
    out.cache_clear()
    err.cache_clear()


def run(monkeypatch: pytest.MonkeyPatch, url: str, command: str, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["motcua", command, "--reporting", url, "--key", KEY, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def over_http(url: str, **parameters: str) -> bytes:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.get(f"{url}/v1/reports/ii06a", params={**DAYS, **parameters}, headers=headers).content


@pytest.mark.parametrize("by", ["department", "field"])
@pytest.mark.parametrize("wanted", ["csv", "office-csv", "text"])
def test_the_form_has_the_same_bytes_as_over_http(
    wanted: str, by: str, monkeypatch: pytest.MonkeyPatch, url: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(monkeypatch, url, "report", *MAY, "--by", by, "--format", wanted) == 0
    assert capfdbinary.readouterr().out == over_http(url, format=wanted, by=by)
    assert run(monkeypatch, url, "report", *MAY, "--by", f"level,{by}", "--format", wanted, "--lang", "en") == 0
    assert capfdbinary.readouterr().out == over_http(url, format=wanted, by=by, sections="level", lang="en")


def test_a_file_is_written_whole_and_never_over_another(
    monkeypatch: pytest.MonkeyPatch, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "may.csv"
    wanted = (*MAY, "--format", "office-csv", "--output", str(file))
    assert run(monkeypatch, url, "report", *wanted) == 0
    assert file.read_bytes() == over_http(url, format="office-csv", lang="vi")
    assert capsys.readouterr().out == ""
    file.write_text("kept")
    assert run(monkeypatch, url, "report", *wanted) == 2
    assert f"{file} is there already; choose another name, or replace it with --force" in capsys.readouterr().err
    assert run(monkeypatch, url, "report", *wanted, "--department", "nowhere", "--force") == 2
    assert file.read_text() == "kept"
    assert run(monkeypatch, url, "report", *wanted, "--force") == 0
    assert file.read_bytes() == over_http(url, format="office-csv", lang="vi")
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("wanted", "begins"), [("xlsx", b"PK"), ("docx", b"PK"), ("pdf", b"%PDF-")])
def test_the_files_that_an_office_hands_in_are_written(
    wanted: str, begins: bytes, monkeypatch: pytest.MonkeyPatch, url: str, tmp_path: Path
) -> None:
    file = tmp_path / f"may.{wanted}"
    assert run(monkeypatch, url, "report", *MAY, "--format", wanted, "--output", str(file)) == 0
    assert file.read_bytes().startswith(begins)


def test_an_unknown_format_is_answered_with_those_of_reporting(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, url, "report", *MAY, "--format", "docs", "--lang", "vi") == 2
    assert "format: 'docs' không có; có thể chọn: json, csv, office-csv, text" in capsys.readouterr().err


@pytest.mark.parametrize("shape", ["table", "json", "csv", "office-csv", "text"])
def test_a_period_that_has_not_begun_is_refused_in_every_format(
    shape: str, monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The small office's clock stands at 20 June 2023."""
    later = ("--from", "2023-06-21", "--to", "2023-07-31", "--format", shape)
    for lang, said in (("en", "the period begins on 21 Jun 2023"), ("vi", "kỳ báo cáo bắt đầu từ ngày 21/06/2023")):
        assert run(monkeypatch, url, "report", *later, "--lang", lang) == 2
        printed = capsys.readouterr()
        assert said in printed.err
        assert printed.out == ""


def test_filters_narrow_every_format(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    narrowed = ("--field", FIELD.upper(), "--channel", "postal", "--level", "province", "--department", "h59.02")
    assert run(monkeypatch, url, "report", *MAY, *narrowed) == 0
    assert "From 1 May 2023 to 31 May 2023, 1 dossier was to be handled" in " ".join(capsys.readouterr().out.split())
    assert run(monkeypatch, url, "report", *MAY, *narrowed, "--format", "csv") == 0
    *_lines, total = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert (total["row"], total["received_total"]) == ("total", "1")


def test_the_worst_row_stands_first(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for sort, first in ((), "Sở Y tế"), (("--sort", "received_total"), "Sở Tư pháp"):
        assert run(monkeypatch, url, "report", *MAY, "--by", "department", *sort) == 0
        rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Sở")]
        assert rows[0].startswith(first)
    assert run(monkeypatch, url, "report", *MAY, "--by", "department", "--sort", "late") == 2
    assert "late is not a figure; sort by one of received_total, " in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_table_uses_the_width_and_speaks_the_language(
    lang: str, columns: int, monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, url, "report", *MAY, "--by", "department,channel", "--lang", lang) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    name = {"vi": "Sở Tư pháp (H59.15) · trực tuyến ", "en": "Sở Tư pháp (H59.15) · online "}[lang]
    assert any(line.startswith(name) for line in lines)
    assert any(line.startswith({"vi": "Tổng số ", "en": "Total "}[lang]) for line in lines)
    text = "\n".join(lines)
    assert ("dossiers" in text, "hồ sơ" in text) == (lang == "en", lang == "vi")
    if columns > 80:
        assert max(map(len, lines)) > 80


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_list_shows_procedure_and_officer(
    lang: str, columns: int, monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, url, "open", "resolved_overdue", *MAY, "--lang", lang) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= columns
    late = {"vi": "quá hạn", "en": "overdue"}[lang]
    (row,) = [line for line in lines if line.startswith("H59.15-230503-0000")]
    assert row.endswith(late)
    below = lines[lines.index(row) + 1]
    assert ("2.000635" in row) is (columns > 80)
    assert (below == "  2.000635") is (columns == 80)
    heading = next(line for line in lines if line.startswith({"vi": "hồ sơ ", "en": "dossier "}[lang]))
    assert ({"vi": "cán bộ", "en": "officer"}[lang] in heading) is (columns > 80)


def test_an_unknown_name_is_answered_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, said in (
        (("--department", "Sở Tư phap"), "available: H59.15 (Sở Tư pháp), "),
        (("--field", "Luật su"), "available: Luật sư, "),
    ):
        assert run(monkeypatch, url, "open", "received_total", *MAY, *options) == 2
        assert said in " ".join(capsys.readouterr().err.split())
    assert run(monkeypatch, url, "open", "received_total", *MAY, "--field", "DƯỢC PHẨM", "--department", "h59.02") == 0
    assert "received_total: 1 dossier;" in capsys.readouterr().out
