"""The embedded broker: Apache Kafka itself, one KRaft node that keeps what it acknowledged (decision 0001).

`python -m motcua.stack.broker` makes sure that it can start (Java, jars, the archive of its classes), for make setup.
"""

import asyncio
import hashlib
import logging
import socket
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from motcua.stack.child import Child
from motcua.stack.failures import BrokerDidNotStart, BrokerError
from motcua.stack.jars import Java, find_java, resolve_jars

START_WITHIN_S = 120.0
STOP_WITHIN_S = 20.0
WRITE_ARCHIVE_WITHIN_S = 60.0
LOOK_AGAIN_S = 0.05
ANSWER_WITHIN_S = 5.0
NOTHING_EXPIRES = 2**31 - 1
SMALL_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)
LOG4J2 = """\
<Configuration status="ERROR" shutdownHook="disable">
  <Appenders>
    <Console name="out" target="SYSTEM_OUT"><PatternLayout pattern="%d{ISO8601} %p %c{1}: %m%n"/></Console>
  </Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="out"/></Root>
    <Logger name="org.apache.kafka.common.config.AbstractConfig" level="ERROR"/>
  </Loggers>
</Configuration>
"""
SINGLE_NODE: dict[str, str | int] = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "log.flush.interval.messages": 1,  # what is acknowledged is on the disk: the durability that decision 0001 weighs
    "offsets.topic.num.partitions": 4,
    "offsets.topic.replication.factor": 1,
    "offsets.retention.minutes": NOTHING_EXPIRES,
    "transaction.state.log.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "broker.session.timeout.ms": 3000,  # a killed broker is let in again only when its old session has ended
    "broker.heartbeat.interval.ms": 500,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 4,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    "log.cleaner.io.buffer.size": 1024 * 1024 // 2,
}


class NodeConfig:
    """Where one node keeps its data and listens."""

    def __init__(self, data_dir: Path, port: int, controller_port: int) -> None:
        self.data_dir, self.port, self.controller_port = data_dir, port, controller_port
        self.bootstrap = f"127.0.0.1:{port}"  # the address clients connect to
        self.properties_file = data_dir / "server.properties"
        self.log4j2_file = data_dir / "log4j2.xml"
        self.log_dir = data_dir / "data"  # the partitions, and meta.properties with the cluster's id

    def write(self) -> None:
        """Write both files; they are derived, so a port may differ from one start to the next."""
        controller = f"127.0.0.1:{self.controller_port}"
        properties = SINGLE_NODE | {
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "log.dirs": str(self.log_dir),
        }
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.properties_file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        self.log4j2_file.write_text(LOG4J2)


@dataclass(frozen=True, slots=True)
class Launcher:
    """A Java and the jars it runs."""

    java: Java
    jars: Path

    @property
    def archive(self) -> Path:
        """The archive of the classes of exactly this Java and these jars, which halves every start."""
        return self.jars / f"classes-{hashlib.sha256(self.java.release.encode()).hexdigest()[:12]}.jsa"

    def command(
        self, config: NodeConfig, main_class: str, *arguments: str, write_archive: Path | None = None
    ) -> list[str]:
        """A main class of Apache Kafka in a small JVM; asked to, it writes the archive of its classes when it ends."""
        if write_archive:
            archive = [f"-XX:ArchiveClassesAtExit={write_archive}"]
        elif self.archive.exists():  # a JVM that refuses the archive starts without it, so a stale one is no error
            archive = [
                f"-XX:SharedArchiveFile={self.archive}",
                "-Xshare:auto",
                "-Xlog:cds=off",
                "-Xlog:cds+dynamic=off",
            ]
        else:
            archive = []
        classpath = ":".join(str(jar) for jar in sorted(self.jars.glob("*.jar")))
        logs = f"-Dlog4j2.configurationFile={config.log4j2_file}"
        return [self.java.path, *SMALL_JVM, *archive, logs, "-cp", classpath, main_class, *arguments]

    def ensure_archive(self) -> bool:
        """Whether the archive is there now, made by one trial run; a Java that cannot write one is no error."""
        if self.archive.exists():
            return True
        with tempfile.TemporaryDirectory(prefix="archive-", dir=self.jars.parent) as scratch:
            draft = Path(scratch) / self.archive.name
            with socket.socket() as first, socket.socket() as second:
                first.bind(("127.0.0.1", 0))
                second.bind(("127.0.0.1", 0))
                port, controller_port = first.getsockname()[1], second.getsockname()[1]
            node = prepare(
                NodeConfig(Path(scratch) / "kafka", port, controller_port), launcher=self, write_archive=draft
            )
            try:
                node.start()
            finally:
                node.stop(WRITE_ARCHIVE_WITHIN_S)
            if draft.exists():
                draft.rename(self.archive)
        return self.archive.exists()


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
                raise self._did_not_start(f"The broker ended with exit code {self.child.exit_code}")
            if time.monotonic() > deadline:
                raise self._did_not_start(f"The broker did not answer on {self.bootstrap} within {within:.0f} s")
            await asyncio.sleep(LOOK_AGAIN_S)

    def stop(self, within: float = STOP_WITHIN_S) -> int | None:
        """SIGTERM, SIGKILL after the deadline; the exit code."""
        return self.child.stop(within)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.child.kill()

    def _did_not_start(self, fact: str) -> BrokerDidNotStart:
        return BrokerDidNotStart(f"{fact}. The end of {self.child.log}:\n{self.child.tail()}")


def prepare(
    config: NodeConfig, log: Path | None = None, launcher: Launcher | None = None, write_archive: Path | None = None
) -> Node:
    """Everything before the start: Java found, jars resolved, configuration written, storage formatted if it is new."""
    launcher = launcher or Launcher(find_java(), resolve_jars())
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
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise BrokerError(f"Apache Kafka's storage tool failed (exit code {ran.returncode}):\n{ran.stdout}{ran.stderr}")


async def serves(bootstrap: str) -> bool:
    """Whether the broker answers a client that asks for its topics: asked of itself, never read from a log line."""
    host, _, port = bootstrap.rpartition(":")
    try:  # cheaper than a client, and silent
        (await asyncio.to_thread(socket.create_connection, (host, int(port)), timeout=1)).close()
    except OSError:
        return False
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(ANSWER_WITHIN_S * 1000))
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await client.start()
            await client.list_topics()
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
    return True


def main() -> int:
    """Resolve what the embedded broker needs; 1 and a message when it cannot be had."""
    try:
        launcher = Launcher(find_java(), resolve_jars())
        archived = launcher.ensure_archive()
    except BrokerError as error:
        print(error, file=sys.stderr)
        return 1
    slower = "" if archived else " (this Java writes no class archive: starts take a second longer)"
    print(f"Apache Kafka is in {launcher.jars}{slower}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
