"""What the boards say while a service does not answer: what nobody knows is not 0. Their own questions, by promtool."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.boards import questions
from tests.deploy.deployment import DEPLOY, run, tool

STAGES = {"relay": "intake", "processing": "processing", "figures": "reporting"}
GONE = "_x5"


def stalled(stage: str, values: str) -> dict[str, str]:
    service = STAGES[stage]
    name = "motcua_pipeline_stalled_seconds"
    return {"series": f'{name}{{job="motcua", service="{service}", stage="{stage}"}}', "values": values}


def asked(panel: str) -> str:
    (found,) = (one.expression for one in questions() if one.panel == panel)
    return found


def answers(folder: Path, series: list[dict[str, str]], expression: str, expected: list[dict[str, Any]]) -> str:
    """What promtool has against this being the answer after five minutes; nothing when it is."""
    case = {
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [{"expr": expression, "eval_time": "5m", "exp_samples": expected}],
    }
    written = {
        "rule_files": [str(DEPLOY / "prometheus" / "rules" / "figures.yml")],
        "evaluation_interval": "1m",
        "tests": [case],
    }
    (folder / "case.yml").write_text(yaml.safe_dump(written), "utf-8")
    answer = run(tool("promtool", "prometheus"), "test", "rules", folder / "case.yml")
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("relay", "processing", "figures", "longest"),
    [
        ("0x5", "0x5", "0x5", 0),
        ("0x5", "0+10x5", "0x5", 50),
        ("0x5", GONE, "0x5", None),
        ("0x5", GONE, "0+60x5", 300),
        (GONE, GONE, GONE, None),
    ],
    ids=["all move", "one has begun to stand", "one is gone", "one is gone and another stands", "all are gone"],
)
def test_a_standstill_that_nobody_can_tell_is_unknown(
    tmp_path: Path, relay: str, processing: str, figures: str, longest: int | None
) -> None:
    series = [stalled("relay", relay), stalled("processing", processing), stalled("figures", figures)]
    expression, value = asked("Đứng yên"), longest
    if longest is None:  # NaN, the only value that is not itself
        expression, value = f"({expression}) != bool ({expression})", 1
    assert answers(tmp_path, series, expression, [{"labels": "{}", "value": value}]) == ""


def test_the_board_has_a_word_for_what_is_unknown() -> None:
    """And the word stands where the number would, whether Grafana makes null of it or not."""
    board = yaml.safe_load((DEPLOY / "grafana" / "dashboards" / "pipeline.json").read_text("utf-8"))
    (panel,) = (one for one in board["panels"] if one["title"] == "Đứng yên")
    (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
    assert (mapping["options"]["match"], mapping["options"]["result"]["text"]) == ("null+nan", "không rõ")


def test_what_waits_for_processing_is_told_while_it_does_not_answer(tmp_path: Path) -> None:
    own = 'motcua_pipeline_waiting_records{job="motcua", service="%s", stage="%s"}'
    series = [
        {"series": own % ("intake", "relay"), "values": "1x5"},
        {"series": own % ("processing", "processing"), "values": "0 0 stale"},
        {"series": own % ("reporting", "figures"), "values": "0x5"},
        {"series": 'motcua_log_events{job="motcua", service="intake"}', "values": "7 7 11x3"},
        {"series": 'motcua_relay_backlog_events{job="motcua", service="intake"}', "values": "0 0 1x3"},
        {"series": 'motcua_log_events_in_ledger{job="motcua", service="reporting"}', "values": "7x5"},
    ]
    expected = [("intake", "relay", 1), ("processing", "processing", 3), ("reporting", "figures", 0)]
    name = "stage:motcua_pipeline_waiting_records"
    samples = [
        {"labels": f'{name}{{service="{service}", stage="{stage}"}}', "value": value}
        for service, stage, value in expected
    ]
    assert answers(tmp_path, series, asked("Đang chờ theo khâu"), samples) == ""
