"""What a service says, from its start to its end: one JSON object a line, dated with an offset, by its name; who sent
which request is in it, and nothing that tells who an applicant is."""

import errno
import io
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from shared.service.observability import LogStream
from tests.support.ports import free_port_base
from tests.support.tethered import tethered
from tests.support.wait import wait_until

KEY = "a-key-for-tests-only"
HEADERS = {"Authorization": f"Bearer {KEY}"}


@contextmanager
def running(name: str, folder: Path, **settings: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The service as a process without a broker; what it says is in `said` of the folder."""
    port = free_port_base(1)
    own = {"PORT": str(port), "API_KEY": KEY, "KAFKA_BOOTSTRAP": "127.0.0.1:1", **settings}
    environment = {f"MOTCUA_{name.upper()}_{setting}": value for setting, value in own.items()}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            tethered(sys.executable, "-m", f"services.{name}"),
            env={**os.environ, **environment},
            stdout=said,
            stderr=said,
        )
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def lines(folder: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in (folder / "said").read_bytes().splitlines()]


def _answers(url: str, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None
    try:
        return httpx.get(f"{url}/healthz/live").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["intake", "processing", "reporting"])
def test_every_line_is_json_with_its_offset_and_its_service(name: str, tmp_path: Path) -> None:
    database = {} if name == "processing" else {"DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/own.db"}
    path = {"intake": "/v1/dossiers/H59.15-231208-0001", "processing": "/v1/ledger", "reporting": "/v1/dossiers"}[name]
    with running(name, tmp_path, LOG_LEVLE="INFO", **database) as (url, process):
        wait_until(lambda: _answers(url, process), 60, f"{name} answers")
        httpx.get(f"{url}{path}?q=Nguy%E1%BB%85n", headers=HEADERS | {"X-Request-Id": "desk-7.42"})
        httpx.get(f"{url}{path}", headers={"Authorization": "Bearer wrong-key-of-somebody"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    said = lines(tmp_path)
    assert {line["service"] for line in said} == {name}
    assert {datetime.fromisoformat(line["timestamp"]).utcoffset() for line in said} == {timedelta(hours=7)}
    assert [line["variable"] for line in said if line["event"] == "setting_not_read"] == [
        f"MOTCUA_{name.upper()}_" + "LOG_LEVLE"
    ]
    asked, refused = (line for line in said if line["event"] == "request")
    route = "/v1/dossiers/{code}" if name == "intake" else path
    assert (asked["method"], asked["route"], asked["request"]) == ("GET", route, "desk-7.42")
    assert (asked["sender"], asked["peer"]) == ("the key from the settings", "127.0.0.1")
    assert asked["seconds"] >= 0
    assert (refused["status"], refused["sender"]) == (401, "nobody")
    everything = (tmp_path / "said").read_text("utf-8")
    assert KEY not in everything
    assert "wrong-key" not in everything
    assert "Nguy" not in everything


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["intake", "processing", "reporting"])
def test_settings_that_cannot_be_used_are_one_line_and_an_exit_code_that_ends_tries(name: str, tmp_path: Path) -> None:
    with running(name, tmp_path, LOG_LEVEL="VERBOSE", PORT="eighty") as (_url, process):
        assert process.wait(60) == 78
    (line,) = lines(tmp_path)
    assert (line["event"], line["level"], line["service"]) == ("settings_unusable", "critical", name)
    assert [problem.partition(":")[0] for problem in line["problems"]] == [
        f"MOTCUA_{name.upper()}_PORT",
        f"MOTCUA_{name.upper()}_LOG_LEVEL",
    ]


@pytest.mark.e2e
def test_a_log_that_can_t_be_written_leaves_no_caller_without_an_answer_and_no_broken_process_alive(
    tmp_path: Path,
) -> None:
    """Its disk is full: what is posted is answered, and when the writer breaks the process ends to be started again."""
    (tmp_path / "said").symlink_to("/dev/full")
    file = tmp_path / "own.db"
    with running("intake", tmp_path, DATABASE_URL=f"sqlite+aiosqlite:///{file}") as (url, process):
        wait_until(lambda: _answers(url, process), 60, "intake answers")
        new = {"department": "H59.15", "procedure": "2.000635", "channel": "postal"}
        assert httpx.post(f"{url}/v1/dossiers", json=new, headers=HEADERS).status_code == 201
        with closing(sqlite3.connect(file)) as database:
            database.execute("ALTER TABLE event_log RENAME TO elsewhere")
        assert httpx.post(f"{url}/v1/dossiers", json=new, headers=HEADERS, timeout=15).status_code == 503
        assert process.wait(30) == 70


def test_what_was_lost_is_said_behind_a_torn_line_and_the_next_one_begins_anew() -> None:
    class Disk(io.StringIO):
        is_full = False

        def write(self, text: str) -> int:
            if not self.is_full:
                return super().write(text)
            super().write(text[:3])
            raise OSError(errno.ENOSPC, "No space left on device")

    disk = Disk()
    stream = LogStream("intake", disk)
    stream.write("one\n")
    disk.is_full = True
    stream.write('{"torn": 1}\n')
    disk.is_full = False
    stream.write("two\n")
    stream.write("three\n")
    one, torn, lost, two, three = disk.getvalue().splitlines()
    assert (one, torn, two, three) == ("one", '{"t', "two", "three")
    told = msgspec.json.decode(lost)
    assert (told["event"], told["at_most"], told["service"]) == ("log_lines_lost", 1, "intake")
