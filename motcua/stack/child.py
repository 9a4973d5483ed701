"""A child process of the local stack: own session, own log file, dead when its parent is dead."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

MOST_LOG_BYTES = 16 << 20
TAIL_BYTES = 64 << 10
TETHER = Path(__file__).with_name("tether.py")


@dataclass(slots=True)
class Child:
    """One command; start it from a thread that outlives it, for it dies with that thread."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None  # where it runs; here when none is named
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the command; what it prints goes to the end of its log file, of which one older one is kept."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self.rotate()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C reaches the runner only, which stops its children in order
            )

    def rotate(self) -> None:
        """Keep a log that has grown large as the older one, and begin anew; whoever writes to it goes on, at its end.

        What is written between the copy and the cut is lost; the services' own record is elsewhere.
        """
        with suppress(OSError):  # a full disk keeps nothing else from going on
            if self.log.exists() and self.log.stat().st_size > MOST_LOG_BYTES:
                shutil.copyfile(self.log, self.log.with_name(f"{self.log.name}.old"))
                os.truncate(self.log, 0)

    @property
    def pid(self) -> int:
        """The process id; the child must have been started."""
        return self._started().pid

    @property
    def exit_code(self) -> int | None:
        """How it ended (minus the signal's number when a signal ended it); None while it runs or was never started."""
        return None if self.process is None else self.process.poll()

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; one that is gone already needs none."""
        if self.is_running():
            self._started().send_signal(number)

    def stop(self, within: float) -> int | None:
        """SIGTERM, then SIGKILL after so many seconds; its exit code."""
        if self.process is None:
            return None
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """SIGKILL, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        return self._started().wait()

    def tail(self, lines: int = 20) -> str:
        """The end of its log file, for a message about its death."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])

    def _started(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            message = f"{self.name} was not started"
            raise RuntimeError(message)
        return self.process
