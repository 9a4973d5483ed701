"""Running services export the catalogue, and a real Prometheus over them answers every question of the boards."""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.domain.comparison import a_year_before
from shared.domain.localtime import LOCAL
from shared.service.metric_catalogue import CATALOGUE
from tests.deploy.boards import Asked, panels, questions
from tests.support.alarms import Alarms, alarms
from tests.support.scraped import TEXT_0_0_4, Page
from tests.support.stack import RunningStack
from tests.support.wait import wait_until

LIBRARY = ("process_", "python_")
PARTS = {
    "intake": ("database", "log", "broker"),
    "processing": ("broker", "partitions"),
    "reporting": ("database", "broker", "partitions"),
}
STAGES = {"intake": "relay", "processing": "processing", "reporting": "figures"}
READ = {"processing": "motcua.dossier.events.v1", "reporting": "motcua.dossier.status.v1"}
AT_ONCE = 60.0
ANSWERED_WITHIN_S = 60.0
EMPTY_HERE = {
    "Phiếu đôn đốc chờ gửi": "the outbox is looked at while follow-up is on, and nobody was named to send to",
    "Đĩa máy chủ còn trống": "node-exporter is behind Compose's profile `exporters`",
    "Exporter trả lời": "the exporters are behind Compose's profile `exporters`",
    "Tuổi bản sao lưu": "a timer writes it for node-exporter",
    "Đối chiếu (verify)": "a timer writes it for node-exporter",
}


@pytest.mark.e2e
def test_running_services_export_exactly_the_catalogue(module_stack: RunningStack) -> None:
    for service in ("intake", "processing", "reporting"):
        answer = httpx.get(f"{getattr(module_stack, service)}/metrics", headers=module_stack.headers).raise_for_status()
        exported = dict(re.findall(r"^# TYPE (\S+) (\S+)$", answer.text, re.MULTILINE))
        declared = {metric.name: metric.kind.value for metric in CATALOGUE if service in metric.services}
        assert {name: kind for name, kind in exported.items() if not name.startswith(LIBRARY)} == declared
        assert "process_start_time_seconds" in exported
        helps = dict(re.findall(r"^# HELP (motcua_\S+) (.*)$", answer.text, re.MULTILINE))
        assert helps == {metric.name: metric.means for metric in CATALOGUE if service in metric.services}


@pytest.mark.e2e
@pytest.mark.parametrize("service", PARTS)
def test_a_running_service_shows_that_all_is_well_in_either_format(module_stack: RunningStack, service: str) -> None:
    def page(**headers: str) -> Page:
        return Page(httpx.get(f"{getattr(module_stack, service)}/metrics", headers=module_stack.headers | headers))

    def has_looked() -> bool:
        shown = page()
        ready = [shown.value("motcua_ready", part=part) for part in PARTS[service]]
        waiting = shown.value("motcua_pipeline_waiting_records", stage=STAGES[service])
        return set(ready) == {1} and (waiting, shown.value("motcua_dead_letters_in_topic")) == (0, 0)

    wait_until(has_looked, 30, f"{service} is ready in every part, nothing waits, and nothing was put aside")
    shown, as_text = page(), page(**TEXT_0_0_4)
    assert shown.families.keys() == as_text.families.keys()
    assert shown.value("motcua_topic_records", topic="motcua.dossier.events.v1") is not None
    assert shown.value("motcua_pipeline_stalled_seconds", stage=STAGES[service]) == 0
    assert shown.value("motcua_http_requests_total", method="GET", route="/metrics", status="2xx") is not None
    if service in READ:
        partitions = [str(number) for number in range(4)]
        lag = "motcua_consumer_lag_records"
        assert [shown.value(lag, topic=READ[service], partition=number) for number in partitions] == [0, 0, 0, 0]


@pytest.fixture(scope="module")
def watched(module_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alarms]:
    """A stack with dossiers of this year and the last, that Prometheus looks at."""
    with alarms(module_stack, tmp_path_factory.mktemp("watched"), hasten=AT_ONCE) as watching:
        looked_at = 'count(motcua_pipeline_lag_seconds_count{job="motcua"}) == 3'
        wait_until(
            lambda: watching.query(looked_at), ANSWERED_WITHIN_S, "every service was looked at before the events"
        )
        _post(module_stack)
        yield watching


@pytest.mark.e2e
def test_every_question_is_answered(watched: Alarms) -> None:
    """A panel that shows nothing in a quiet hour is named above, with the reason."""
    asked = list(questions())
    empty: Sequence[Asked] = asked

    def all_answered() -> bool:
        nonlocal empty
        empty = [one for one in empty if not any(map(_is_finite, watched.query(one.expression)))]
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


def _is_finite(series: dict[str, Any]) -> bool:
    return math.isfinite(float(series["value"][1]))


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
