"""`motcua audit` on a real intake and a real reporting: shown, exported, and the file verified with nothing else."""

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from motcua.cli import main
from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import open_engine
from shared.access.folder import KeyFolder
from shared.access.keys import digest_of, new_key
from shared.access.roles import Grant
from shared.auditing.entries import Act, Actor, AuditEntry
from shared.auditing.file import append_to
from shared.auditing.key_changes import changing_keys
from shared.catalogue import Catalogue
from shared.domain.localtime import LOCAL
from tests.cli.real_intake import KEY, real_intake
from tests.cli.recording_intake import serving
from tests.intake.audited import audited
from tests.intake.sending import CODE, NDJSON, cloud_event, lines, received

NOW = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
Motcua = Callable[..., int]


@pytest.fixture
def reporting(tmp_path: Path, empty_read_model: Path, shipped: Catalogue) -> Iterator[str]:
    file = shutil.copy(empty_read_model, tmp_path / "reporting.db")
    engine = open_engine(f"sqlite+aiosqlite:///{file}")
    gauges = FigureGauges(engine, lambda: NOW, None)
    made = Reporting(
        engine, shipped, lambda: NOW, SecretStr(KEY), ProjectorHealth(assigned=True), CollectorRegistry(), gauges
    )
    with serving(create_app(made)) as url:
        yield url
    asyncio.run(engine.dispose())


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[str]:
    with real_intake(tmp_path) as url:
        yield url


@pytest.fixture
def motcua(monkeypatch: pytest.MonkeyPatch, intake: str, reporting: str) -> Motcua:
    def run(command: str, *arguments: str | Path) -> int:
        here = () if command == "verify" else ("--intake", intake, "--reporting", reporting, "--key", KEY)
        monkeypatch.setattr(sys, "argv", ["motcua", "audit", command, *map(str, arguments), *here])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


