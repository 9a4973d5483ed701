"""deploy/metrics.md as the catalogue has it: `python -m bench.metrics_document` writes it."""

from collections.abc import Iterable
from pathlib import Path

from shared.service.metric_catalogue import CATALOGUE
from shared.service.metric_kinds import DeclaredMetric
from shared.service.metric_labels import COMMANDS, EVERY, FROM_DATA, INTAKE, PROCESSING, REPORTING

DOCUMENT = Path("deploy/metrics.md")
MOST_VALUES = 8  # of a label; more say themselves

HEAD = """\
# Metrics

What `GET /metrics` of the services shows: OpenMetrics, or the text format 0.0.4 for who asks for `text/plain`.
Written by `python -m bench.metrics_document` from the one catalogue (`shared/service/metric_catalogue.py`), of which
the services make their metrics. Dashboards and alerts may use these names only, and the services export no others but
`process_*` and `python_*`: tests hold both to it.

A counter is queried as `…_total`, a histogram as `…_bucket`, `…_sum`, `…_count`. Prometheus adds the label `service`.
A counter's series are there, at 0, before the first event wherever their labels' values are known beforehand. What is
not known is absent, and never 0: a figure while the read model's database does not answer, a topic's size while the
broker does not. So a rule says `absent(…)` or looks at `motcua_ready`, and adds no `or vector(0)`.

**Replicas.** The last column says how the series of several processes of one service become one: `sum` where each says
its own part, `max` or `min` where all say the same and one may be behind: `max by (department, timeliness)
(motcua_dossiers_in_progress)` is the office's figure whether one reporting runs or two.
"""


def document() -> str:
    """The whole page."""
    sections = [HEAD]
    for title, services in (
        ("Every service", None),
        ("Intake", (INTAKE,)),
        ("Processing", (PROCESSING,)),
        ("Reporting", (REPORTING,)),
        ("Commands that a timer runs", (COMMANDS,)),
    ):
        found = [one for one in CATALOGUE if (one.services == services if services else len(one.services) > 1)]
        sections.append(f"## {title}\n\n{_table(found)}")
    return "\n".join(sections)


def _table(metrics: Iterable[DeclaredMetric]) -> str:
    return "| name | kind | labels | meaning | replicas |\n|---|---|---|---|---|\n" + "".join(map(_row, metrics))


def _row(metric: DeclaredMetric) -> str:
    of = "" if metric.services == EVERY or len(metric.services) == 1 else f" ({' and '.join(metric.services)})"
    labels = "; ".join(_label(name, values) for name, values in metric.labels.items())
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.means}{of} | {metric.replicas} |\n"


def _label(name: str, values: tuple[str, ...]) -> str:
    return name if values is FROM_DATA or len(values) > MOST_VALUES else f"{name}: {', '.join(values)}"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
