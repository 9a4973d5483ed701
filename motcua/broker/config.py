"""The configuration of one small KRaft node that keeps what it acknowledged."""

from dataclasses import dataclass
from pathlib import Path

NOTHING_EXPIRES = 2**31 - 1

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


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Where one node keeps its data and listens; `flush_every_append` is the durability that decision 0001 weighs."""

    data_dir: Path
    port: int
    controller_port: int
    flush_every_append: bool = True

    @property
    def bootstrap(self) -> str:
        """The address clients connect to."""
        return f"127.0.0.1:{self.port}"

    @property
    def properties_file(self) -> Path:
        """Kafka's own configuration file."""
        return self.data_dir / "server.properties"

    @property
    def log4j2_file(self) -> Path:
        """What the broker prints: warnings and errors."""
        return self.data_dir / "log4j2.xml"

    @property
    def log_dir(self) -> Path:
        """The partitions, and meta.properties with the cluster's id."""
        return self.data_dir / "data"

    def write(self) -> None:
        """Write both files; they are derived, so a port may differ from one start to the next."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.properties_file.write_text("".join(f"{name}={value}\n" for name, value in self._properties().items()))
        self.log4j2_file.write_text(LOG4J2)

    def _properties(self) -> dict[str, str | int]:
        client, controller = f"PLAINTEXT://{self.bootstrap}", f"CONTROLLER://127.0.0.1:{self.controller_port}"
        node: dict[str, str | int] = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"{client},{controller}",
            "advertised.listeners": client,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(self.log_dir),
            "auto.create.topics.enable": "false",
        }
        return node | self._durability() | _SINGLE_NODE | _SMALL

    def _durability(self) -> dict[str, str | int]:
        return {"log.flush.interval.messages": 1} if self.flush_every_append else {}


_SINGLE_NODE: dict[str, str | int] = {
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
}
_SMALL: dict[str, str | int] = {
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 4,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    "log.cleaner.io.buffer.size": 1024 * 1024 // 2,
}
