"""The real log of a real counter, through `motcua up` and `motcua import`:
figures against a straight loop over its events."""

import gzip
import json
from calendar import monthrange
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import StackClient
from tests.support.recount import TOTAL, recount

LOG = Path(__file__).parents[3] / "shared" / "data" / "coselog-receipt.ndjson.gz"
WHOLE = {
    "received_total": 1434,
    "received_online": 1271,
    "received_in_person": 110,
    "received_postal": 53,
    "carried_over": 0,
}
WHOLE |= {"resolved_total": 1329, "resolved_early": 937, "resolved_on_time": 70, "resolved_overdue": 322}
WHOLE |= {"in_progress_total": 105, "in_progress_within": 1, "in_progress_overdue": 104}


def months() -> list[tuple[date, date]]:
    """Every month the log touches, and one on either side."""
    numbers = (
        [(2010, month) for month in range(9, 13)]
        + [(2011, month) for month in range(1, 13)]
        + [(2012, 1), (2012, 2), (2012, 3)]
    )
    return [(date(year, month, 1), date(year, month, monthrange(year, month)[1])) for year, month in numbers]


@pytest.mark.long
@pytest.mark.skipif(not LOG.exists(), reason=f"the counter's log is not here: {LOG.name}")
def test_the_counters_log_gives_exactly_the_figures_of_a_straight_loop(client: StackClient, tmp_path: Path) -> None:
    events = [json.loads(line) for line in gzip.decompress(LOG.read_bytes()).splitlines()]
    copy = tmp_path / LOG.name
    copy.write_bytes(LOG.read_bytes())
    imported = client.motcua("import", copy)
    assert imported.returncode == 0, imported.stdout + imported.stderr
    client.settle()

    found = client.figures("2010-01-01", "2012-12-31")["total"]
    assert {name: found[name] for name in WHOLE} == WHOLE
    for first, last in [(date(2010, 1, 1), date(2012, 12, 31)), *months()]:
        answer = client.figures(str(first), str(last), by="department")
        assert all(identity["holds"] for identity in answer["identities"])
        expected = recount(events, first, last)
        assert_same(answer["total"], expected.pop(TOTAL), f"{first}..{last}")
        rows = {row["key"]["department"]: row for row in answer["rows"]}
        assert set(rows) == set(expected), f"{first}..{last}"
        for department, row in expected.items():
            assert_same(rows[department], row, f"{department} {first}..{last}")

    again = client.motcua("import", copy)
    assert again.returncode == 0, again.stdout + again.stderr
    assert client.figures("2010-01-01", "2012-12-31")["total"] == found
    verified = client.motcua("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def assert_same(found: dict[str, Any], expected: dict[str, int], where: str) -> None:
    assert {name: found[name] for name in expected} == expected, where
