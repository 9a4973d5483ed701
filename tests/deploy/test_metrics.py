"""One catalogue of metrics: the services export what it names and nothing else,
and nobody asks for what is not in it."""

import re
from pathlib import Path

import httpx
import pytest

from bench.metrics_document import DOCUMENT, document
from services.intake.accepting import refusals
from services.reporting.follow_up.outbox import Way
from shared.domain import errors
from shared.domain.errors import Refusal
from shared.service.figure_metrics import FOLLOW_UP_SENT
from shared.service.metric_catalogue import CATALOGUE, DEAD_LETTERS, HTTP_REQUESTS
from shared.service.metric_kinds import DeclaredMetric, MetricKind
from shared.service.metric_labels import PUT_ASIDE, REFUSED_BY_INTAKE, REFUSED_BY_THE_RULES
from tests.deploy.boards import questions
from tests.deploy.deployment import METRIC, ROOT, catalogued_metrics, families, rules
from tests.support.scraped import TEXT_0_0_4, Page
from tests.support.stack import RunningStack
from tests.support.wait import wait_until

UNITS = ("seconds", "bytes", "ratio", "timestamp_seconds")
LIBRARY = ("process_", "python_")


def test_the_page_is_what_the_catalogue_says() -> None:
    assert (ROOT / DOCUMENT).read_text("utf-8") == document(), "run python -m bench.metrics_document"
    assert catalogued_metrics() == {metric.name for metric in CATALOGUE}


def test_each_metric_is_declared_once_and_made_from_its_declaration() -> None:
    names = [metric.name for metric in CATALOGUE]
    assert len(names) == len(set(names))
    literal = re.compile(r'"(motcua_[a-z0-9_]+)"')
    for source in [*(ROOT / "shared").rglob("*.py"), *(ROOT / "services").rglob("*.py")]:
        if source.name not in {"metric_catalogue.py", "figure_metrics.py"}:
            assert set(literal.findall(source.read_text("utf-8"))) & set(names) == set(), source


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_names_and_meanings_follow_the_conventions(metric: DeclaredMetric) -> None:
    assert re.fullmatch(r"motcua_[a-z0-9]+(_[a-z0-9]+)*", metric.name)
    assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket", "_created")), "the kind adds its own"
    assert re.fullmatch(r"[A-Z0-9][^\"\\\n]+\.", metric.means), "a sentence that needs no escaping"
    assert metric.kind is not MetricKind.HISTOGRAM or metric.name.endswith("_seconds")
    assert not re.search(r"_(ms|milliseconds|minutes|kb|percent)$", metric.name)


def test_a_refusal_of_any_kind_has_its_series_before_the_first() -> None:
    def codes(module: object) -> set[str]:
        kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Refusal)]
        return {kind.code for kind in kinds if kind is not Refusal and kind.__module__ == module.__name__}  # type: ignore[attr-defined]

    assert codes(errors) == set(REFUSED_BY_THE_RULES)
    assert codes(refusals) == set(REFUSED_BY_INTAKE)


def test_a_dead_letter_of_any_kind_has_its_series_before_the_first() -> None:
    reason = re.compile(
        r'^(?:MALFORMED|NOT_RECORDED|CONTRADICTORY|SEQUENCE_GAP|NOT_OF_THE_LOG) = "([a-z_]+)"', re.MULTILINE
    )
    given = re.compile(r'(?:Unusable\(|_put_aside\(record, )\s*"([a-z_]+)"')
    written: set[str] = set()
    for folder in ("shared/service", "services/processing", "services/reporting"):
        for source in Path(ROOT / folder).rglob("*.py"):
            text = source.read_text("utf-8")
            written |= set(reason.findall(text)) | set(given.findall(text))
    assert written | set(REFUSED_BY_THE_RULES) == set(PUT_ASIDE) == set(DEAD_LETTERS.labels["reason"])


def test_every_counter_knows_its_series_before_its_first_event() -> None:
    unknown = {one.name for one in CATALOGUE if one.kind is MetricKind.COUNTER and not all(one.labels.values())}
    assert unknown == {HTTP_REQUESTS.name}, "its routes are known to each service, which makes them at the first scrape"
    assert set(FOLLOW_UP_SENT.labels["way"]) == set(Way)


def test_boards_and_alerts_ask_only_for_metrics_of_the_catalogue() -> None:
    known = catalogued_metrics()
    asked = [*(asked.expression for asked in questions()), *(rule["expr"] for rule in rules())]
    names = {name for expression in asked for name in METRIC.findall(expression)}
    assert families(names, known) - known == set()


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


PARTS = {
    "intake": ("database", "log", "broker"),
    "processing": ("broker", "partitions"),
    "reporting": ("database", "broker", "partitions"),
}
STAGES = {"intake": "relay", "processing": "processing", "reporting": "figures"}
READ = {"processing": "motcua.dossier.events.v1", "reporting": "motcua.dossier.status.v1"}


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
