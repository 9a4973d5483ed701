"""The real command line under bad input: a sentence and an exit code that says whose fault it is, never a traceback."""

import os
import re
import signal
import stat
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.events import write, year
from tests.cli.recording_intake import KEY, Fault, RecordingIntake, respond, serving
from tests.support.ports import free_port_base
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CODE = "H59.15-231208-0001"
NOBODY = f"http://127.0.0.1:{free_port_base(1)}"
CALLS = (
    ("report", "--period", "2023", "--reporting"),
    ("report", "--period", "2023", "--format", "text", "--reporting"),
    ("open", "resolved_total", "--period", "2023", "--reporting"),
    ("attention", "--reporting"),
    ("explain", CODE, "--intake"),
    ("calendar", "show", "--from", "2023-01-01", "--to", "2023-01-31", "--intake"),
    ("verify", "--wait", "0", "--intake"),
    ("rebuild", "--wait", "0", "--intake"),
    ("resend", "--intake"),
    ("restore", "--intake"),
    ("import", "year.ndjson", "--patience", "0", "--intake"),
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MOTCUA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    write(tmp_path / "year.ndjson", year(2))


def motcua(*words: str | bytes, columns: int = 80, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "motcua.cli", *words],
        env=os.environ | {"COLUMNS": str(columns)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )


def assert_is_a_sentence(ended: subprocess.CompletedProcess[str], code: int = 2) -> None:
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert ended.stderr.strip()


class Odd:
    """A server that is none of ours."""

    def __init__(self, status: int, body: object) -> None:
        self.status, self.body = status, body

    async def __call__(self, _scope: object, _receive: object, send: object) -> None:
        await respond(send, self.status, self.body)


@pytest.fixture(scope="module", params=[(200, {}), (200, []), (500, {"detail": 5})])
def odd(request: pytest.FixtureRequest) -> Iterator[str]:
    with serving(Odd(*request.param)) as url:
        yield url


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0])
def test_a_service_that_is_none_of_ours_is_told(odd: str, call: tuple[str, ...]) -> None:
    assert_is_a_sentence(motcua(*call, odd, "--key", KEY, MOTCUA_PROCESSING_URL=odd, MOTCUA_REPORTING_URL=odd))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0])
def test_nobody_answering_is_told(call: tuple[str, ...]) -> None:
    ended = motcua(*call, NOBODY, "--key", KEY)
    assert_is_a_sentence(ended)
    assert f"nothing answers at {NOBODY}" in ended.stderr


@pytest.mark.parametrize("key", ["khóa", "a\nb", "a\x1b[31mb", "a b", b"\xff"])
def test_a_key_that_can_be_none_is_told(key: str | bytes) -> None:
    ended = motcua("report", "--period", "2023", "--reporting", NOBODY, "--key", key)
    assert_is_a_sentence(ended)
    assert "as no key does" in ended.stderr


@pytest.mark.parametrize(
    "url", ["x", "http://[::1", "http://a b", "http://a\nb", "http://127.0.0.1:99999", b"http://\xff"]
)
def test_an_address_that_can_be_none_is_told(url: str | bytes) -> None:
    ended = motcua("report", "--period", "2023", "--key", KEY, "--reporting", url)
    assert_is_a_sentence(ended)
    assert "write it like" in ended.stderr


@pytest.mark.parametrize("code", ["", ".", "..", "H59", "../x", f"{CODE}\n", b"\xff"])
def test_a_code_that_can_be_none_is_told(code: str | bytes) -> None:
    assert_is_a_sentence(motcua("explain", code, "--intake", NOBODY, "--key", KEY))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 200_000, b"a = " + b"[" * 200_000, b'{"total": 1}'])
@pytest.mark.parametrize("name", ["file.json", "file.toml"])
@pytest.mark.parametrize("command", [("check",), ("calendar", "announce", "--key", KEY), ("generate", "-o", "out")])
def test_a_document_that_is_none_is_told(command: tuple[str, ...], name: str, content: bytes) -> None:
    Path(name).write_bytes(content)
    assert_is_a_sentence(motcua(*command, name))


