"""A year is published, a correction comes later, and the revision names the dossier; files are verified offline."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.events import code, write, year
from tests.e2e.conftest import StackClient
from tests.support.stack import MOTCUA

DOSSIERS = 20
YEAR = ("--from", "2023-01-01", "--to", "2023-12-31")
CELL = "total.received_online"


def motcua(client: StackClient, *arguments: str | Path) -> str:
    done = client.motcua(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def verified(*files: Path) -> tuple[int, str]:
    """With nothing but the files: no address, no key, no stack."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
    command: list[str | Path] = [MOTCUA, "publications", "verify", *files]
    done = subprocess.run(command, env=bare, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


@pytest.mark.long
def test_what_was_published_is_revised_with_the_dossier_that_moved(client: StackClient, tmp_path: Path) -> None:
    imported = client.motcua("import", write(tmp_path / "events.ndjson", year(DOSSIERS)))
    assert imported.returncode == 0, imported.stdout + imported.stderr
    first, second, chain = (tmp_path / name for name in ("first.json", "second.json", "chain.ndjson"))
    motcua(client, "publications", "create", *YEAR, "--title", "Năm 2023", "--output", first)
    published: dict[str, Any] = json.loads(first.read_bytes())
    online = published["total"]["received_online"]
    assert published["log"]["events"] == client.events_logged(), "publishing waited until all of it was counted"
    assert f"{CELL}: {online} dossiers" in motcua(client, "publications", "open", "1", CELL)

    correction = {"field": "channel", "old_value": "online", "new_value": "postal", "reason": "nhập nhầm kênh"}
    answer = client.post(f"/v1/dossiers/{code(3)}/events", json={"event": "corrected", **correction})
    assert answer.status_code == 201, answer.text
    told = motcua(client, "publications", "revise", "1", "--output", second)
    assert f"{code(3)} (corrected, known " in told
    assert f"{CELL}: {online} became {online - 1}" in told

    rebuilt = client.motcua("rebuild", "--wait", "0")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert f"{CELL}: {online} dossiers" in motcua(client, "publications", "open", "1", CELL)
    motcua(client, "publications", "note", "1", CELL, "Một hồ sơ nhập nhầm kênh.")
    motcua(client, "publications", "export", "--output", chain)
    for files in ((first,), (second,), (first, second), (chain,)):
        status, said = verified(*files)
        assert (status, "WRONG" in said) == (0, False), said
    second.write_bytes(second.read_bytes().replace(b'"corrected"', b'"corrupted"'))
    status, said = verified(first, second)
    assert (status, "its content was changed" in " ".join(said.split())) == (1, True), said
