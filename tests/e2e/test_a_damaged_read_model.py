"""A read model damaged behind everybody's back: `motcua verify` finds and names it, `motcua rebuild` repairs it, `motcua verify` agrees."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.events import code, write, year
from tests.e2e.conftest import Told

DOSSIERS = 20
LOST, FORGOTTEN = code(3), code(5)


def damage(read_model: Path) -> None:
    """One dossier gone, another counts nowhere any more, and a sum says one too many."""
    with closing(sqlite3.connect(read_model, timeout=30)) as connection, connection:
        assert connection.execute("DELETE FROM dossiers WHERE code = ?", (LOST,)).rowcount == 1
        emptied = "UPDATE dossiers SET contributions = ?, flags = 0 WHERE code = ?"
        assert connection.execute(emptied, (b'["H59.15","2.000635",1,[]]', FORGOTTEN)).rowcount == 1
        assert connection.execute("UPDATE sums SET amount = amount + 1 WHERE span = 20230000 AND department = ''").rowcount > 0


def test_damage_is_found_named_and_repaired(told: Told, tmp_path: Path) -> None:
    imported = told.motcua("import", write(tmp_path / "events.ndjson", year(DOSSIERS)))
    assert imported.returncode == 0, imported.stdout + imported.stderr
    told.settle()
    period = ("2023-01-01", "2023-12-31")
    before = told.figures(*period)["total"]
    verified = told.motcua("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr

    damage(told.stack.data_dir / "reporting.db")
    assert told.figures(*period)["total"] != before
    found = told.motcua("verify", "--wait", "0", "--sample", "500")
    assert found.returncode == 1, found.stdout + found.stderr
    assert f"{LOST}: reporting does not hold it" in found.stdout
    assert FORGOTTEN in found.stdout

    tried = told.motcua("rebuild", "--dry-run", "--wait", "0")
    assert (tried.returncode, "nothing was changed" in tried.stdout) == (1, True), tried.stdout + tried.stderr
    rebuilt = told.motcua("rebuild", "--wait", "0")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert f"{LOST}: was missing" in rebuilt.stdout
    assert f"{FORGOTTEN}: counted otherwise" in rebuilt.stdout
    assert "1 too many" in rebuilt.stdout
    assert rebuilt.stdout.endswith("figures now come from the rebuilt model\n")
    assert told.figures(*period)["total"] == before
    again = told.motcua("verify", "--sample", "500")
    assert again.returncode == 0, again.stdout + again.stderr
