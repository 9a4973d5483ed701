"""Every published figure can be opened by a command, and the list says what it is about;
one that is short of its number fails."""

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from motcua.cli import main
from motcua.report import PrintedReport
from motcua.terminal import figures
from shared.contract.http.figures import ListedDossier
from tests.builders.times import at
from tests.cli.small_office import FIELD, KEY, code, office

MAY = ("--from", "2023-05-01", "--to", "2023-05-31")
GONE = f"DELETE FROM dossiers WHERE code = '{code(0)}'"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with office(tmp_path_factory.mktemp("office")) as where:
        yield where


def opened(monkeypatch: pytest.MonkeyPatch, url: str, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["motcua", "open", "--reporting", url, "--key", KEY, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    found = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, found)) <= 80
    return found


def test_the_list_says_what_its_number_is_about(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    narrowed = ("--department", "H59.15", "--channel", "online", "--level", "province")
    assert opened(monkeypatch, url, "resolved_overdue", *MAY, *narrowed, "--definition", "instant/1") == 0
    assert lines(capsys) == [
        "                                                                    class on",
        "dossier             received        due             closed          31 May 2023",
        "H59.15-230503-0000  23-05-03 08:00  23-05-10 08:00  23-05-12 10:00  overdue",
        "  2.000635",
        "resolved_overdue: 1 dossier; from 1 May 2023 to 31 May 2023 by instant/1, as of",
        "2023-06-20 15:00, only department Sở Tư pháp (H59.15), channel online, level",
        "provincial level.",
    ]


def test_a_figure_of_returns_shows_the_day_of_return(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(monkeypatch, url, "returned_in_person", *MAY) == 0
    heading, *_ = (line for line in lines(capsys) if line.startswith("dossier"))
    assert heading.split() == ["dossier", "due", "closed", "returned", "31", "May", "2023"]
    assert opened(monkeypatch, url, "awaiting_return", *MAY) == 0
    assert "23-05-12 11:00  –" in capsys.readouterr().out


def test_a_field_and_a_cut_off_narrow_what_is_opened(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(monkeypatch, url, "in_progress_total", *MAY, "--field", FIELD, "--as-of", "2023-05-10") == 0
    text = "\n".join(lines(capsys))
    assert f"{code(1)}  23-05-04 08:00" in text
    assert "in_progress_total: 1 dossier;" in text
    assert "2023-05-10 23:59, only field Dược phẩm." in text
    assert opened(monkeypatch, url, "in_progress_total", *MAY, "--field", FIELD) == 0
    assert "in_progress_total: 0 dossiers;" in capsys.readouterr().out


def test_a_filter_given_twice_takes_either(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ("--channel", "postal", "--channel", "in_person")
    assert opened(monkeypatch, url, "received_total", *MAY, *both) == 0
    assert "only channel by post or in person." in " ".join(lines(capsys))


def test_a_named_period_stands_in_place_of_its_days(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(monkeypatch, url, "received_total", "--period", "2023-05", "--format", "ndjson") == 0
    assert [json.loads(line)["code"] for line in capsys.readouterr().out.splitlines()] == [code(0), code(1), code(2)]
    assert opened(monkeypatch, url, "received_total", "--period", "2023-05", "--to", "2023-05-31") == 2
    assert "leave either it or them out" in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_the_first_of_many_are_told_to_be_so(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(monkeypatch, url, "received_total", *MAY, "--limit", "2") == 0
    assert "received_total: 3 dossiers, the first 2 shown;" in capsys.readouterr().out


@pytest.mark.parametrize("shape", ["table", "ndjson"])
def test_a_list_that_is_shorter_than_its_number_fails(
    shape: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with office(tmp_path, GONE) as url:
        assert opened(monkeypatch, url, "received_total", *MAY, "--format", shape) == 1
        printed = capsys.readouterr()
        assert "received_total says 3, but only 2 dossiers can be listed" in printed.err
        assert "`motcua verify`" in printed.err
        assert "`motcua rebuild`" in printed.err
        assert "the first" not in printed.out
        assert opened(monkeypatch, url, "resolved_overdue", *MAY, "--channel", "online", "--format", shape) == 1
        assert "resolved_overdue says 1, but no dossier can be listed" in capsys.readouterr().err


def test_a_list_that_is_longer_than_its_number_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with office(tmp_path, "DELETE FROM sums") as url:
        assert opened(monkeypatch, url, "received_total", *MAY, "--format", "ndjson") == 1
        assert "received_total says 0, but at least 3 dossiers can be listed" in capsys.readouterr().err
        assert opened(monkeypatch, url, "received_total", *MAY) == 1


def test_an_unknown_figure_is_answered_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(monkeypatch, url, "resolved_late", *MAY) == 2
    output = capsys.readouterr().err.splitlines()
    assert max(map(len, output)) <= 80
    assert output[0] == "motcua: resolved_late is not a figure that counts dossiers; those are"
    assert " ".join(output[1:]).split(", ")[-1] == "accepted_late"


def test_an_instant_before_anything_was_recorded_is_told(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(monkeypatch, url, "received_total", *MAY, "--as-known-at", "2023-05-01T08:00:00+07:00") == 0
    printed = capsys.readouterr()
    assert "nothing of this period was known at 2023-05-01 08:00:00" in printed.err
    assert "as known at 2023-05-01 08:00:00." in " ".join(printed.out.split())
    assert opened(monkeypatch, url, "received_total", *MAY, "--as-known-at", "2023-06-01T08:00:00+07:00") == 0
    assert capsys.readouterr().err == ""


def test_an_officer_below_a_dossier_takes_no_minute_from_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    then = at("2023-09-28 19:04")
    dossier = ListedDossier(
        code="H59.03-230914-0008", department="H59.03", procedure="1.004628", channel="online", officer="H59.03-cb17",
        received_at=then, due_at=then, in_hours=False, closed_at=then, closed_as="resolved", returned_at=None,
        state="resolved", timeliness="overdue",
    )  # fmt: skip
    last = date(2023, 12, 31)
    report = PrintedReport(last, last, "by-date/1", at("2023-12-31 23:59"), (), {}, ())
    figures._write_table("resolved_overdue", report, [dossier])
    text = "\n".join(lines(capsys))
    assert text.count("23-09-28 19:04") == 3
    assert "1.004628 H59.03-cb17" in text
