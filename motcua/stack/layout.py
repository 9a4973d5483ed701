"""Where a local stack keeps its files and on which ports its parts listen."""

from dataclasses import dataclass
from pathlib import Path

SERVICES = ("intake", "processing", "reporting")
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Layout:
    """A data folder and the first port of six."""

    data_dir: Path
    port_base: int

    @property
    def ports(self) -> dict[str, int]:
        """The services' ports: base+1, +2, +3."""
        return {service: self.port_base + offset for offset, service in enumerate(SERVICES, start=1)}

    @property
    def broker_ports(self) -> dict[str, int]:
        """The embedded broker's ports: base+4 for clients, +5 for its controller."""
        return {"the broker": self.port_base + 4, "the broker's controller": self.port_base + 5}

    @property
    def urls(self) -> dict[str, str]:
        """The services' addresses."""
        return {service: f"http://{HOST}:{port}" for service, port in self.ports.items()}

    @property
    def key_file(self) -> Path:
        """The API key, made once."""
        return self.data_dir / "key"

    @property
    def stack_file(self) -> Path:
        """What runs here, while it runs."""
        return self.data_dir / "stack.json"

    @property
    def lock_file(self) -> Path:
        """Held while a stack runs on this folder."""
        return self.data_dir / "lock"

    @property
    def broker_dir(self) -> Path:
        """The embedded broker's data."""
        return self.data_dir / "kafka"

    def log(self, part: str) -> Path:
        """What a part prints."""
        return self.data_dir / "logs" / f"{part}.log"

    def run_dir(self, part: str) -> Path:
        """The folder a part runs in: what it writes without being told where stays within the data folder."""
        return self.data_dir / "run" / part

    def database_url(self, service: str) -> str:
        """The SQLite file of a service."""
        return f"sqlite+aiosqlite:///{self.data_dir / service}.db"
