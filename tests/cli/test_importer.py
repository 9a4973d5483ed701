"""The importer against a real HTTP server:
everything arrives once, in order per dossier, whatever breaks on the way."""

import gzip
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from motcua.client import Services
from motcua.failure import Failure
from motcua.importer import connection
from motcua.importer.connection import ImportProgress
from motcua.importer.rejects import Rejects
from motcua.importer.run import run
from motcua.importer.source import Source
from tests.cli.events import code, line, write, year
from tests.cli.recording_intake import KEY, Fault, RecordingIntake, serving
from tests.support.ports import free_port_base
from tests.support.wait import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CHUNK_LINES", 50)


async def import_into(
    url: str, path: Path, *, patience_seconds: float = 10, connections: int = 4, key: str = KEY
) -> ImportProgress:
    services = Services(intake=url, processing=url, reporting=url, key=key)
    with Source(str(path)) as source:
        return await run(
            source, services, lambda _progress: None, connections=connections, patience_seconds=patience_seconds
        )


def arrived_in_order(intake: RecordingIntake) -> bool:
    """Whether each dossier's events were stored with growing numbers."""
    latest: dict[str, int] = {}
    for event in intake.stored.values():
        number = int(event["id"].rpartition("/")[2])
        if number < latest.get(event["subject"], 0):
            return False
        latest[event["subject"]] = number
    return True


async def test_every_line_is_accepted_in_order_per_dossier_over_several_connections(tmp_path: Path) -> None:
    intake = RecordingIntake()
    with serving(intake) as url:
        progress = await import_into(url, write(tmp_path / "year.ndjson", year(300)))
    assert (progress.accepted, progress.duplicates, progress.rejected) == (1200, 0, 0)
    assert len(intake.stored) == 1200
    assert arrived_in_order(intake)
    assert intake.most_at_once > 1
    assert not (tmp_path / "year.ndjson.rejected.ndjson").exists()


async def test_a_dossier_stays_on_one_connection_at_a_time(tmp_path: Path) -> None:
    path = write(tmp_path / "year.ndjson", year(300))
    lanes: dict[str, set[int]] = {}
    with Source(str(path)) as source:
        for each in (line for batch in source.batches() for line in batch):
            lanes.setdefault(json.loads(each.body)["subject"], set()).add(connection.connection_of(each, 4))
    assert all(len(found) == 1 for found in lanes.values())
    assert set.union(*lanes.values()) == {0, 1, 2, 3}


async def test_a_second_run_adds_nothing(tmp_path: Path) -> None:
    intake = RecordingIntake()
    path = write(tmp_path / "year.ndjson", year(40))
    with serving(intake) as url:
        await import_into(url, path)
        progress = await import_into(url, path)
    assert (progress.accepted, progress.duplicates, progress.rejected) == (0, 160, 0)
    assert len(intake.stored) == 160


async def test_a_gzip_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "year.ndjson.gz"
    path.write_bytes(gzip.compress("\n".join(year(10)).encode()))
    intake = RecordingIntake()
    with serving(intake) as url:
        progress = await import_into(url, path)
    assert progress.accepted == 40
    assert progress.read_bytes == path.stat().st_size


def test_standard_input_is_read_as_a_file_is(tmp_path: Path) -> None:
    intake = RecordingIntake()
    with serving(intake) as url:
        command = [sys.executable, "-m", "motcua.cli", "import", "-", "--intake", url, "--key", KEY]
        sent = "\n".join([*year(10), "no event"])
        ended = subprocess.run(
            command,
            input=sent,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            text=True,
            capture_output=True,
            check=False,
        )
    assert ended.returncode == 1, ended.stderr
    assert len(intake.stored) == 40
    assert [each["line"] for each in read_rejected(tmp_path / "stdin")] == [41]


async def test_rejected_lines_keep_the_line_numbers_of_the_file(tmp_path: Path) -> None:
    lines = year(100)
    lines[7] = "not json"
    lines.insert(20, "")
    lines[333] = '{"half": '
    path = write(tmp_path / "year.ndjson", lines)
    with serving(RecordingIntake()) as url:
        progress = await import_into(url, path)
    rejected = read_rejected(path)
    assert progress.rejected == len(rejected)
    assert [(each["line"], each["code"]) for each in rejected if each["code"] == "malformed"] == [
        (8, "malformed"),
        (334, "malformed"),
    ]
    assert rejected[0]["raw"] == "not json"
    assert [each["line"] for each in rejected] == sorted(each["line"] for each in rejected)


async def test_lines_that_come_before_their_dossier_are_sent_again(tmp_path: Path) -> None:
    lines = year(60)
    swapped = lines[60:] + lines[:60]
    intake = RecordingIntake()
    with serving(intake) as url:
        progress = await import_into(url, write(tmp_path / "year.ndjson", swapped))
    assert (progress.accepted, progress.rejected, progress.waiting) == (240, 0, 0)


