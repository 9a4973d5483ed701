"""A whole local stack for tests, started as a person starts it: `motcua up` in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.tethered import tethered
from tests.support.wait import wait_until

READY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 120.0  # longer than the runner gives its children in all
MOTCUA = Path(sys.executable).with_name("motcua")


@dataclass(frozen=True, slots=True)
class RunningStack:
    """What the ready line says, and the process that said it."""

    process: subprocess.Popen[str]
    data_dir: Path
    port_base: int
    intake: str
    processing: str
    reporting: str
    broker: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """What every call under /v1 must carry."""
        return {"Authorization": f"Bearer {self.key}"}

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOPPED_WITHIN_S)

    def kill(self) -> None:
        """SIGKILL, if it is still there: its children must follow by themselves."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def start_stack(
    data_dir: Path,
    port_base: int,
    environment: Mapping[str, str] | None = None,
    *,
    command: Sequence[str | Path] = (MOTCUA,),
    folder: Path | None = None,
) -> RunningStack:
    """Start it and return when it says that it is ready. `command` and `folder` name another version of the product."""
    data_dir.mkdir(parents=True, exist_ok=True)
    output, errors = data_dir / "up.out", data_dir / "up.err"
    with output.open("w") as out, errors.open("w") as err:
        process = subprocess.Popen(
            tethered(*command, "up", "--data-dir", data_dir, "--port-base", str(port_base)),
            cwd=folder,
            stdout=out,
            stderr=err,
            text=True,
            env={**os.environ, **(environment or {})},
        )
    try:
        wait_until(
            lambda: output.read_text().endswith("\n") or process.poll() is not None,
            READY_WITHIN_S,
            "motcua up says that it is ready",
        )
        line = output.read_text()
        assert line.startswith("ready "), f"exit code {process.poll()}, said {line!r}:\n{errors.read_text()}"
    except AssertionError:
        process.kill()
        process.wait()
        raise
    said = dict(word.split("=", 1) for word in line.split()[1:])
    return RunningStack(process, data_dir, port_base, **said)
