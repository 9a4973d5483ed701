"""`make demo`'s command, on the smallest shipped year:
plays it, prints the report, and started again counts nothing twice."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from shared.access.folder import KeyFolder
from shared.service.clock import system_clock
from tests.support.ports import free_port_base
from tests.support.stack import MOTCUA


def demo(data_dir: Path) -> subprocess.CompletedProcess[str]:
    where = ["--data-dir", str(data_dir), "--port-base", str(free_port_base())]
    return subprocess.run(
        [str(MOTCUA), "demo", "--scenario", "quang-tri-2023", "--exit-after-report", *where],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.long
def test_the_demo_prints_the_report_and_goes_on_where_it_was(tmp_path: Path) -> None:
    first = demo(tmp_path / "demo")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "1,056" in first.stdout
    assert summary(first.stdout)["duplicate"] == "0"
    again = demo(tmp_path / "demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert summary(again.stdout)["accepted"] == "0"
    assert report(again.stdout) == report(first.stdout)
    assert max(len(line) for line in report(first.stdout).splitlines()) <= 80
    assert keys_in_hand(first.stdout) == keys_in_hand(again.stdout) == kept_keys(tmp_path / "demo")


def report(output: str) -> str:
    """From the title to where to look: what must not change."""
    return output[output.index("Quảng Trị") : output.index("Where to look")]


def keys_in_hand(output: str) -> dict[str, str]:
    """By role, the keys that are printed with the addresses; each may do what its page asks for."""
    told = re.findall(r"motcua_\w{12}_[\w-]{43}", output[output.index("Where to look") :])
    return dict(zip(("counter", "compiler", "operator"), told, strict=True))


def kept_keys(data_dir: Path) -> dict[str, str]:
    """Those in the data folder, which hold, each for its role everywhere, and nobody else can read."""
    files = sorted((data_dir / "keys").iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    tokens = {file.name: file.read_text("ascii").strip() for file in files}
    keys = KeyFolder(data_dir / "access").read()
    granted = {role: keys.of_token(token, system_clock()) for role, token in tokens.items()}
    assert {role: key and key.grants for role, key in granted.items()} == {role: (f"{role}@*",) for role in tokens}
    return tokens


def summary(output: str) -> dict[str, str]:
    """The lines that say what became of the events."""
    lines = [line.split() for line in output.splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 2}
