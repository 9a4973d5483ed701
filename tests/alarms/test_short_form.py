"""Two faults of a real stack reach a webhook through Prometheus and Alertmanager, end there, and bring nothing else.

All the faults, and how long each takes: `make alarms`.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.alarms.drill import HASTEN, disk_of_its_own, drill
from tests.alarms.faults import FAULTS, Scene
from tests.support.alarms import alarms
from tests.support.stack import RunningStack

AT_ONCE = 60.0
LEAST_FOR_S = 20.0  # the two that are tried have no `for`
WITHIN_S = 90.0
SHORT = [fault for fault in FAULTS if fault.name in ("150 events refused", "120 calls with a wrong key")]


@pytest.fixture
def scene(stack: RunningStack, tmp_path: Path) -> Iterator[Scene]:
    with alarms(stack, tmp_path / "alarms", hasten=AT_ONCE, least_for=LEAST_FOR_S) as listening:
        yield Scene(stack, listening)


@pytest.mark.slow
def test_faults_are_told_and_their_end_is_told_and_nothing_else(scene: Scene) -> None:
    alarms = scene.alarms
    alarms.until_quiet(WITHIN_S)
    began = time.monotonic()
    with ExitStack() as broken:
        for fault in SHORT:
            broken.enter_context(fault.broken(scene))
        for fault in SHORT:
            alarms.until_told(fault.alert, fault.labels, firing=True, since=began, within=WITHIN_S)
    for fault in SHORT:
        alarms.until_told(fault.alert, fault.labels, firing=False, since=began, within=WITHIN_S)
    assert alarms.names(began) == {"MotcuaRejections", "MotcuaRequestsRefused"}
    assert any(one.name == "MotcuaWatchdog" for one in alarms.told)
    assert {one.annotations["runbook_url"].split("#")[0] for one in alarms.told} == {
        "https://motcua.example/runbook.md"
    }


@pytest.mark.long
def test_every_fault_is_told_and_its_end_is_told_and_nothing_else() -> None:
    with disk_of_its_own() as (folder, is_own):
        _, wrong = drill(folder, [fault for fault in FAULTS if is_own or fault.alert != "MotcuaDiskFull"], HASTEN)
    assert not wrong
