"""An embedded broker that listens by TLS: for who is trusted by certificate, for who knows a password, and with a
certificate that has expired."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from motcua.stack.broker import Launcher, NodeConfig, prepare
from motcua.stack.jars import find_java, resolve_jars
from tests.support.certificates import Authority
from tests.support.ports import free_port_base

USER, PASSWORD = "motcua", "p-as s=w0rd"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True, slots=True)
class GuardedBroker:
    """Where its listeners are; the names in them are those of the certificate but for `other_name`."""

    plain: str
    ssl: str
    sasl: str
    expired: str
    other_name: str
    log: Path


class _GuardedConfig(NodeConfig):
    """The embedded broker's configuration with more listeners."""

    def __init__(self, folder: Path, ports: int, properties: Mapping[str, str]) -> None:
        super().__init__(folder, ports, ports + 1)
        self._properties = properties

    def write(self) -> None:
        super().write()
        with self.properties_file.open("a") as file:  # of a name that is there twice the last counts
            file.writelines(f"{name}={value}\n" for name, value in self._properties.items())


@contextmanager
def guarded_broker(
    folder: Path, authority: Authority, more: Mapping[str, str] | None = None
) -> Iterator[GuardedBroker]:
    """A broker whose clients come by TLS; what it says to itself stays plain. `more` are properties of one's own."""
    ports = free_port_base(5)
    good = authority.sign("broker", "localhost")
    old = authority.sign("old-broker", "localhost", expired=True)
    listeners = {"PLAINTEXT": ports, "SSL": ports + 2, "SASL_SSL": ports + 3, "EXPIRED": ports + 4}
    addresses = {
        name: f"{'127.0.0.1' if name == 'PLAINTEXT' else 'localhost'}:{port}" for name, port in listeners.items()
    }
    advertised = ",".join(f"{name}://{address}" for name, address in addresses.items())

    properties = {
        "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())
        + f",CONTROLLER://127.0.0.1:{ports + 1}",
        "advertised.listeners": advertised,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "SSL:SSL,SASL_SSL:SASL_SSL,EXPIRED:SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(good.both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.cafile),
        "listener.name.ssl.ssl.client.auth": "required",
        "listener.name.expired.ssl.keystore.type": "PEM",
        "listener.name.expired.ssl.keystore.location": str(old.both),
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": f'{_PLAIN} user_{USER}="{PASSWORD}";',
        "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": _SCRAM,
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": _SCRAM,
    }
    config = _GuardedConfig(folder, ports, properties | dict(more or {}))
    launcher = Launcher(find_java(), resolve_jars())
    config.write()
    _format(launcher, config)
    node = prepare(config, launcher=launcher)
    node.start()
    try:
        other_name = f"127.0.0.1:{listeners['SSL']}"
        yield GuardedBroker(
            addresses["PLAINTEXT"],
            addresses["SSL"],
            addresses["SASL_SSL"],
            addresses["EXPIRED"],
            other_name,
            node.child.log,
        )
    finally:
        node.stop()


def _format(launcher: Launcher, config: NodeConfig) -> None:
    """The storage with the user's SCRAM passwords in it: a broker without any could not be asked to make them."""
    users = [
        part
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for part in ("--add-scram", f'{mechanism}=[name={USER},password="{PASSWORD}"]')
    ]
    arguments = ("format", "-t", "bW90Y3VhLXRscy10ZXN0cw", "-c", str(config.properties_file), *users)
    ran = subprocess.run(
        launcher.command(config, "kafka.tools.StorageTool", *arguments), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
