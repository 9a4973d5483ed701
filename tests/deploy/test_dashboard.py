"""The dashboard is what its script writes, asks Prometheus only what it understands,
and shows what the office looks for."""

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.deployment import DEPLOY, ROOT, dashboard_expressions, panels, run, tool


def test_the_file_is_what_its_script_writes() -> None:
    answer = run(sys.executable, DEPLOY / "grafana" / "dashboard.py", "--check", environment={"PYTHONPATH": str(ROOT)})
    assert answer.returncode == 0, answer.stderr


def test_prometheus_understands_every_question(tmp_path: Path) -> None:
    asked = [
        {"record": f"asked:{number}", "expr": expression} for number, expression in enumerate(dashboard_expressions())
    ]
    file = tmp_path / "asked.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": asked}]}), encoding="utf-8")
    answer = run(tool("promtool", "prometheus"), "check", "rules", file)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_panels_are_numbered_once_and_do_not_overlap() -> None:
    found = panels()
    assert len({panel["id"] for panel in found}) == len(found)
    for one, other in itertools.combinations(found, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])


def test_every_panel_asks_the_provisioned_datasource() -> None:
    file = DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    [provisioned] = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    used = {json.dumps(panel["datasource"], sort_keys=True) for panel in panels() if panel["type"] != "row"}
    assert used == {json.dumps({"type": provisioned["type"], "uid": provisioned["uid"]}, sort_keys=True)}


def test_it_shows_what_is_received_the_online_share_and_timeliness_by_department() -> None:
    shown = {panel["title"]: panel for panel in panels()}
    assert shown["Online / Trực tuyến"]["type"] == "gauge"
    assert _asks(shown["Received by department / Tiếp nhận theo cơ quan"], "motcua_dossiers_received", "department")
    assert _asks(shown["Received by channel / Tiếp nhận theo kênh"], "motcua_dossiers_received", "channel")
    assert _asks(shown["Timeliness / Kết quả giải quyết"], "motcua_dossiers_resolved", "department, timeliness")


def _asks(panel: dict[str, Any], metric: str, labels: str) -> bool:
    return any(metric in target["expr"] and f"by ({labels})" in target["expr"] for target in panel["targets"])


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    apart = (
        one["x"] + one["w"] <= other["x"]
        or other["x"] + other["w"] <= one["x"]
        or one["y"] + one["h"] <= other["y"]
        or other["y"] + other["h"] <= one["y"]
    )
    return not apart
