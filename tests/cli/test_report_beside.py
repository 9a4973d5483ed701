"""`motcua report --against`: this period, the other, the difference, in 80 columns; months that are named right."""

import csv
import json
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from motcua.cli import main
from motcua.report import parse
from motcua.terminal.beside import comparison
from motcua.terminal.form import row_name
from tests.cli.small_office import KEY, office

NAMES = {"H59.02": "Sở Y tế", "H59.15": "Sở Tư pháp"}
JUNE = ("--period", "2023-06", "--by", "department", "--against", "previous")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with office(tmp_path_factory.mktemp("office")) as where:
        yield where


def report(monkeypatch: pytest.MonkeyPatch, url: str, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["motcua", "report", "--reporting", url, "--key", KEY, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def cells(printed: str, group: str) -> dict[str, list[str]]:
    """The four lines of a group, by what they are."""
    lines = iter(printed.splitlines())
    assert any(line.strip() == group for line in lines), printed
    return {name: rest for name, *rest in (next(lines).split() for _ in range(4))}


def test_each_figure_stands_above_that_of_the_other_period(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, *JUNE) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    told = " ".join(printed.split())
    assert (
        "this: June 2023 (from 15 May 2023 to 14 Jun 2023); other: May 2023 (from 15 Apr 2023 to 14 May 2023)" in told
    )
    total = cells(printed, "Total")
    assert list(total) == ["this", "other", "difference", "percent"]
    assert [total[name][0] for name in total] == ["1", "3", "−2", "−66.7"]
    assert [total[name][3] for name in total] == ["1", "0", "+1", "–"]
    assert [total[name][9] for name in total] == ["1", "1", "0", "0.0"]
    assert cells(printed, "Sở Y tế (H59.02)")["other"][0] == "1"


def test_rows_that_are_sorted_keep_their_other_period(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, *JUNE, "--sort", "received_total", "--lang", "vi") == 0
    printed = capsys.readouterr().out
    assert printed.index("Sở Tư pháp (H59.15)") < printed.index("Sở Y tế (H59.02)")
    lines = printed.splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("Sở Y tế"))
    other, difference = lines[place + 2].split(), lines[place + 3].split()
    assert (other[:3], difference[:3]) == (["kỳ", "kia", "1"], ["chênh", "lệch", "−1"])


def test_a_period_that_has_not_ended_says_how_far_both_are_counted(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, "--period", "2023-Q3", "--against", "previous") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "(from 15 Jun 2023 to 14 Sep 2023), counted up to 20 Jun 2023; other" in printed
    assert "(from 15 Mar 2023 to 14 Jun 2023), counted up to 20 Mar 2023; the difference" in printed


def test_programs_read_both(monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(monkeypatch, url, *JUNE, "--format", "csv") == 0
    rows = list(csv.DictReader(StringIO(capsys.readouterr().out.removeprefix("\ufeff"))))
    told = [(row["from"], row["code"], row["received_total"]) for row in rows]
    here, there = "2023-05-15", "2023-04-15"
    assert told == [
        (here, "H59.02", "0"), (here, "H59.15", "1"), (here, "", "1"),
        (there, "H59.02", "1"), (there, "H59.15", "2"), (there, "", "3"),
    ]  # fmt: skip
    assert report(monkeypatch, url, *JUNE, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["against"]["period"] == "2023-05"


def test_figures_of_a_country_stand_below_each_other(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, *JUNE, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)

    def more(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: more(one) for name, one in value.items()}
        if isinstance(value, list):
            return [more(one) for one in value]
        return value * 12_345_678 if type(value) is int else value

    large = parse(json.dumps(more(found)).encode())
    assert large.beside is not None
    console = Console(width=80, file=StringIO(), color_system=None)
    console.print(comparison(large, large.beside, lambda key: row_name(key, NAMES), 80))
    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    (received,) = [line for line in lines if line.startswith("3 ") and "37,037,034" in line]
    assert received.split()[:5] == ["3", "12,345,678", "37,037,034", "−24,691,356", "−66.7"]


def test_months_are_named_by_their_kind(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, "--period", "2023-6M", "--by", "month") == 0
    printed = capsys.readouterr()
    assert "calendar months" in printed.out
    assert "--by statutory_month" in printed.err
    assert report(monkeypatch, url, "--period", "2023-6M", "--by", "statutory_month") == 0
    printed = capsys.readouterr()
    assert ("statutory months" in printed.out, printed.err) == (True, "")
    assert "is carried over into the next" in " ".join(printed.out.split())
    rows = {line.split()[0]: line.split()[1] for line in printed.out.splitlines() if line.startswith("2023-")}
    assert rows == {f"2023-0{month}": {5: "3", 6: "1"}.get(month, "0") for month in range(1, 7)}


def test_what_cannot_be_compared_is_told(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, "--period", "2023-6M", "--against", "previous") == 2
    assert "no such period before it" in capsys.readouterr().err
    assert report(monkeypatch, url, "--from", "2023-01-01", "--to", "2023-06-30", "--by", "statutory_month") == 2
    assert "period=2023-6M" in capsys.readouterr().err


def test_a_broken_identity_of_the_other_period_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = (
        "UPDATE sums SET amount = amount + 1 WHERE measure = 1 AND procedure = '' AND department = '' AND channel = 2"
    )
    with office(tmp_path, more) as damaged:
        assert report(monkeypatch, damaged, "--period", "2023-06", "--against", "previous") == 1
    assert "3=7+11 does not hold in the total" in capsys.readouterr().out
