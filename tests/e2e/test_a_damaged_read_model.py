"""A read model damaged behind everybody's back:
`motcua verify` finds and names it, `motcua rebuild` repairs it, `motcua verify` agrees."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.events import code, write, year
from tests.e2e.conftest import StackClient

DOSSIERS = 20
LOST, FORGOTTEN, GARBLED = code(3), code(5), code(9)


def damage(read_model: Path) -> None:
    """One dossier gone, another counts nowhere any more, a third is garbled, and a sum says one too many."""
    with closing(sqlite3.connect(read_model, timeout=30)) as connection, connection:
        assert connection.execute("DELETE FROM dossiers WHERE code = ?", (LOST,)).rowcount == 1
        emptied = "UPDATE dossiers SET contributions = ?, flags = 0 WHERE code = ?"
        assert connection.execute(emptied, (b'["H59.15","2.000635",1,[]]', FORGOTTEN)).rowcount == 1
        garbled = "UPDATE dossiers SET snapshot = x'00', listed = x'00ff', contributions = x'00ff' WHERE code = ?"
        assert connection.execute(garbled, (GARBLED,)).rowcount == 1
        assert (
            connection.execute("UPDATE sums SET amount = amount + 1 WHERE span = 20230000 AND department = ''").rowcount
            > 0
        )


LATE = code(7)
SMALL = {  # what to write into the read model, and what `motcua verify` must then name
    "a-day-of-a-procedure": (
        (
            "UPDATE sums SET amount = amount + 1 WHERE span = 20231208 "
            "AND procedure = '2.000635' AND channel = 1 AND measure = 1"
        ),
        "sum of 2023-12-08, H59.15, 2.000635, online, received: reporting says 21, its dossiers make 20",
    ),
    "a-day-of-a-department": (
        (
            "UPDATE sums SET amount = amount + 1 WHERE span = 20231208 "
            "AND procedure = '' AND department = 'H59.15' AND measure = 1"
        ),
        "sum of 2023-12-08, H59.15, online, received: reporting says 21, its dossiers make 20",
    ),
    "a-closing-day": (
        f"UPDATE dossiers SET closed_day = closed_day + 1 WHERE code = '{LATE}'",
        f"{LATE}: reporting, beside its own snapshot: counted otherwise (closed_day)",
    ),
}


@pytest.fixture(scope="module")
def client(module_client: StackClient, tmp_path_factory: pytest.TempPathFactory) -> StackClient:
    """A stack with the dossiers of a year; who damages it repairs it."""
    events = write(tmp_path_factory.mktemp("year") / "events.ndjson", year(DOSSIERS))
    imported = module_client.motcua("import", events)
    assert imported.returncode == 0, imported.stdout + imported.stderr
    module_client.settle()
    return module_client


@pytest.mark.long
def test_one_unit_in_one_row_is_found_and_named(client: StackClient, subtests: pytest.Subtests) -> None:
    for name, (planted, said) in SMALL.items():
        with (
            subtests.test(name),
            closing(sqlite3.connect(client.stack.data_dir / "reporting.db", timeout=30)) as connection,
        ):
            with connection:
                assert connection.execute(planted).rowcount == 1
            found = client.motcua("verify", "--wait", "0")
            assert found.returncode == 1, found.stdout + found.stderr
            assert said in found.stdout.replace("\n  ", " ")
            with connection:
                assert connection.execute(planted.replace("+ 1 WHERE", "- 1 WHERE")).rowcount == 1
    again = client.motcua("verify")
    assert again.returncode == 0, again.stdout + again.stderr


def test_damage_is_found_named_and_repaired(client: StackClient) -> None:
    period = ("2023-01-01", "2023-12-31")
    before = client.figures(*period)["total"]
    verified = client.motcua("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr

    damage(client.stack.data_dir / "reporting.db")
    assert client.figures(*period)["total"] != before
    found = client.motcua("verify", "--wait", "0", "--sample", "500")
    assert found.returncode == 1, found.stdout + found.stderr
    assert f"{LOST}: reporting does not hold it" in found.stdout
    assert FORGOTTEN in found.stdout
    assert GARBLED in found.stdout

    tried = client.motcua("rebuild", "--dry-run", "--wait", "0")
    assert (tried.returncode, "nothing was changed" in tried.stdout) == (1, True), tried.stdout + tried.stderr
    rebuilt = client.motcua("rebuild", "--wait", "0")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert f"{LOST}: was missing" in rebuilt.stdout
    assert f"{FORGOTTEN}: counted otherwise" in rebuilt.stdout
    assert f"{GARBLED}: its snapshot could not be read" in rebuilt.stdout
    assert "1 too many" in rebuilt.stdout
    assert rebuilt.stdout.endswith("figures now come from the rebuilt model\n")
    assert client.figures(*period)["total"] == before
    again = client.motcua("verify", "--sample", "500")
    assert again.returncode == 0, again.stdout + again.stderr
