"""`make demo`'s command, on the smallest shipped year: plays it, prints the report, and started again counts nothing twice."""

import os
import subprocess
from pathlib import Path

from tests.support.ports import free_port_base
from tests.support.stack import MOTCUA


def demo(data_dir: Path) -> subprocess.CompletedProcess[str]:
    command = [MOTCUA, "demo", "--scenario", "quang-tri-2023", "--exit-after-report", "--data-dir", data_dir]
    return subprocess.run(
        [*command, "--port-base", str(free_port_base())],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_demo_prints_the_report_and_goes_on_where_it_was(tmp_path: Path) -> None:
    first = demo(tmp_path / "demo")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "1.056" in first.stdout
    assert "duplicate        0" in first.stdout
    again = demo(tmp_path / "demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "accepted         0" in again.stdout
    assert report(again.stdout) == report(first.stdout)
    assert max(len(line) for line in first.stdout.splitlines()) <= 80


def report(output: str) -> str:
    """From the title to where to look: what must not change."""
    return output[output.index("Quảng Trị") : output.index("Where to look")]
