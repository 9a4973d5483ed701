"""The boards are what their script writes, and Grafana's own model reads the whole of them; who is called
at night need not scroll. What Prometheus answers: test_running_metrics.py."""

import itertools
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import _jsonnet
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.deploy.boards import FILES, Panel, board, panels, questions
from tests.deploy.deployment import DEPLOY, ROOT, RULE_FILES, rules, run

BOARDS = [file.stem for file in FILES]
EACH = pytest.mark.parametrize("name", BOARDS)
FIRST_SCREEN = 24  # rows of the grid above the fold of a screen with 1,080 lines
AT_NIGHT = {
    "Dịch vụ",
    "Sẵn sàng theo bộ phận",
    "Cảnh báo đang kêu",
    "Thư chết chưa xử lý",
    "Chênh lệch",
    "Đứng yên",
    "Chờ Kafka lâu nhất",
    "Số liệu cách đây",
    "Độ trễ theo khâu",
    "Đang chờ theo khâu",
    "Còn phải đọc theo phân vùng",
    "Chênh lệch theo thời gian",
    "Bị từ chối theo lý do",
}
UNITS = {  # by what a query asks for; the first that fits
    r"timestamp_seconds\b.* \* 1000|ALERTS_FOR_STATE": {"dateTimeFromNow"},
    r"slo:current_burn_rate": {"short"},
    r"_ratio\b|:ratio\b|process_cpu_seconds_total| / ": {"percentunit"},
    r"rate\(motcua_http_requests_total": {"reqps"},
    r"rate\(motcua_events_": {"eps"},
    r"\brate\([a-z_]+_total": {"ops"},
    r"changes\(|increase": {"locale"},
    r"_bytes\b": {"bytes"},
    r"_seconds(_bucket)?\b": {"s", "dtdurations"},
    r"^min by .*(up|ready)\{|^up\{": {"short"},
    r"": {"locale"},
}


def test_the_files_are_what_their_script_writes() -> None:
    script = DEPLOY / "grafana" / "dashboards.py"
    answer = run(sys.executable, script, "--check", environment={"PYTHONPATH": str(ROOT)})
    assert answer.returncode == 0, answer.stderr


@EACH
def test_grafanas_own_model_reads_the_whole_of_it(name: str) -> None:
    """What the model does not know would be lost on the way."""
    written = board(name)
    assert list(_lost(written, json.loads(JSONEncoder().encode(Dashboard.from_json(written))))) == []


