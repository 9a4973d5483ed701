"""Packages of npm that tests run, as a package-lock.json has them, installed once for every run of this user."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from motcua.stack.jars import cache_folder

LOCKED = ("package.json", "package-lock.json")

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or shutil.which("npm") is None, reason="no Node here (Debian: nodejs, npm)"
)


def installed(sources: Path, name: str) -> Path:
    """The folder whose node_modules is what the sources' lock says; of two that install one wins."""
    digest = hashlib.sha256(b"".join((sources / file).read_bytes() for file in LOCKED)).hexdigest()[:12]
    folder = cache_folder() / f"{name}-{digest}"
    if (folder / "node_modules").is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for file in LOCKED:
            shutil.copy(sources / file, made)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        ran = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            pytest.skip(f"npm could not install {name} here: {(ran.stdout + ran.stderr)[-500:]}")
        try:
            made.rename(folder)
        except OSError:
            assert (folder / "node_modules").is_dir()
    return folder
