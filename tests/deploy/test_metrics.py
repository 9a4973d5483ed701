"""One catalogue of metrics: the services export what it names and nothing else,
and nobody asks for what is not in it."""

import re

import httpx
import pytest

from tests.deploy.deployment import METRIC, catalogued_metrics, dashboard_expressions, families, rules
from tests.support.stack import RunningStack


def test_dashboard_and_alerts_ask_only_for_metrics_of_the_catalogue() -> None:
    known = catalogued_metrics()
    asked = [*dashboard_expressions(), *(rule["expr"] for rule in rules())]
    names = {name for expression in asked for name in METRIC.findall(expression)}
    assert families(names, known) - known == set()


@pytest.mark.e2e
def test_running_services_export_exactly_the_catalogue(stack: RunningStack) -> None:
    exported: set[str] = set()
    for service in (stack.intake, stack.processing, stack.reporting):
        answer = httpx.get(f"{service}/metrics", headers=stack.headers).raise_for_status()
        exported |= set(re.findall(r"^# TYPE (motcua_\S+) ", answer.text, re.MULTILINE))
    assert exported == catalogued_metrics()
