"""The charts of a form as pictures for paper, in the documents' own font."""

from services.reporting.documents.charts.chart import Chart
from services.reporting.documents.charts.of_figures import beside_another, received_over_time, timeliness_of_lines
from services.reporting.documents.charts.render import svg
from services.reporting.documents.forms.form import Form
from shared.papers.typesetting import picture

FONT = "Liberation Serif"


def charts_of(form: Form) -> list[Chart]:
    """Received by month where there are several, timeliness of the lines, and the other period beside this one."""
    drawn = [timeliness_of_lines(form)]
    if form.by_month is not None and len(form.by_month.rows) > 1:
        drawn.insert(0, received_over_time(form.by_month, form.language))
    if form.compared is not None:
        drawn.append(beside_another(form))
    return [chart for chart in drawn if chart.rows]


def as_svg(chart: Chart) -> str:
    """The chart's picture for a page that is set."""
    return svg({**chart.spec, "config": {**chart.spec["config"], "font": FONT}})


def as_png(chart: Chart) -> bytes:
    """The chart's picture for a document that is edited.

    Not drawn by the charts' renderer: it has no fonts with Vietnamese letters but the machine's.
    """
    return picture(as_svg(chart))