@pytest.mark.parametrize("file", [".", "/dev/zero", "nothing"])
def test_what_is_no_document_is_told(file: str) -> None:
    assert_is_a_sentence(motcua("check", file))


@pytest.mark.parametrize(
    "stack", ["[]", '{"pid": "x"}', '{"pid": 1, "intake": 5}', '{"pid": 0}', "null", '{"pid": 99999999999999999999}']
)
def test_a_file_of_a_stack_that_no_stack_wrote_counts_for_nothing(stack: str) -> None:
    Path(".motcua").mkdir()
    Path(".motcua/stack.json").write_text(stack)
    ended = motcua("report", "--period", "2023")
    assert_is_a_sentence(ended)
    assert "no API key" in ended.stderr


def test_a_key_file_that_holds_none_is_told() -> None:
    Path(".motcua").mkdir()
    Path(".motcua/key").write_bytes(b"\xff")
    assert "holds no key" in motcua("report", "--period", "2023").stderr


@pytest.mark.parametrize("command", [("--help",), ("report", "--help"), ("calendar", "seed", "2028"), ("--version",)])
def test_an_output_that_is_full_or_gone_is_no_traceback(command: tuple[str, ...]) -> None:
    words = [sys.executable, "-m", "motcua.cli", *command]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, "motcua: the output can't be used: No space left on device\n")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        ended = subprocess.run(words, stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode in {1, 141}
    assert ended.stderr == ""


def test_a_fault_of_ours_is_told_as_one() -> None:
    words = "import sys, motcua.cli as cli; cli._make_writable = lambda: None; cli.app = lambda: 1 / 0; cli.main()"
    ended = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    assert_is_a_sentence(ended, 70)
    assert "Please report it" in ended.stderr
    shown = subprocess.run(
        [sys.executable, "-c", words],
        env=os.environ | {"MOTCUA_DEBUG": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in shown.stderr


@pytest.mark.parametrize("columns", [60, 77, 100])
def test_help_breaks_no_name_at_its_hyphens(columns: int) -> None:
    for command in ("generate", "report", "open", "import"):
        text = motcua(command, "--help", columns=columns).stdout
        assert not [line for line in text.splitlines() if re.search(r"\w-$", line)]


def test_a_pipe_and_a_device_are_written_to_and_a_link_stays() -> None:
    os.mkfifo("pipe")
    with subprocess.Popen(["wc", "-l", "pipe"], stdout=subprocess.PIPE, text=True) as reading:
        try:
            assert motcua("generate", "quang-tri-2023", "-o", "pipe").returncode == 0
            assert reading.communicate(timeout=60)[0].split() == ["4148", "pipe"]
        finally:
            reading.kill()
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)

    Path("target").write_text("before")
    Path("target").chmod(0o640)
    Path("link").symlink_to("target")
    assert motcua("generate", "quang-tri-2023", "-o", "link").returncode == 0
    assert Path("link").is_symlink()
    assert stat.S_IMODE(Path("target").stat().st_mode) == 0o640
    assert Path("target").read_text().count("\n") == 4148
    assert_is_a_sentence(motcua("generate", "quang-tri-2023", "-o", "."))
    assert [path.name for path in Path().glob("*.part")] == []


def test_an_interrupted_import_says_how_far_it_came(tmp_path: Path) -> None:
    endless = [Fault.UNAVAILABLE] * 10_000
    intake = RecordingIntake(faults=deque([None, *endless]))
    write(tmp_path / "year.ndjson", year(3000))
    with serving(intake) as url:
        words = [
            sys.executable,
            "-m",
            "motcua.cli",
            "import",
            "year.ndjson",
            "--intake",
            url,
            "--key",
            KEY,
            "--connections",
            "1",
        ]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                wait_until(lambda: len(intake.faults) < len(endless) - 1, 30, "it waits for intake")
                process.send_signal(signal.SIGINT)
                _out, err = process.communicate(timeout=60)
            finally:
                process.kill()
    assert intake.stored
    assert process.returncode == 130, err
    assert "Traceback" not in err
    (accepted,) = [line.split()[1] for line in err.splitlines() if line.startswith("accepted")]
    assert int(accepted.replace(",", "")) == len(intake.stored)
    assert "run the same import again" in err
