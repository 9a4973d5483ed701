"""The command lines of the broker's JVM, and the archive of its classes that halves every start (decision 0001)."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from motcua.broker.config import NodeConfig
from motcua.broker.jars import resolve_jars
from motcua.broker.java import Java, find_java

SMALL_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)


@dataclass(frozen=True, slots=True)
class Launcher:
    """A Java and the jars it runs."""

    java: Java
    jars: Path

    @property
    def archive(self) -> Path:
        """The archive of exactly this Java and these jars; no other could read it."""
        return self.jars / f"classes-{hashlib.sha256(self.java.release.encode()).hexdigest()[:12]}.jsa"

    def command(self, config: NodeConfig, main_class: str, *arguments: str, write_archive: Path | None = None) -> list[str]:
        """A main class of Apache Kafka in a small JVM; with `write_archive` it leaves the archive of its classes when it ends."""
        classpath = ":".join(str(jar) for jar in sorted(self.jars.glob("*.jar")))
        archive = [f"-XX:ArchiveClassesAtExit={write_archive}"] if write_archive else self._read_archive()
        logging = f"-Dlog4j2.configurationFile={config.log4j2_file}"
        return [self.java.path, *SMALL_JVM, *archive, logging, "-cp", classpath, main_class, *arguments]

    def _read_archive(self) -> list[str]:
        """A JVM that refuses the archive starts without it, so a stale one is no error."""
        if not self.archive.exists():
            return []
        return [f"-XX:SharedArchiveFile={self.archive}", "-Xshare:auto", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"]


def find_launcher() -> Launcher:
    """Java found and the jars resolved, or the message that says what is missing."""
    return Launcher(find_java(), resolve_jars())
