"""The long form: every kind of attempt in turn, for as long as asked, then the table (`make fuzz`)."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.forms import OF_INTAKE, OF_REPORTING, forms
from tests.fuzz.lines import events, lines
from tests.fuzz.requests import requests
from tests.fuzz.tally import Tally, table
from tests.fuzz.targets import Targets, targets


def main() -> int:
    """1 when anything was wrong."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--seed", type=int, default=1, help="where the numbers of the rounds begin")
    given = asked.parse_args()
    found: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory(prefix="motcua-fuzz-") as folder, targets(Path(folder)) as at:
        number, until = given.seed, time.monotonic() + 60 * given.minutes
        while time.monotonic() < until:
            for tally in _round(at, number):
                found.setdefault(tally.name, Tally(tally.name)).add(tally)
            number += 1
    sys.stdout.write(table(found.values()) + "\n")
    return 1 if any(tally.wrong for tally in found.values()) else 0


def _round(at: Targets, number: int) -> list[Tally]:
    return [
        requests("intake", at.intake, 5, number),
        requests("processing", at.processing, 5, number),
        requests("reporting", at.reporting, 5, number),
        lines(at.intake, 25, number),
        events(5_000, number),
        forms("intake", at.intake, OF_INTAKE, 300, number),
        forms("reporting", at.reporting, OF_REPORTING, 300, number),
    ]


if __name__ == "__main__":
    sys.exit(main())