@EACH
def test_panels_are_numbered_once_and_do_not_overlap(name: str) -> None:
    found = board(name)["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    for one, other in itertools.combinations(found, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    assert all(panel["title"] and panel["description"] for panel in panels(name))


@EACH
def test_it_asks_the_prometheus_that_is_chosen(name: str) -> None:
    (chosen,) = (one for one in board(name)["templating"]["list"] if one["type"] == "datasource")
    named = {"type": chosen["query"], "uid": f"${{{chosen['name']}}}"}
    assert all(panel["datasource"] == named for panel in panels(name))
    assert all(target["datasource"] == named for panel in panels(name) for target in panel["targets"])
    file = DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    [provisioned] = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    assert (provisioned["type"], provisioned["isDefault"]) == (chosen["query"], True)


@EACH
def test_units_are_those_of_what_is_asked(name: str) -> None:
    for panel in panels(name):
        config = panel["fieldConfig"]
        for target, query in zip(panel["targets"], _queries(panel), strict=True):
            own = [_unit(one) for one in config["overrides"] if one["matcher"]["options"] == query]
            unit = next(filter(None, own), config["defaults"]["unit"])
            fits = next(units for pattern, units in UNITS.items() if re.search(pattern, target["expr"]))
            assert unit in fits, (panel["title"], target["expr"], unit)


def test_who_is_called_at_night_need_not_scroll() -> None:
    above = {
        panel["title"] for panel in panels("pipeline") if panel["gridPos"]["y"] + panel["gridPos"]["h"] <= FIRST_SCREEN
    }
    assert above >= AT_NIGHT


def test_a_difference_may_be_seen_below_nothing() -> None:
    (panel,) = (one for one in panels("pipeline") if one["title"] == "Chênh lệch theo thời gian")
    assert "min" not in panel["fieldConfig"]["defaults"]


def test_the_forms_columns_stand_in_its_order() -> None:
    (panel,) = (one for one in panels("centre") if one["title"].startswith("Biểu số II.06a"))
    (organise,) = (step["options"] for step in panel["transformations"] if step["id"] == "organize")
    headings = [
        organise["renameByName"][key] for key in sorted(organise["indexByName"], key=organise["indexByName"].get)
    ]
    assert [int(heading[1:].partition(")")[0]) for heading in headings] == [*range(3, 14)]
    assert set(re.findall(r"[a-z_]+", panel["targets"][0]["expr"].partition("=~")[2])) == set(organise["renameByName"])


def test_what_is_recorded_elsewhere_is_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    names = {name for asked in questions() for name in re.findall(r"\b[a-z_]+:[a-z0-9_:]+", asked.expression)}
    assert names <= recorded


def test_the_mixin_is_made_of_the_same_boards_and_rules() -> None:
    script = (
        "local mixin = (import 'mixin.libsonnet') + {_config+:: {runbook: 'https://a/book', reporting: 'https://a'}};"
        "[mixin.grafanaDashboards, mixin.prometheusAlerts.groups + mixin.prometheusRules.groups]"
    )
    boards, groups = json.loads(_jsonnet.evaluate_snippet(str(DEPLOY / "mixin" / "test.jsonnet"), script))
    assert {name: found["uid"] for name, found in boards.items()} == {
        f"motcua-{name}.json": f"motcua-{name}" for name in BOARDS
    }
    (address,) = (one for one in boards["motcua-centre.json"]["templating"]["list"] if one["name"] == "reporting")
    assert address["query"] == "https://a"
    assert len({group["name"] for group in groups}) == len(groups), "they may stand in one file"
    own = [file for file in RULE_FILES if file.stem != "monitoring"]
    shipped = [
        rule for file in own for group in yaml.safe_load(file.read_text("utf-8"))["groups"] for rule in group["rules"]
    ]
    found = [rule for group in groups for rule in group["rules"]]
    assert sorted(map(_key, found)) == sorted(map(_key, shipped))
    assert all(rule["annotations"]["runbook_url"].startswith("https://a/book#") for rule in found if "alert" in rule)


def _lost(written: Any, read: Any, where: str = "") -> Iterator[str]:
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            yield from _lost(value, read[key], f"{where}/{key}") if key in read else (f"{where}/{key}",)
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for index, (one, other) in enumerate(zip(written, read, strict=True)):
            yield from _lost(one, other, f"{where}/{index}")
    elif written != read:
        yield where


def _queries(panel: Panel) -> list[str]:
    """What each query's values are called: by its legend, in a table by its column."""
    if panel["type"] != "table":
        return [target["legendFormat"] for target in panel["targets"]]
    (organise,) = (step["options"] for step in panel["transformations"] if step["id"] == "organize")
    renamed = organise["renameByName"]
    return [renamed.get(f"Value #{target['refId']}", renamed.get("Value", "")) for target in panel["targets"]]


def _unit(override: dict[str, Any]) -> str | None:
    return next((one["value"] for one in override["properties"] if one["id"] == "unit"), None)


def _key(rule: dict[str, Any]) -> str:
    return json.dumps([rule.get("alert"), rule.get("record"), rule["expr"], rule.get("labels")], sort_keys=True)


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    apart = (
        one["x"] + one["w"] <= other["x"]
        or other["x"] + other["w"] <= one["x"]
        or one["y"] + one["h"] <= other["y"]
        or other["y"] + other["h"] <= one["y"]
    )
    return not apart
