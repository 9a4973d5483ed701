"""`motcua calendar` against a real intake: what a decree would move is shown, asked about, and moved with a bar."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from motcua.cli import main
from motcua.terminal.calendar import span
from tests.intake.sending import NDJSON, lines, received
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, KEY, Service, service

DECREE = """
source = "Quyết định 99/QĐ-TTg ngày 10/12/2023"
applies_to = ["H59"]

[[days]]
day = 2023-12-13
works = false
name = "Nghỉ bão"
"""
CODE = "H59.15-231208-0001"
DUE, MOVED = "2023-12-15T08:31:00+07:00", "2023-12-18T08:31:00+07:00"


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Service]:
    """An intake on Monday 11 December 2023 with one open dossier, and one closed."""
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DRAIN_SECONDS": "0",
        "CLOCK": "2023-12-11T09:00:00+07:00",
    }
    with service("intake", free_port_base(1), environment, tmp_path / "intake.log") as running:
        body = lines(received(CODE))
        answer = httpx.post(f"{running.url}/v1/events", content=body, headers=HEADERS | {"content-type": NDJSON})
        assert answer.json()["accepted"] == 1
        yield running


@pytest.fixture
def decree(tmp_path: Path) -> Path:
    file = tmp_path / "decree.toml"
    file.write_text(DECREE)
    return file


def motcua(monkeypatch: pytest.MonkeyPatch, *arguments: str, says: str = "") -> int:
    monkeypatch.setattr(sys, "argv", ["motcua", "calendar", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(says))
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def due(intake: Service) -> str:
    found: str = httpx.get(f"{intake.url}/v1/dossiers/{CODE}", headers=HEADERS).json()["due_at"]
    return found


def test_a_decree_is_shown_asked_about_moved_and_a_second_run_changes_nothing(
    intake: Service, decree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ["--intake", intake.url, "--key", KEY]
    assert motcua(monkeypatch, "announce", str(decree), "--dry-run", *named) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert f"{CODE}  2023-12-15 08:31  2023-12-18 08:31  2023-12-13 is a day off" in shown
    assert "1 open dossier examined, 1 would move" in shown

    assert motcua(monkeypatch, "announce", str(decree), *named, says="n\n") == 1
    assert "nothing was announced" in capsys.readouterr().out
    assert due(intake) == DUE

    assert motcua(monkeypatch, "announce", str(decree), *named, says="y\n") == 0
    output = capsys.readouterr()
    assert "1 open dossier examined, 1 moved" in output.out
    assert "Put it into force and move 1 dossier?" in output.err
    assert "100%" in output.err
    assert due(intake) == MOVED

    assert motcua(monkeypatch, "announce", str(decree), *named) == 0
    assert "in force since" in capsys.readouterr().out
    assert due(intake) == MOVED


def test_yes_asks_nothing(
    intake: Service, decree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, "announce", str(decree), "--yes", "--intake", intake.url, "--key", KEY) == 0
    assert "Put it into force" not in capsys.readouterr().err
    assert due(intake) == MOVED

    days = ["show", "--from", "2023-12-11", "--to", "2023-12-17", "--intake", intake.url, "--key", KEY]
    assert motcua(monkeypatch, *days, "--department", "H59.15") == 0
    listed = capsys.readouterr().out
    assert "2023-12-13  off  Nghỉ bão  Quyết định 99/QĐ-TTg" in listed
    assert "4 working days of 7" in listed
    assert motcua(monkeypatch, *days) == 0
    assert "5 working days of 7" in capsys.readouterr().out  # it holds for H59 only


def test_a_dry_run_that_moves_nothing_says_why(
    intake: Service, decree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = lines(received("H59.15-231208-0002", due_at=DUE))
    httpx.post(f"{intake.url}/v1/events", content=body, headers=HEADERS | {"content-type": NDJSON}).raise_for_status()
    decree.write_text(
        DECREE.replace('applies_to = ["H59"]', 'applies_to = ["H59.15"]').replace("2023-12-13", "2023-12-27")
    )
    assert motcua(monkeypatch, "announce", str(decree), "--dry-run", "--intake", intake.url, "--key", KEY) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2 open dossiers examined, 0 would move",
        "not affected: 1 has a deadline that its sender gave",
        "not affected: 1 is due at the same time with these days",
    ]


def test_days_in_a_row_with_one_name_are_shown_together(
    intake: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show = ["show", "--intake", intake.url, "--key", KEY]
    assert motcua(monkeypatch, *show, "--from", "2023-01-16", "--to", "2023-02-05") == 0
    output = capsys.readouterr().out
    assert "2023-01-20 to 26  off  Tết Nguyên đán Quý Mão" in output
    assert "10 working days of 21" in output
    assert max(map(len, output.splitlines())) <= 80
    assert motcua(monkeypatch, *show, "--from", "2023-04-28", "--to", "2023-05-04") == 0
    output = capsys.readouterr().out
    names = [
        "Giỗ Tổ Hùng Vương",
        "Ngày Chiến thắng",
        "Quốc tế Lao động",
        "Giỗ Tổ Hùng Vương (nghỉ bù)",
        "Ngày Chiến thắng (nghỉ bù)",
    ]
    days = ["2023-04-29", "2023-04-30", "2023-05-01", "2023-05-02", "2023-05-03"]
    assert all(f"{day}  off  {name}" in output for day, name in zip(days, names, strict=True))
    assert motcua(monkeypatch, *show, "--from", "2023-01-20", "--to", "2023-01-21", "--each") == 0
    assert "2023-01-21  off  Tết Nguyên đán Quý Mão" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2023-01-20", "2023-01-20", "2023-01-20"),
        ("2023-01-20", "2023-01-26", "2023-01-20 to 26"),
        ("2025-01-27", "2025-02-01", "2025-01-27 to 02-01"),
        ("2023-12-31", "2024-01-01", "2023-12-31 to 2024-01-01"),
    ],
)
def test_a_span_of_days_names_what_differs(first: str, last: str, words: str) -> None:
    assert span(first, last) == words


def test_what_intake_refuses_is_one_sentence_that_names_the_field(
    intake: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(DECREE.replace("2023-12-13", "2043-12-13"))
    assert motcua(monkeypatch, "announce", str(file), "--intake", intake.url, "--key", KEY) == 2
    assert capsys.readouterr().err.startswith(
        "motcua: intake answered 422: days.0: 2043-12-13 lies outside the calendar"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("= x", "is not TOML"), ('name = "x"', "is no announcement: it needs source")],
)
def test_a_file_that_is_no_announcement_is_one_sentence(
    content: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "decree.toml"
    if content is not None:
        file.write_text(content)
    assert motcua(monkeypatch, "announce", str(file)) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", ["announce", "show", "seed"])
def test_every_command_has_help_in_80_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, command, "--help") == 0
    text = capsys.readouterr().out
    assert "Usage: motcua calendar" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_seeded_year_is_toml_for_the_calendar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, "seed", "2028") == 0
    assert "[[days_off]]\nday = 2028-01-01\n" in capsys.readouterr().out
