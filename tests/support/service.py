"""One service in a process of its own, as an operator runs it, to be killed and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.tethered import tethered
from tests.support.wait import wait_until

KEY = "a-key-for-tests-only"
HEADERS = {"Authorization": f"Bearer {KEY}"}
READY_WITHIN_S = 60.0


@dataclass(slots=True)
class Service:
    """`python -m services.<name>` on a port of its own; output in `log`."""

    name: str
    port: int
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it is ready."""
        prefix = f"MOTCUA_{self.name.upper()}_"
        own = {"PORT": str(self.port), "API_KEY": KEY, **self.environment}
        named = {prefix + name: value for name, value in own.items()}
        command = tethered(sys.executable, "-m", f"services.{self.name}")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **named}, stdout=log, stderr=log)
        wait_until(self._is_ready, READY_WITHIN_S, f"{self.name} is ready ({self.log})")

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (
            f"{self.name} ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}"
        )
        try:
            return (
                httpx.get(f"{self.url}/healthz/ready", verify=False).status_code == httpx.codes.OK
            )  # TLS takes 20 ms to set up
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """As a power cut would end it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)


@contextmanager
def service(name: str, port: int, environment: Mapping[str, str], log: Path) -> Iterator[Service]:
    """A started service, ended at the end if it still runs."""
    running = Service(name, port, environment, log)
    try:
        running.start()
        yield running
    finally:
        if running.process is not None and running.process.poll() is None:
            running.kill()
