"""Alerts fire when they should and end, say what to do, and are delivered by a configuration their programs accept."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import slos
from tests.deploy.deployment import DEPLOY, ROOT, RULE_FILES, rules, run, tool

PROMETHEUS = DEPLOY / "prometheus"
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
KEY_IN_CONTAINER = "/run/secrets/prometheus-key"
CASES = sorted((PROMETHEUS / "tests").glob("*.yml"))
ALERTS = [rule for rule in rules() if "alert" in rule]
NAMES = sorted({rule["alert"] for rule in ALERTS})
ALWAYS_THERE = {"MotcuaWatchdog"}
RUNBOOK = (DEPLOY / "runbook.md").read_text(encoding="utf-8")


def checks(name: str) -> list[list[dict[str, Any]]]:
    """What the cases expect of an alert, moment by moment."""
    cases = [case for file in CASES for case in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]
    return [
        check["exp_alerts"]
        for case in cases
        for check in sorted(case.get("alert_rule_test", ()), key=lambda one: int(one["eval_time"].rstrip("m")))
        if check["alertname"] == name
    ]


def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    """With a key where the container has the one that was made for it: promtool looks whether it is there."""
    (tmp_path / "prometheus-key").write_text("a key", "utf-8")
    text = (PROMETHEUS / "prometheus.yml").read_text("utf-8")
    assert KEY_IN_CONTAINER in text
    (tmp_path / "prometheus.yml").write_text(text.replace(KEY_IN_CONTAINER, str(tmp_path / "prometheus-key")), "utf-8")
    shutil.copytree(PROMETHEUS / "rules", tmp_path / "rules")
    answer = run(tool("promtool", "prometheus"), "check", "config", tmp_path / "prometheus.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert all(file.name in answer.stdout for file in RULE_FILES), answer.stdout


@pytest.mark.parametrize("file", CASES, ids=[file.stem for file in CASES])
def test_every_alert_fires_when_it_should_and_only_then(file: Path) -> None:
    answer = run(tool("promtool", "prometheus"), "test", "rules", file)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_alertmanager_accepts_its_configuration() -> None:
    answer = run(tool("amtool", "prometheus-alertmanager"), "check-config", ALERTMANAGER)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=MotcuaWatchdog severity=none", "watchdog"),
        ("alertname=MotcuaServiceDown severity=critical", "operators"),
        ("alertname=MotcuaDueUnassigned severity=warning audience=department", "departments"),
    ],
)
def test_an_alert_reaches_its_receiver(labels: str, receiver: str) -> None:
    answer = run(
        tool("amtool", "prometheus-alertmanager"),
        *("config", "routes", "test", f"--config.file={ALERTMANAGER}", *labels.split()),
    )
    assert answer.stdout.split() == [receiver], answer.stderr


def test_only_what_follows_from_a_cause_in_the_same_installation_is_silenced() -> None:
    for rule in yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))["inhibit_rules"]:
        assert "cluster" in rule["equal"]
        named = [re.findall(r"Motcua\w+", " ".join(rule[side])) for side in ("source_matchers", "target_matchers")]
        assert not {name for names in named for name in names} - set(NAMES)
    shipped = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    assert {"cluster", "runbooks"} == set(shipped["global"]["external_labels"])


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_an_alert_has_a_severity_and_an_address_in_the_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning", "none")
    assert rule["annotations"]["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}#{rule['alert'].lower()}"
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_has_an_entry_in_the_runbook_and_cases_in_which_it_fires_and_ends(name: str) -> None:
    assert re.search(rf"^## {name}$", RUNBOOK, re.MULTILINE)
    expected = checks(name)
    firing = [number for number, alerts in enumerate(expected) if alerts]
    assert firing
    if name not in ALWAYS_THERE:
        assert any(len(after) < len(expected[firing[0]]) for after in expected[firing[0] + 1 :]), "it never ends"


def test_the_runbook_has_no_entry_without_an_alert() -> None:
    assert set(re.findall(r"^## (Motcua\w+)$", RUNBOOK, re.MULTILINE)) == set(NAMES)


def test_nothing_is_made_zero_that_is_absent() -> None:
    for rule in rules():
        assert not re.search(r"\bor\s+(on\s*\(\)\s*)?vector\(0\)", rule["expr"]), rule


def test_the_budgets_rules_were_made_of_the_promises_as_they_stand() -> None:
    """`make slos` makes them anew."""
    made = ROOT / slos.RULES
    assert f"sha256 {slos.digest()};" in made.read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.long
def test_the_budgets_rules_are_what_sloth_makes() -> None:
    tool("sloth", "sloth, which `make slos` installs into .venv/bin")
    assert (ROOT / slos.RULES).read_text(encoding="utf-8") == slos.rules()
