"""Finds the Java and the Maven that the embedded broker needs."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from motcua.broker.errors import ToolMissing

OLDEST_JAVA = 17
_VERSION = re.compile(r'version "(\d+)')


@dataclass(frozen=True, slots=True)
class Java:
    """A java that is new enough, and what it says about itself."""

    path: str
    release: str


def find_java() -> Java:
    """The java of JAVA_HOME, else of PATH."""
    path = _of_java_home() or shutil.which("java")
    if path is None:
        raise ToolMissing("there is no java on this machine (JAVA_HOME and PATH were searched)")
    release = _release(path)
    found = _VERSION.search(release)
    if found is None:
        raise ToolMissing(f"{path} -version does not say which Java it is: {release[:200]!r}")
    if int(found.group(1)) < OLDEST_JAVA:
        raise ToolMissing(f"{path} is Java {found.group(1)}, and Apache Kafka 4 needs Java {OLDEST_JAVA} or later")
    return Java(path, release)


def find_maven() -> str:
    """Maven fetches the broker's jars, once."""
    maven = shutil.which("mvn")
    if maven is None:
        raise ToolMissing("its jars are not in the cache yet, and there is no mvn on this machine to fetch them (PATH was searched)")
    return maven


def _of_java_home() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which(str(Path(home) / "bin" / "java")) if home else None


def _release(java: str) -> str:
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    return (answer.stderr + answer.stdout).strip()
