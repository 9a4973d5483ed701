"""Charts are drawn by a process beside the service: it is started again when it ends, and holds nothing up."""

import time
from collections.abc import Iterator
from threading import Thread

import psutil
import pytest

from services.reporting.documents.charts.chart import specification
from services.reporting.documents.charts.render import ChartNotDrawn, Renderer
from shared.language.languages import Language
from shared.papers.typesetting import picture

BARS = specification(
    Language.VIETNAMESE,
    [{"name": "Sở Y tế", "dossiers": 80_121}],
    mark="bar",
    encoding={"x": {"field": "dossiers", "type": "quantitative"}, "y": {"field": "name", "type": "nominal"}},
)


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    opened = Renderer()
    yield opened
    opened.close()


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "drawing.py" in " ".join(each.cmdline())]


def test_it_is_started_again_when_it_was_killed(renderer: Renderer) -> None:
    before = set(children())
    drawn = renderer.svg(BARS)
    (process,) = set(children()) - before
    process.kill()
    assert renderer.svg(BARS) == drawn
    assert "Sở Y tế" in drawn


def test_a_wrong_specification_is_refused_and_the_next_one_drawn(renderer: Renderer) -> None:
    with pytest.raises(ChartNotDrawn):
        renderer.svg({"mark": "no such mark"})
    assert renderer.svg(BARS).startswith("<svg")


def test_what_is_closed_leaves_no_process(renderer: Renderer) -> None:
    before = set(children())
    renderer.svg(BARS)
    renderer.close()
    assert set(children()) == before


def test_other_threads_run_while_it_draws(renderer: Renderer) -> None:
    """By the processor time of this process: drawing here would take all of it."""
    renderer.svg(BARS)
    drawing = Thread(target=lambda: [renderer.svg(BARS) for _ in range(5)])
    own, began = time.process_time(), time.perf_counter()
    drawing.start()
    drawing.join()
    assert time.process_time() - own < (time.perf_counter() - began) / 2


def test_a_picture_for_documents_is_png(renderer: Renderer) -> None:
    assert picture(renderer.svg(BARS)).startswith(b"\x89PNG")
