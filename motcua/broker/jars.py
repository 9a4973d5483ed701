"""Apache Kafka's jars: resolved by Maven once, kept in the cache folder for every stack of this user."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from motcua.broker.errors import REMEDIES, BrokerError
from motcua.broker.java import find_maven

POM = Path(__file__).with_name("pom.xml")


def cache_folder() -> Path:
    """MOTCUA_CACHE, else the place where this platform keeps a user's caches."""
    if chosen := os.environ.get("MOTCUA_CACHE"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "motcua"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "motcua"


def jars_folder() -> Path:
    """Where the jars of exactly this pom are, or will be."""
    return cache_folder() / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


def resolve_jars() -> Path:
    """The folder of jars; fetched first when this pom was never resolved here."""
    folder = jars_folder()
    if not folder.is_dir():
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    """Fill a folder beside the wanted one and rename it: a half-fetched set is never seen, and of two fetchers one wins."""
    maven = find_maven()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as scratch:
        pom, jars = Path(scratch) / "pom.xml", Path(scratch) / "jars"
        shutil.copy(POM, pom)
        _run_maven(maven, pom, jars)
        try:
            jars.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _run_maven(maven: str, pom: Path, jars: Path) -> None:
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
    answer = subprocess.run([maven, "-q", "-B", "-f", str(pom), *goal], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        reason = (answer.stdout + answer.stderr).strip()[-2000:]
        message = f"Maven could not fetch Apache Kafka's jars (its own settings are in ~/.m2/settings.xml):\n{reason}\n\n{REMEDIES}"
        raise BrokerError(message)
