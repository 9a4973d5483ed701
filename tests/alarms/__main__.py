"""`python -m tests.alarms`: every fault through a real stack, Prometheus and Alertmanager, for docs/alerts.md."""

import argparse
import sys
from pathlib import Path

from tests.alarms.drill import HASTEN, disk_of_its_own, drill, row
from tests.alarms.faults import FAULTS

PAGE = Path("docs/alerts.md")
BEGINS, ENDS = "<!-- the drill's table begins -->\n", "<!-- the drill's table ends -->\n"
HEAD = ["| fault | alert | seconds to fire | seconds to resolve |", "|---|---|---|---|"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.alarms", description=__doc__)
    parser.add_argument(
        "--hasten", type=float, default=HASTEN, help="divide the rules' durations by this; 1: as shipped"
    )
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    parser.add_argument("faults", nargs="*", help="beginnings of the faults' names; all when none is named")
    chosen = parser.parse_args(arguments)
    wanted = [one for one in FAULTS if not chosen.faults or one.name.startswith(tuple(chosen.faults))]
    with disk_of_its_own() as (folder, is_own):
        if not is_own:
            print("no disk of its own can be mounted here: the fault `disk filling` is left out", flush=True)
            wanted = [one for one in wanted if one.alert != "MotcuaDiskFull"]
        rows, wrong = drill(folder, wanted, chosen.hasten)
    table = "\n".join([*HEAD, *map(row, rows), ""])
    print(table)
    if chosen.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGINS)
        PAGE.write_text(f"{before}{BEGINS}{table}{ENDS}{rest.split(ENDS)[1]}", encoding="utf-8")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
