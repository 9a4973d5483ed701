"""`python -m tests.alarms`: every fault through a real stack, Prometheus and Alertmanager, for docs/alerts.md."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.alarms.faults import DISK_BYTES, FAULTS, WITHIN_A_DAY, Fault, Scene, Seen, seen
from tests.support.alarms import alarms
from tests.support.ports import free_port_base
from tests.support.stack import start_stack

PAGE = Path("docs/alerts.md")
BEGINS, ENDS = "<!-- the drill's table begins -->\n", "<!-- the drill's table ends -->\n"
HASTEN = 10.0
SHIPPED_WITHIN_S = 2400.0
LEAST_WITHIN_S = 150.0


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
    table = "\n".join(
        ["| fault | alert | seconds to fire | seconds to resolve |", "|---|---|---|---|", *map(row, rows), ""]
    )
    print(table)
    if chosen.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGINS)
        PAGE.write_text(f"{before}{BEGINS}{table}{ENDS}{rest.split(ENDS)[1]}", encoding="utf-8")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


@contextmanager
def disk_of_its_own() -> Iterator[tuple[Path, bool]]:
    """A folder on a small disk in memory, where this user may mount one; else an ordinary folder."""
    folder = Path(tempfile.mkdtemp(prefix="motcua-alarms-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "motcua-alarms", str(folder)]
    is_own = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield folder, is_own
    finally:
        if is_own:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def drill(folder: Path, faults: Iterable[Fault], hasten: float) -> tuple[list[Seen], list[str]]:
    """One after the other on one stack, each from quiet to quiet; what was wrong is said in words."""
    within = max(LEAST_WITHIN_S, SHIPPED_WITHIN_S / hasten)
    rows, wrong = [], []
    stack = start_stack(folder / "stack", free_port_base())
    try:
        with alarms(stack, folder / "alarms", hasten=hasten, instead={WITHIN_A_DAY: "0) < 0"}) as listening:
            scene = Scene(stack, listening)
            for fault in faults:
                try:
                    listening.until_quiet(within)
                    found = seen(scene, fault, within=within)
                    rows.append(found)
                    print(row(found), flush=True)
                    if found.others:
                        wrong.append(f"{fault.name}: also {', '.join(sorted(found.others))}")
                except AssertionError as missed:
                    wrong.append(f"{fault.name}: {missed}")
                    print(wrong[-1], file=sys.stderr, flush=True)
            wrong.extend(what_pint_finds(listening.prometheus))
            if not any(one.name == "MotcuaWatchdog" for one in listening.told):
                wrong.append("the watchdog was not told")
    finally:
        stack.stop()
        stack.kill()
    return rows, wrong


def what_pint_finds(prometheus: str) -> list[str]:
    """The shipped rules, held by pint against the Prometheus that has seen the faults; `make pint` installs it."""
    if not (pint := shutil.which("pint")):
        print("pint is not installed: the rules are not held against the live Prometheus", flush=True)
        return []
    command = [pint, "--no-color", "-l", "error", "-c", "deploy/prometheus/pint.hcl", "lint", "-n", "bug"]
    environment = {**os.environ, "PROMETHEUS_URL": prometheus}
    answer = subprocess.run(
        [*command, "deploy/prometheus/rules"], env=environment, capture_output=True, text=True, check=False
    )
    print(f"pint: exit code {answer.returncode}", flush=True)
    return [] if answer.returncode == 0 else [f"pint: {answer.stdout}{answer.stderr}"]


def row(found: Seen) -> str:
    labels = ", ".join(found.fault.labels.values())
    alert = f"{found.fault.alert} ({labels})" if labels else found.fault.alert
    return f"| {found.fault.name} | {alert} | {found.fired:.0f} | {found.resolved:.0f} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
