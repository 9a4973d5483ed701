"""What an office does with a year of dossiers at the terminal:
report it, open its figures, explain a dossier, follow up the open ones."""

import json
from pathlib import Path

from motcua.stack.generate.year import generate_file
from tests.e2e.conftest import StackClient

YEAR = ("--from", "2023-01-01", "--to", "2023-11-30")
RESOLVED, LATE, OPEN = 1044, 3, 12  # what the scenario asks for
SHOWN_UNLESS_ASKED = 40


def said(client: StackClient, *arguments: str) -> list[str]:
    """The lines of a command that ends well and warns of nothing."""
    ended = client.motcua(*arguments)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    lines = [line.rstrip() for line in ended.stdout.splitlines()]
    assert max(map(len, lines)) <= 80
    return lines


def test_a_year_is_reported_opened_explained_and_followed_up(client: StackClient, tmp_path: Path) -> None:
    events = tmp_path / "year.ndjson"
    generate_file("quang-tri-2023", events)
    imported = client.motcua("import", events)
    assert imported.returncode == 0, imported.stdout + imported.stderr
    client.settle()

    departments = {row["key"]["department"] for row in client.figures(YEAR[1], YEAR[3], by="department")["rows"]}
    report = said(client, "report", *YEAR, "--by", "department")
    assert "1,056 dossiers were to be handled" in report[0]
    assert all(any(f"({code})" in line for line in report) for code in departments)
    total = next(line for line in report if line.startswith("Total"))
    assert (total.split()[5], total.split()[8], total.split()[9]) == ("1,044", str(LATE), str(OPEN))

    late = said(client, "open", "resolved_overdue", *YEAR)
    codes = [line.split()[0] for line in late if line.endswith(" overdue")]
    assert len(set(codes)) == LATE
    assert any(
        line.startswith(f"resolved_overdue: {LATE} dossiers; from 1 Jan 2023 to 30 Nov 2023 by by-date/1")
        for line in late
    )

    resolved = said(client, "open", "resolved_total", *YEAR)
    assert sum(line.startswith("H59.") for line in resolved) == SHOWN_UNLESS_ASKED
    assert any(line.startswith("resolved_total: 1,044 dossiers, the first 40 shown;") for line in resolved)
    every = client.motcua("open", "resolved_total", *YEAR, "--format", "ndjson")
    assert every.returncode == 0, every.stderr
    assert len({json.loads(line)["code"] for line in every.stdout.splitlines()}) == RESOLVED

    explained = said(client, "explain", codes[0])
    assert explained[0].startswith(f"{codes[0]}: ")
    assert any("overdue by by-date/1" in line for line in explained)

    attention = said(client, "attention", "--limit", "100")
    assert sum(line.startswith("    H59.") for line in attention) == OPEN