async def test_what_never_finds_its_dossier_is_rejected_once(tmp_path: Path) -> None:
    path = write(
        tmp_path / "year.ndjson",
        [line(code(1), "received"), line(code(2), "resolved", 1), line(code(2), "returned", 2)],
    )
    intake = RecordingIntake()
    with serving(intake) as url:
        progress = await import_into(url, path)
    assert (progress.accepted, progress.rejected, progress.waiting) == (1, 2, 0)
    assert [(each["line"], each["code"], each["id"]) for each in read_rejected(path)] == [
        (2, "unknown_dossier", f"{code(2)}/1"),
        (3, "unknown_dossier", f"{code(2)}/2"),
    ]


async def test_a_dossier_opened_meanwhile_by_another_importer_ends_the_waiting(tmp_path: Path) -> None:
    intake = RecordingIntake(from_others=[json.loads(line(code(2), "received"))])
    with serving(intake) as url:
        progress = await import_into(url, write(tmp_path / "part.ndjson", [line(code(2), "resolved", 1)]))
    assert (progress.accepted, progress.rejected) == (1, 0)


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_post_that_fails_is_sent_again(tmp_path: Path, fault: Fault) -> None:
    intake = RecordingIntake()
    intake.faults.extend([fault] * 3)
    with serving(intake) as url:
        progress = await import_into(url, write(tmp_path / "year.ndjson", year(100)))
    assert progress.accepted + progress.duplicates == 400
    assert progress.rejected == 0
    assert len(intake.stored) == 400
    assert arrived_in_order(intake)


async def test_intake_stopped_and_started_again_in_the_middle_is_survived(tmp_path: Path) -> None:
    intake = RecordingIntake()
    port = free_port_base(1)
    path = write(tmp_path / "year.ndjson", year(2000))
    first = serving(intake, port)
    url = first.__enter__()

    def restart() -> None:
        wait_until(lambda: len(intake.stored) > 1000, 20, "a part of the year arrived")
        first.__exit__(None, None, None)
        with serving(intake, port):
            wait_until(finished.is_set, 30, "the import ends")

    finished = threading.Event()
    thread = threading.Thread(target=restart)
    thread.start()
    try:
        progress = await import_into(url, path, patience_seconds=20)
    finally:
        finished.set()
        thread.join()
    assert progress.accepted + progress.duplicates == 8000
    assert len(intake.stored) == 8000
    assert arrived_in_order(intake)


async def test_nothing_listening_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="motcua up"):
        await import_into(f"http://127.0.0.1:{free_port_base(1)}", write(tmp_path / "year.ndjson", year(1)))


async def test_an_intake_that_stays_away_ends_the_import_with_what_to_do(tmp_path: Path) -> None:
    intake = RecordingIntake()
    intake.faults.extend([Fault.UNAVAILABLE] * 1000)
    with serving(intake) as url, pytest.raises(Failure, match="run the same import"):
        await import_into(url, write(tmp_path / "year.ndjson", year(1)), patience_seconds=0.3)


async def test_an_intake_that_asks_for_patience_is_left_alone_for_as_long_as_it_says(tmp_path: Path) -> None:
    intake = RecordingIntake()
    intake.faults.append(Fault.TOO_MANY)
    began = time.monotonic()
    with serving(intake) as url:
        progress = await import_into(url, write(tmp_path / "year.ndjson", year(1)))
    assert (progress.accepted, progress.rejected) == (len(year(1)), 0)
    assert time.monotonic() - began >= 1


async def test_a_wrong_key_is_said_and_not_tried_again(tmp_path: Path) -> None:
    intake = RecordingIntake()
    with serving(intake) as url, pytest.raises(Failure, match="--key"):
        await import_into(url, write(tmp_path / "year.ndjson", year(1)), key="another-key-than-intakes")
    assert intake.bodies == 1


async def test_a_torn_gzip_file_is_told_after_what_could_be_read(tmp_path: Path) -> None:
    path = tmp_path / "year.ndjson.gz"
    path.write_bytes(gzip.compress("\n".join(year(3000)).encode())[:-400])
    with serving(RecordingIntake()) as url, pytest.raises(Failure, match="not a whole gzip file"):
        await import_into(url, path)


def read_rejected(path: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in Path(f"{path}.rejected.ndjson").read_text().splitlines()]


def test_a_run_that_fails_before_it_refused_a_line_keeps_the_file_of_the_run_before(tmp_path: Path) -> None:
    file = tmp_path / "year.ndjson.rejected.ndjson"
    file.write_text("what the run before refused\n")
    with pytest.raises(ConnectionError), Rejects(file):
        raise ConnectionError
    assert file.read_text() == "what the run before refused\n"
