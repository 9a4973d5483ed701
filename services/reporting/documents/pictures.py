"""The charts of a form as pictures for paper, in the documents' own font."""

from functools import cache
from pathlib import Path

import vl_convert

from services.reporting.charts.chart import Chart, Spec
from services.reporting.charts.of_figures import beside_another, timeliness_of_lines
from services.reporting.charts.render import png, svg
from services.reporting.forms.form import Form

FONTS = Path(__file__).parent / "fonts"
"""Liberation Serif, set as Times New Roman is: a server has no fonts, and few have all Vietnamese letters."""
FONT = "Liberation Serif"


def charts_of(form: Form) -> list[Chart]:
    """Those that the form's own figures make; none of a form without lines."""
    drawn = [timeliness_of_lines(form)]
    if form.compared is not None:
        drawn.append(beside_another(form))
    return [chart for chart in drawn if chart.rows]


def as_svg(chart: Chart) -> str:
    """The chart's picture for a page that is set."""
    return svg(_on_paper(chart.spec))


def as_png(chart: Chart) -> bytes:
    """The chart's picture for a document that is edited."""
    return png(_on_paper(chart.spec))


def _on_paper(spec: Spec) -> Spec:
    _register_fonts()
    return {**spec, "config": {**spec["config"], "font": FONT}}


@cache
def _register_fonts() -> None:
    vl_convert.register_font_directory(str(FONTS))
