"""One Apache Kafka node as a child process: format once, start, wait until it serves, stop."""

import asyncio
import subprocess
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from motcua.broker.config import NodeConfig
from motcua.broker.errors import BrokerDidNotStart, BrokerError
from motcua.broker.launch import Launcher, find_launcher
from motcua.broker.readiness import serves
from motcua.child import Child

START_WITHIN_S = 120.0
STOP_WITHIN_S = 20.0
LOOK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Node:
    """A formatted node and the child that runs it."""

    config: NodeConfig
    child: Child

    @property
    def bootstrap(self) -> str:
        """The address clients connect to."""
        return self.config.bootstrap

    def start(self, within: float = START_WITHIN_S) -> None:
        """Start and wait until it serves (for callers without an event loop)."""
        self.child.start()
        asyncio.run(self.wait_until_serving(within))

    async def wait_until_serving(self, within: float = START_WITHIN_S) -> None:
        """Return as soon as a client can list topics; raise when the process ends or time is up."""
        deadline = time.monotonic() + within
        while not await serves(self.bootstrap):
            if not self.child.is_running():
                fact = f"The broker ended with exit code {self.child.exit_code}"
                raise BrokerDidNotStart(self._explain(fact))
            if time.monotonic() > deadline:
                raise BrokerDidNotStart(self._explain(f"The broker did not answer on {self.bootstrap} within {within:.0f} s"))
            await asyncio.sleep(LOOK_AGAIN_S)

    def stop(self, within: float = STOP_WITHIN_S) -> int | None:
        """SIGTERM, SIGKILL after the deadline; the exit code."""
        return self.child.stop(within)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.child.kill()

    def _explain(self, fact: str) -> str:
        return f"{fact}. The end of {self.child.log}:\n{self.child.tail()}"


def prepare(config: NodeConfig, log: Path | None = None) -> Node:
    """Everything before the start: Java found, jars resolved, configuration written, storage formatted if it is new."""
    return prepare_with(find_launcher(), config, log)


def prepare_with(launcher: Launcher, config: NodeConfig, log: Path | None = None, write_archive: Path | None = None) -> Node:
    """As `prepare`, with a Java and jars already found."""
    config.write()
    if not (config.log_dir / "meta.properties").exists():
        _format(launcher, config)
    command = launcher.command(config, "kafka.Kafka", str(config.properties_file), write_archive=write_archive)
    return Node(config, Child("broker", command, log or config.data_dir / "broker.log"))


def start(data_dir: Path, port: int, controller_port: int, log: Path | None = None) -> Node:
    """A node that serves when this returns."""
    node = prepare(NodeConfig(data_dir, port, controller_port), log)
    node.start()
    return node


def _format(launcher: Launcher, config: NodeConfig) -> None:
    """Give the storage a cluster id, kept from then on in its meta.properties."""
    cluster_id = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=").replace("-", "0")
    arguments = ("format", "-t", cluster_id, "-c", str(config.properties_file), "--ignore-formatted")
    command = launcher.command(config, "kafka.tools.StorageTool", *arguments)
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        message = f"Apache Kafka's storage tool failed (exit code {answer.returncode}):\n{answer.stdout}{answer.stderr}"
        raise BrokerError(message)
