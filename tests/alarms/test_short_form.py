"""Two faults of a real stack reach a webhook through Prometheus and Alertmanager, end there, and bring nothing else.

All the faults, and how long each takes: `make alarms`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alarms.drill import HASTEN, disk_of_its_own, drill
from tests.alarms.faults import FAULTS, Scene, seen
from tests.support.alarms import alarms
from tests.support.stack import RunningStack

AT_ONCE = 60.0
WITHIN_S = 60.0
SHORT = [fault for fault in FAULTS if fault.name in ("processing frozen", "120 calls with a wrong key")]


@pytest.fixture
def scene(stack: RunningStack, tmp_path: Path) -> Iterator[Scene]:
    with alarms(stack, tmp_path / "alarms", hasten=AT_ONCE) as listening:
        yield Scene(stack, listening)


@pytest.mark.slow
def test_a_fault_is_told_and_its_end_is_told_and_nothing_else(scene: Scene) -> None:
    scene.alarms.until_quiet(WITHIN_S)
    for fault in SHORT:
        assert seen(scene, fault, within=WITHIN_S).others == frozenset(), fault.name
    assert any(one.name == "MotcuaWatchdog" for one in scene.alarms.told)
    assert {one.annotations["runbook_url"].split("#")[0] for one in scene.alarms.told} == {
        "https://motcua.example/runbook.md"
    }


@pytest.mark.long
def test_every_fault_is_told_and_its_end_is_told_and_nothing_else() -> None:
    with disk_of_its_own() as (folder, is_own):
        _, wrong = drill(folder, [fault for fault in FAULTS if is_own or fault.alert != "MotcuaDiskFull"], HASTEN)
    assert not wrong
