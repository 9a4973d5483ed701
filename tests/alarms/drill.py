"""The drill: every fault of a stack, one after the other, from quiet to quiet."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx

from tests.alarms.faults import DISK_BYTES, WATCHDOG, Fault, Scene, Seen, seen, watchdog_silent
from tests.support.alarms import alarms
from tests.support.ports import free_port_base
from tests.support.stack import start_stack

HASTEN = 10.0
SHIPPED_WITHIN_S = 2400.0
LEAST_WITHIN_S = 150.0


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
        with alarms(stack, folder / "alarms", hasten=hasten) as listening:
            scene = Scene(stack, listening)
            for fault in (*faults, WATCHDOG):
                try:
                    listening.until_quiet(within)
                    found = (watchdog_silent if fault is WATCHDOG else partial(seen, fault=fault))(scene, within=within)
                    rows.append(found)
                    print(row(found), flush=True)
                    if found.others:
                        wrong.append(f"{fault.name}: also {', '.join(sorted(found.others))}")
                except (AssertionError, httpx.HTTPError) as missed:
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
