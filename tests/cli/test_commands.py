"""The command line as a person meets it:
help everywhere, sentences instead of tracebacks, exit codes that mean something."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from motcua.cli import main
from tests.cli.events import code, line, write, year
from tests.cli.recording_intake import KEY, RecordingIntake, serving
from tests.support.ports import free_port_base

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "up",
    "demo",
    "import",
    "mapping",
    "generate",
    "report",
    "attention",
    "check",
    "publications",
    "audit",
    "verify",
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack of this machine is in reach."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "MOTCUA_INTAKE_URL",
        "MOTCUA_PROCESSING_URL",
        "MOTCUA_REPORTING_URL",
        "MOTCUA_API_KEY",
        "MOTCUA_DATA_DIR",
    ):
        monkeypatch.delenv(name, raising=False)


def motcua(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["motcua", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_80_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, command, "--help") == 0
    text = capsys.readouterr().out
    assert "Usage: motcua" in text
    assert max(map(len, text.splitlines())) <= 80


def test_help_lists_the_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert motcua(monkeypatch, "--help") == 0
    listed = capsys.readouterr().out
    assert all(f"\n  {command} " in listed for command in COMMANDS)
    assert not any(each.endswith("...") for each in listed.splitlines()[1:])


def test_without_a_stack_the_command_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, "verify") == 2
    assert capsys.readouterr().err.startswith("motcua: no API key: start a local stack with `motcua up`")


def test_a_file_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, "import", "nothing.ndjson") == 2
    assert capsys.readouterr().err == "motcua: nothing.ndjson cannot be read: No such file or directory\n"


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        (("--format", "text", "--by", "month"), "take table or json for others"),
        (("--format", "csv", "--sort", "received_total"), "take --format table"),
        (("--output", "report.txt"), "name a --format"),
    ],
)
def test_options_of_a_report_that_do_not_go_together_say_which_do(
    options: tuple[str, ...], fix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, "report", "--from", "2023-01-01", "--to", "2023-12-31", *options) == 2
    assert fix in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_mistake_is_told_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, said in (
        (
            ("--from", "2023-06-31", "--to", "2023-12-31"),
            "không có ngày 2023-06-31: ngày cuối của tháng đó là 2023-06-30",
        ),
        (("--from", "2023-01-01"), "thiếu --to: hãy cho --from và --to, hoặc --period"),
    ):
        assert motcua(monkeypatch, "report", *options, "--lang", "vi") == 2
        assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert motcua(monkeypatch, "explain", "H59") == 2
    assert "không phải mã hồ sơ" in capsys.readouterr().err
    assert motcua(monkeypatch, "explain", "H59", "--lang", "en") == 2
    assert "is not a dossier's code" in capsys.readouterr().err
    assert motcua(monkeypatch, "report", "--period", "2023") == 2
    assert "chưa có khóa API" in capsys.readouterr().err


def test_a_period_that_ends_before_it_begins_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, "report", "--from", "2023-12-31", "--to", "2023-01-01") == 2
    assert "ends (2023-01-01) before it begins (2023-12-31)" in capsys.readouterr().err


def test_nothing_listening_names_the_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port_base(1)}"
    assert (
        motcua(monkeypatch, "report", "--from", "2023-01-01", "--to", "2023-12-31", "--reporting", url, "--key", KEY)
        == 2
    )
    assert (
        capsys.readouterr().err
        == f"motcua: nothing answers at {url}: start it with `motcua up`, or name reporting with --reporting URL\n"
    )


def test_an_import_without_rejections_exits_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("year.ndjson"), year(300))
    with serving(RecordingIntake()) as url:
        assert motcua(monkeypatch, "import", "year.ndjson", "--intake", url, "--key", KEY) == 0
    assert capsys.readouterr().out.split() == ["accepted", "1,200", "duplicate", "0", "rejected", "0", "lines", "1,200"]


def test_an_import_with_rejections_exits_1_and_names_their_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("year.ndjson"), [line(code(1), "received"), "no event"])
    with serving(RecordingIntake()) as url:
        assert motcua(monkeypatch, "import", "year.ndjson", "--intake", url, "--key", KEY) == 1
    assert "rejected lines: year.ndjson.rejected.ndjson" in capsys.readouterr().out
    (rejected,) = Path("year.ndjson.rejected.ndjson").read_text().splitlines()
    assert set(json.loads(rejected)) == {"line", "code", "detail", "id", "raw"}


def test_a_report_that_breaks_an_identity_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {
        "received_total": 80121,
        "received_online": 50353,
        "received_in_person_or_postal": 28538,
        "carried_over": 1248,
    }
    Path("report.json").write_text(json.dumps(figures))
    assert motcua(monkeypatch, "check", "report.json") == 1
    assert "3=4+5+6" in capsys.readouterr().out


def test_an_unreadable_report_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("report.toml").write_text("= no")
    assert motcua(monkeypatch, "check", "report.toml") == 2
    assert capsys.readouterr().err.startswith("motcua: report.toml is not TOML")


def test_a_scenario_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, "generate", "nowhere", "-o", "year.ndjson") == 2
    assert "cannot read scenario nowhere" in capsys.readouterr().err


def test_the_command_line_starts_without_what_its_commands_need() -> None:
    program = (
        "import sys, motcua.cli; "
        "print(*sorted({'httpx', 'rich.table', 'asyncio', 'pydantic', 'uvicorn', 'sqlalchemy'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""
