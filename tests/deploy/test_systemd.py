"""The units of deploy/systemd as systemd itself sees them: nothing in them is unknown, and little is open."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
MOST_EXPOSED = 2.0  # of 10, by systemd's own scale
PROGRAM = re.compile(r"/opt/motcua/\.venv/bin/\w+")


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The units with a program that this machine has, and one worker of the template."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine (Debian: systemd)")
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS.iterdir():
        name = unit.name.replace("@.", "@1.")
        (folder / name).write_text(PROGRAM.sub("/bin/true", unit.read_text("utf-8")), "utf-8")
    return sorted(folder.iterdir())


def test_systemd_finds_nothing_wrong_with_the_units(units: list[Path]) -> None:
    asked = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert [line for line in found.stderr.splitlines() if str(units[0].parent) in line] == []


def test_no_unit_is_exposed(units: list[Path]) -> None:
    services = [unit for unit in units if unit.suffix == ".service"]
    asked = ["systemd-analyze", "security", "--offline=yes", "--no-pager", *map(str, services)]
    found = subprocess.run(asked, capture_output=True, text=True, check=True)
    exposed = {name: float(level) for name, level in re.findall(r"level for (\S+): (\d+\.\d)", found.stdout)}
    assert set(exposed) == {unit.name for unit in services}
    assert max(exposed.values()) <= MOST_EXPOSED, exposed


def test_every_service_has_a_unit_and_ends_trying_where_its_settings_are_wrong() -> None:
    texts = {unit.name: unit.read_text("utf-8") for unit in UNITS.glob("*.service")}
    for service in ("intake", "processing@", "reporting"):
        text = texts[f"motcua-{service}.service"]
        assert f"-m services.{service.rstrip('@')}\n" in text
        assert "RestartPreventExitStatus=78\n" in text
    assert {name.stem for name in UNITS.glob("*.timer")} == {"motcua-backup", "motcua-verify"}
