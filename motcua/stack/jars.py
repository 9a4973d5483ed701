"""Apache Kafka's jars and the Java that runs them; Maven fetches the jars once for every stack of this user."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from motcua.stack.failures import REMEDIES, BrokerError, ToolMissing

OLDEST_JAVA = 17
POM = Path(__file__).with_name("pom.xml")


@dataclass(frozen=True, slots=True)
class Java:
    """A java that is new enough, and what it says about itself."""

    path: str
    release: str


def find_java() -> Java:
    """The java of JAVA_HOME, else of PATH."""
    home = os.environ.get("JAVA_HOME")
    path = (shutil.which(str(Path(home) / "bin" / "java")) if home else None) or shutil.which("java")
    if path is None:
        raise ToolMissing("there is no java on this machine (JAVA_HOME and PATH were searched)")
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    release = (said.stderr + said.stdout).strip()
    version = re.search(r'version "(\d+)', release)
    if version is None:
        raise ToolMissing(f"{path} -version does not say which Java it is: {release[:200]!r}")
    if int(version.group(1)) < OLDEST_JAVA:
        raise ToolMissing(f"{path} is Java {version.group(1)}, and Apache Kafka 4 needs Java {OLDEST_JAVA} or later")
    return Java(path, release)


def cache_folder() -> Path:
    """MOTCUA_CACHE, else the place where this platform keeps a user's caches."""
    if chosen := os.environ.get("MOTCUA_CACHE"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "motcua"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "motcua"


def resolve_jars() -> Path:
    """The folder of jars of exactly this pom; they are fetched first when this pom was never resolved here."""
    folder = cache_folder() / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    """Fill a folder beside the wanted one and rename it: no half-fetched set is seen, of two fetchers one wins."""
    maven = shutil.which("mvn")
    if maven is None:
        raise ToolMissing(
            "its jars are not in the cache yet, and there is no mvn on this machine to fetch them (PATH was searched)"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as scratch:
        pom, jars = Path(scratch) / "pom.xml", Path(scratch) / "jars"
        shutil.copy(POM, pom)
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        ran = subprocess.run([maven, "-q", "-B", "-f", str(pom), *goal], capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            reason = (ran.stdout + ran.stderr).strip()[-2000:]
            raise BrokerError(
                "Maven could not fetch Apache Kafka's jars (its own settings are in ~/.m2/settings.xml):\n"
                f"{reason}\n\n{REMEDIES}"
            )
        try:
            jars.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
