"""One catalogue of metrics: the services export what it names and nothing else,
and nobody asks for what is not in it."""

import re
from pathlib import Path

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

UNITS = ("seconds", "bytes", "ratio", "timestamp_seconds")


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
