"""The files that one event passes on its way from intake's route to a figure, seen by a profiler in each service."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import httpx

from motcua.client import Services
from motcua.stack.stack import Stack

ROOT = Path(__file__).parents[1]
PORT = 18460
BEGIN, END = signal.SIGRTMIN + 1, signal.SIGRTMIN + 2  # the worker of processing keeps SIGUSR1 and SIGUSR2 for itself
GIVE_UP_SECONDS = 60.0
DOSSIER = {"department": "H59.15", "procedure": "2.000635", "channel": "online"}
PROFILER = """
import os, signal, sys

def begin(*_):
    seen = set()
    def profile(frame, event, _):
        if event == "call":
            seen.add(frame.f_code.co_filename)
    def end(*_):
        sys.setprofile(None)
        with open(os.path.join(os.environ["PASSED_FILES"], f"{os.getpid()}.new"), "w") as file:
            file.write("\\n".join(sorted(seen)))
        os.rename(file.name, file.name.removesuffix(".new"))
    signal.signal(signal.SIGRTMIN + 2, end)
    sys.setprofile(profile)

if any(name in sys.orig_argv for name in ("services.intake", "services.processing", "services.reporting")):
    signal.signal(signal.SIGRTMIN + 1, begin)
"""


async def passed() -> dict[str, list[str]]:
    """By service, the files of the product in which anything ran from a posted dossier to the figures that count it."""
    with tempfile.TemporaryDirectory(prefix="motcua-way-") as name:
        folder = Path(name)
        (folder / "sitecustomize.py").write_text(PROFILER)
        os.environ |= {"PYTHONPATH": name, "PASSED_FILES": name}
        async with Stack(folder / "stack", PORT, restart=False, say=lambda _: None) as stack:
            services = stack.running.services
            children = {service: child.pid for service, child in stack.children.items() if service != "broker"}
            async with httpx.AsyncClient(headers=services.headers, trust_env=False) as client:
                await _post_and_see(client, services, 1)  # what runs only once is no part of the way
                for pid in children.values():
                    os.kill(pid, BEGIN)
                await _post_and_see(client, services, 2)
            found = {}
            for service, pid in children.items():
                os.kill(pid, END)
                found[service] = _files(folder / str(pid))
        return found


async def _post_and_see(client: httpx.AsyncClient, services: Services, count: int) -> None:
    (await client.post(f"{services.intake}/v1/dossiers", json=DOSSIER)).raise_for_status()
    give_up = time.monotonic() + GIVE_UP_SECONDS
    year = {"from": "2000-01-01", "to": "2099-12-31"}
    while (await client.get(f"{services.reporting}/v1/figures", params=year)).json()["total"]["received_total"] < count:
        assert time.monotonic() < give_up, "the figures do not show the dossier"
        await asyncio.sleep(0.05)


def _files(written: Path) -> list[str]:
    while not written.exists():
        time.sleep(0.05)
    files = (Path(line) for line in written.read_text().splitlines() if line.startswith(str(ROOT)))
    return sorted(str(file.relative_to(ROOT)) for file in files if ".venv" not in file.parts)


def main() -> int:
    """Print how many they are; `--list` names them."""
    found = asyncio.run(passed())
    every = {file for files in found.values() for file in files}
    by_service = ", ".join(f"{service} {len(files)}" for service, files in found.items())
    sys.stdout.write(f"an event passes {len(every)} files from its route to a figure ({by_service})\n")
    if "--list" in sys.argv:
        for service, files in found.items():
            sys.stdout.write(f"{service}\n" + "".join(f"  {file}\n" for file in files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
