"""Alerts fire when they should, say what to do, and are delivered by a configuration their programs accept."""

import re
from pathlib import Path

import pytest
import yaml

from tests.deploy.deployment import DEPLOY, rules, run, tool

PROMETHEUS = DEPLOY / "prometheus"
KEY_IN_CONTAINER = "/run/secrets/prometheus-key"
RULES = rules()
RUNBOOK = (DEPLOY / "runbook.md").read_text(encoding="utf-8")


def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    """With a key where the container has the one that was made for it: promtool looks whether it is there."""
    (tmp_path / "prometheus-key").write_text("a key", "utf-8")
    text = (PROMETHEUS / "prometheus.yml").read_text("utf-8")
    assert KEY_IN_CONTAINER in text
    (tmp_path / "prometheus.yml").write_text(text.replace(KEY_IN_CONTAINER, str(tmp_path / "prometheus-key")), "utf-8")
    (tmp_path / "rules.yml").write_bytes((PROMETHEUS / "rules.yml").read_bytes())
    answer = run(tool("promtool", "prometheus"), "check", "config", tmp_path / "prometheus.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_fires_when_it_should_and_only_then() -> None:
    answer = run(tool("promtool", "prometheus"), "test", "rules", PROMETHEUS / "rules.test.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_alertmanager_accepts_its_configuration() -> None:
    answer = run(
        tool("amtool", "prometheus-alertmanager"), "check-config", DEPLOY / "alertmanager" / "alertmanager.yml"
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_has_a_severity_an_entry_in_the_runbook_and_a_case_that_fires(rule: dict[str, object]) -> None:
    name = str(rule["alert"])
    assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})
    assert isinstance(rule["annotations"], dict)
    assert rule["annotations"]["runbook"] == f"deploy/runbook.md#{name.lower()}"
    assert re.search(rf"^## {name}$", RUNBOOK, re.MULTILINE)
    cases = yaml.safe_load((PROMETHEUS / "rules.test.yml").read_text(encoding="utf-8"))["tests"]
    expected = [
        check["exp_alerts"] for case in cases for check in case["alert_rule_test"] if check["alertname"] == name
    ]
    assert any(expected)


def test_the_runbook_has_no_entry_without_an_alert() -> None:
    assert set(re.findall(r"^## (Motcua\w+)$", RUNBOOK, re.MULTILINE)) == {rule["alert"] for rule in RULES}
