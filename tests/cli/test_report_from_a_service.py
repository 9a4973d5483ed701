"""`motcua report` on a real reporting: rows that a person can go on with, and nothing wrong that is passed over."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from motcua.cli import main
from tests.cli.small_office import KEY, office

MAY = ("--from", "2023-05-01", "--to", "2023-05-31")
MORE = "UPDATE sums SET amount = amount + 1 WHERE measure = 1 AND procedure = '' AND department = 'H59.02'"
LESS = (
    "UPDATE sums SET amount = amount - 1 WHERE measure = 1 AND procedure = '' AND department = 'H59.15' AND channel = 1"
)


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


def test_a_broken_identity_is_told_below_the_table_and_the_paragraph(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with office(tmp_path, MORE) as url:
        for shape in ("table", "text"):
            assert report(monkeypatch, url, *MAY, "--by", "department", "--format", shape) == 1
            output = " ".join(capsys.readouterr().out.split())
            assert "3=7+11 does not hold in the total: the left side is 1 more than the right. " in output
            assert output.endswith(
                "`motcua verify` names the dossiers at fault, `motcua rebuild` counts them anew from the log."
            )


def test_a_row_that_breaks_an_identity_is_named_where_the_total_keeps_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs are told beside their figures."""
    with office(tmp_path, MORE, LESS) as url:
        assert report(monkeypatch, url, *MAY) == 0
        capsys.readouterr()
        for shape in ("json", "csv"):
            assert report(monkeypatch, url, *MAY, "--by", "department", "--format", shape) == 1
            printed = capsys.readouterr()
            output = " ".join(printed.err.split())
            assert "3=7+11 does not hold in the row Sở Y tế (H59.02): the left side is 1 more than the right." in output
            assert "does not hold" not in printed.out


@pytest.mark.parametrize("shape", ["table", "text", "json", "csv"])
def test_figures_that_add_up_end_well(
    shape: str, monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, *MAY, "--format", shape) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "does not hold" not in printed.out


@pytest.mark.parametrize("by", [("--by", "department,channel"), ("--by", "department", "--by", "channel")])
def test_rows_name_the_code_and_the_channel_in_words(
    by: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, *MAY, *by) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    lines = printed.splitlines()
    for name in ("Sở Y tế (H59.02) · by post", "Sở Tư pháp (H59.15) · in person", "Sở Tư pháp (H59.15) · online"):
        assert any(line.startswith(name) for line in lines), name


def test_an_unknown_breakdown_names_those_there_are(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, *MAY, "--by", "department,colour") == 2
    assert "by: 'colour' is not known; available: month, department," in capsys.readouterr().err


def test_figures_can_be_had_as_known_then(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, *MAY, "--as-known-at", "2023-05-11T08:00:00+07:00") == 0
    printed = capsys.readouterr()
    assert "None were resolved." in printed.out
    assert "as known at 2023-05-11 08:00:00" in " ".join(printed.out.split())
    assert printed.err == ""


@pytest.mark.parametrize("shape", ["table", "text", "json", "csv"])
def test_an_instant_before_anything_was_recorded_is_told(
    shape: str, monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, *MAY, "--format", shape, "--as-known-at", "2023-05-01T08:00:00+07:00") == 0
    assert "nothing of this period was known at 2023-05-01 08:00:00" in " ".join(capsys.readouterr().err.split())


def test_a_period_that_is_not_over_says_so(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, "--from", "2023-06-01", "--to", "2023-06-30") == 0
    assert "as of 20 Jun 2023, 15:00. The period ends later, on 30 Jun 2023" in " ".join(
        capsys.readouterr().out.split()
    )
    assert report(monkeypatch, url, *MAY) == 0
    assert "ends later" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("2023-06-31", "the day 2023-06-31 does not exist: the last one of that month is 2023-06-30"),
        ("2023-13-01", "a year has the months 01 to 12"),
        ("0000-01-01", "does not exist"),
        ("1/6/2023", "write it like 2023-01-31"),
    ],
)
def test_a_day_that_does_not_exist_is_refused_with_the_last_one_that_does(
    word: str, fix: str, monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(monkeypatch, url, "--from", word, "--to", "2023-12-31") == 2
    assert fix in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_share_is_never_broken_before_its_sign(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for columns in range(40, 81):
        monkeypatch.setattr("motcua.terminal.console.width", lambda columns=columns: columns)
        assert report(monkeypatch, url, *MAY) == 0
        assert not any(line.startswith("%") for line in capsys.readouterr().out.splitlines())


def test_a_department_is_asked_for_by_any_code_and_answered_by_its_own(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for code in ("H59.15", "000.00.15.H59"):
        wanted = ("--by", "department", "--department", code, "--format", "json")
        assert report(monkeypatch, url, *MAY, *wanted) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1]
    assert [row["key"] for row in found[0]["rows"]] == [{"department": "H59.15"}]
    assert report(monkeypatch, url, *MAY, "--department", "H59.15", "--format", "text") == 0
    assert "(Chỉ tính cơ quan: Sở Tư pháp (H59.15))" in capsys.readouterr().out


def test_units_are_as_organised_then_unless_now_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The small office's clock stands still before any change: the figures are the same, and it is said how."""
    answers = {}
    for organised in ("then", "now"):
        assert report(monkeypatch, url, *MAY, "--organised", organised, "--by", "department", "--format", "json") == 0
        answers[organised] = json.loads(capsys.readouterr().out)
        assert answers[organised]["organised"] == organised
    assert answers["then"]["rows"] == answers["now"]["rows"]
    said = "counted for those that have taken over"
    for organised in ("then", "now"):
        assert report(monkeypatch, url, *MAY, "--organised", organised) == 0
        assert (said in " ".join(capsys.readouterr().out.split())) is (organised == "now")
