"""The boards are what their script writes, and Grafana's own model reads the whole of them; every question is answered
by a real Prometheus over a real stack; who is called at night need not scroll."""

import itertools
import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import _jsonnet
import httpx
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from shared.domain.comparison import a_year_before
from shared.domain.localtime import LOCAL
from tests.deploy.boards import FILES, Asked, Panel, board, panels, questions
from tests.deploy.deployment import DEPLOY, ROOT, RULE_FILES, rules, run
from tests.support.alarms import Alarms, alarms
from tests.support.stack import RunningStack
from tests.support.wait import wait_until

BOARDS = [file.stem for file in FILES]
EACH = pytest.mark.parametrize("name", BOARDS)
AT_ONCE = 60.0
ANSWERED_WITHIN_S = 60.0
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
EMPTY_HERE = {
    "Phiếu đôn đốc chờ gửi": "the outbox is looked at while follow-up is on, and nobody was named to send to",
    "Đĩa máy chủ còn trống": "node-exporter is behind Compose's profile `exporters`",
    "Exporter trả lời": "the exporters are behind Compose's profile `exporters`",
    "Tuổi bản sao lưu": "a timer writes it for node-exporter",
    "Đối chiếu (verify)": "a timer writes it for node-exporter",
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


@pytest.fixture(scope="module")
def watched(module_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alarms]:
    """A stack with dossiers of this year and the last, that Prometheus looks at."""
    with alarms(module_stack, tmp_path_factory.mktemp("watched"), hasten=AT_ONCE) as watching:
        _post(module_stack)
        yield watching


@pytest.mark.e2e
def test_every_question_is_answered(watched: Alarms) -> None:
    """A panel that shows nothing in a quiet hour is named above, with the reason."""
    asked = list(questions())
    empty: Sequence[Asked] = asked

    def all_answered() -> bool:
        nonlocal empty
        empty = [one for one in empty if not watched.query(one.expression)]
        return {one.panel for one in empty} <= EMPTY_HERE.keys()

    try:
        wait_until(all_answered, ANSWERED_WITHIN_S, "every panel has a series")
    except AssertionError:
        raise AssertionError("\n".join(str(one) for one in empty if one.panel not in EMPTY_HERE)) from None
    assert {one.panel for one in empty} == EMPTY_HERE.keys(), "what is answered is no longer named as empty"


@pytest.mark.e2e
def test_departments_have_the_names_of_the_catalogue_and_codes_where_it_has_none(watched: Alarms) -> None:
    (silence, *_) = (one for one in questions() if one.panel == "Im lặng theo đơn vị")
    wait_until(lambda: watched.query("motcua_department_info"), ANSWERED_WITHIN_S, "departments are named")

    def names(expression: str) -> dict[str, str]:
        return {one["metric"]["department"]: one["metric"]["name"] for one in watched.query(expression)}

    assert names(silence.expression)["H59.15"] not in ("", "H59.15")
    assert names(silence.expression.replace("motcua_department_info", "nothing_of_the_kind"))["H59.15"] == "H59.15"


@pytest.mark.e2e
def test_the_online_share_is_that_of_the_reports(watched: Alarms) -> None:
    (share,) = (panel for panel in panels("centre") if panel["type"] == "gauge")
    ours = share["targets"][0]["expr"].replace("$department", ".+")
    same = f'{ours} == on () max(motcua_dossiers_online_ratio{{department="all"}})'
    wait_until(lambda: watched.query(same), ANSWERED_WITHIN_S, "both say the same")


def _post(stack: RunningStack) -> None:
    """From midnight on, so that a day of last year's is within the same days of last year whatever the hour."""
    today = datetime.now(LOCAL).date()
    events = []
    for day, code in ((a_year_before(today), 1), (today, 2)):
        for number, channel in enumerate(("online", "in_person", "postal"), start=code * 10):
            received = datetime.combine(day, datetime.min.time(), LOCAL)
            subject = f"H59.15-{day:%y%m%d}-{number:04d}"
            data = {"department": "H59.15", "procedure": "2.000635", "channel": channel}
            events.append(_event("received", subject, received, data))
            events.append(_event("resolved", subject, received + timedelta(seconds=1), {}))
    answer = httpx.post(
        f"{stack.intake}/v1/events",
        json=events[:-1],  # one stays open
        headers=stack.headers | {"Content-Type": "application/cloudevents-batch+json"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text


def _event(kind: str, subject: str, time: datetime, data: dict[str, str]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{subject}-{kind}",
        "source": "/tests",
        "type": f"vn.motcua.dossier.{kind}.v1",
        "subject": subject,
        "time": time.isoformat(timespec="seconds"),
        "datacontenttype": "application/json",
        "data": data,
    }


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
    return json.dumps([rule.get("alert"), rule.get("record"), rule["expr"], rule.get("labels")])


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    apart = (
        one["x"] + one["w"] <= other["x"]
        or other["x"] + other["w"] <= one["x"]
        or one["y"] + one["h"] <= other["y"]
        or other["y"] + other["h"] <= one["y"]
    )
    return not apart