@pytest.fixture
def day(intake: str) -> None:
    """A dossier is received, corrected and reopened; another one has nothing to do with it."""
    events = [
        received(CODE, online_level="full"),
        received("H59.15-231208-0002"),
        cloud_event(
            "corrected", "2023-12-08T09:00", field="online_level", old_value="full", new_value="partial", reason="nhầm"
        ),
        cloud_event("resolved", "2023-12-11T08:00"),
        cloud_event("reopened", "2023-12-12T08:00", reason="chưa trả", legal_ground="Điều 19"),
    ]
    headers = {"Authorization": f"Bearer {KEY}", "content-type": NDJSON, "X-Request-Id": "counter-7.118"}
    answer = httpx.post(f"{intake}/v1/events", content=lines(*events), headers=headers)
    assert answer.json()["accepted"] == 5, answer.text


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that were printed, of 80 columns but for hashes; what the services log beside them is left out."""
    out = [line for line in capsys.readouterr().out.splitlines() if "[warning" not in line and "[info" not in line]
    assert max((len(line) for line in out if "head" not in line), default=0) <= 80
    return out


@pytest.mark.usefixtures("day")
def test_what_was_done_to_a_dossier_is_shown_with_both_values(
    motcua: Motcua, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua("list", "--subject", CODE) == 0
    told = " ".join(" ".join(said(capsys)).split())
    assert "events accepted: the key from the settings (settings) from 127.0.0.1; intake 2" in told
    assert f"corrected {CODE}: the key from the settings" in told
    assert "online_level: full became partial reason nhầm; event_id" in told
    assert "state: resolved became processing reason chưa trả; legal_ground Điều 19;" in told
    assert "0002" not in told
    assert motcua("list", "--who", "key:nobody") == 0
    assert said(capsys) == ["nobody did anything that was asked about"]


@pytest.mark.usefixtures("day")
def test_an_export_holds_and_what_is_done_to_it_is_found(
    motcua: Motcua, tmp_path: Path, intake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, keys = tmp_path / "audit.ndjson", tmp_path / "access"
    keys.mkdir()
    by, made = Actor("cli:quantri", "quantri"), AuditEntry(Act.KEY_MADE, "key:9f2c", {"name": "Quầy số 7"})
    append_to(keys / "audit.ndjson", "access", made, by, NOW)
    assert motcua("export", "-o", file, "--access-dir", keys) == 0
    printed = said(capsys)
    assert motcua("list", "--subject", "key:9f2c", "--access-dir", keys) == 0
    assert said(capsys) == [
        "2023-12-31 12:00 key made key:9f2c: quantri (cli:quantri); access 1", "  name Quầy số 7",
    ]  # fmt: skip
    assert motcua("list", "--subject", "key:9f2d", "--access-dir", keys, "--from", "2023-12-01") == 0
    assert said(capsys) == ["nobody did anything that was asked about"]
    assert [line.split(":")[0] for line in printed if "entries, head" in line] == ["intake", "reporting", "access"]
    exported = file.read_bytes().splitlines()
    log = httpx.get(f"{intake}/v1/log", headers={"Authorization": f"Bearer {KEY}"}).content
    of_intake = [line for line in exported if b'"chain":"intake"' in line and b'"heads"' not in line]
    head = audited(b"\n".join(of_intake), log)[-1]["sha256"]
    assert [entry["act"] for entry in map(msgspec.json.decode, of_intake)] == [
        "audit_begun", "events_accepted", "corrected", "reopened", "audit_exported",
    ]  # fmt: skip
    assert head in " ".join(printed)

    assert motcua("verify", file, "--head", head) == 0
    told = " ".join(" ".join(said(capsys)).split())
    assert "intake: 5 entries follow each other from the beginning" in told
    assert "reporting: 2 entries follow each other" in told
    assert "access: 1 entry follows" in told
    assert "the head that was kept is entry 5; 0 more follow it" in told

    assert motcua("export", "-o", tmp_path / "later.ndjson") == 0
    said(capsys)
    assert motcua("verify", tmp_path / "later.ndjson", "--head", head) == 0
    assert "the head that was kept is entry 5; 4 more follow it" in " ".join(" ".join(said(capsys)).split())

    file.write_bytes(b"\n".join([exported[0], exported[1].replace(b"settings", b"setting5"), *exported[3:]]))
    assert motcua("verify", file) == 1
    told = " ".join(" ".join(said(capsys)).split())
    assert "WRONG: intake: entry 3 is missing" in told
    assert "WRONG: intake: entry 2 (line 2) was changed" in told
    assert "only a head that was kept elsewhere tells" in told

    file.write_bytes(b"\n".join(exported[:4]))
    assert motcua("verify", file) == 0, "cut off behind an entry: the file alone can't tell, and says so"
    assert "only a head that was kept elsewhere tells" in " ".join(" ".join(said(capsys)).split())
    assert motcua("verify", file, "--head", head) == 1
    file.write_bytes(b"\n".join([*exported[:4], exported[-1]]))
    assert motcua("verify", file) == 1, "its closing line tells"
    assert motcua("verify", tmp_path / "none.ndjson") == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_key_that_the_audit_does_not_know_is_named(
    motcua: Motcua, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever may write the file of keys makes himself one, another one's grants wider, or a revoked one good."""
    folder, file = KeyFolder(tmp_path / "access"), tmp_path / "audit.ndjson"
    made = {name: new_key(name, [Grant.parse("counter@H59.15")], NOW)[0] for name in ("Quầy 1", "Quầy 2", "Quầy 3")}
    with changing_keys(folder, "quantri", NOW) as keys:
        keys |= {key.id: key for key in made.values()}
    with changing_keys(folder, "quantri", NOW) as keys:
        keys[made["Quầy 3"].id] = replace(made["Quầy 3"], revoked_at=NOW)
    assert motcua("export", "-o", file, "--access-dir", folder.path) == 0
    assert motcua("verify", file, "--access-dir", folder.path) == 0
    own = new_key("của tôi", [Grant.parse("admin@*")], NOW)[0]
    with folder.changing() as keys:
        keys[own.id] = own
        keys[made["Quầy 1"].id] = replace(made["Quầy 1"], grants=("admin@*",))
        keys[made["Quầy 2"].id] = replace(made["Quầy 2"], digest=digest_of("another token"))
        keys[made["Quầy 3"].id] = made["Quầy 3"]
    said(capsys)
    wrong = [
        f"WRONG: access: the key {made['Quầy 1'].id} has another grants than the audit says",
        f"WRONG: access: the key {made['Quầy 2'].id} has another digest_sha256 than the audit says",
        f"WRONG: access: the key {made['Quầy 3'].id} has another revoked_at than the audit says",
        f"WRONG: access: no entry of the audit made the key {own.id} (của tôi: admin@*)",
    ]
    assert motcua("verify", file, "--access-dir", folder.path) == 1
    told = " ".join(" ".join(said(capsys)).split())
    assert [sentence for sentence in wrong if sentence not in told] == []
    assert motcua("export", "-o", tmp_path / "later.ndjson", "--access-dir", folder.path) == 1
    told = " ".join(" ".join(said(capsys)).split())
    assert [sentence for sentence in wrong if sentence not in told] == []
    assert motcua("verify", file) == 0, "the file alone says nothing of it"


@pytest.mark.usefixtures("day")
def test_what_stands_beside_an_entry_and_was_changed_is_named(
    motcua: Motcua, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("intake", "reporting"):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as database, database:
            for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f"DROP TRIGGER {trigger}")
            database.execute("UPDATE audit SET who = 'key:nobody' WHERE number = 1")
    file = tmp_path / "audit.ndjson"
    assert motcua("export", "-o", file) == 1
    said(capsys)
    assert motcua("verify", file) == 1
    told = " ".join(" ".join(said(capsys)).split())
    for chain in ("intake", "reporting"):
        named = f"WRONG: {chain}: entry 1: beside it in the database the column who says key:nobody, the entry itself"
        assert named in told
    assert motcua("list", "--who", "key:nobody") == 2
    assert "the audit of intake can't be searched: beside entry 1" in " ".join(capsys.readouterr().err.split())
