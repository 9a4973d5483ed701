"""Charts: the same numbers as the figures, in a picture that a strict page can show and in a table beside it."""

import html
import re
from datetime import date
from xml.etree import ElementTree as ET

import httpx
import pytest

from services.reporting.documents.charts import of_figures
from services.reporting.documents.charts.render import svg
from services.reporting.documents.forms.form import form_of
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.range_sums import Pin
from services.reporting.figures.report import Report, ReportRow
from services.reporting.pages.report import CHARTS
from shared.catalogue import Catalogue
from shared.domain.columns import KEYS
from shared.language.languages import Language
from tests.pages.office import NOW
from tests.pages.reading import read

SVG = "{http://www.w3.org/2000/svg}"


def _report(by: Dimension, rows: dict[str, dict[str, int]]) -> Report:
    query = FigureQuery(first=date(2023, 1, 1), last=date(2023, 2, 1), as_of=NOW, by=(by,))
    zero = dict.fromkeys(KEYS, 0)
    return Report(query, zero, tuple(ReportRow((key,), zero | row) for key, row in rows.items()), (), Pin(1, 1))


@pytest.mark.parametrize("name", CHARTS)
async def test_a_chart_is_a_picture_without_styles_and_a_table(reader: httpx.AsyncClient, name: str) -> None:
    answer = await reader.get(f"/charts/{name}")
    assert answer.status_code == 200
    (picture,) = re.findall(r"<svg.*</svg>", answer.text, re.DOTALL)
    drawn = ET.fromstring(picture)
    assert drawn.get("aria-hidden") == "true"
    assert not [each for each in drawn.iter() if each.get("style") or each.tag in (f"{SVG}style", f"{SVG}script")]
    links = list(drawn.iter(f"{SVG}a"))
    assert all(
        (each.get("href") or "").startswith(("/dossiers?token=", "/open?")) and each.get("tabindex") == "-1"
        for each in links
    )
    assert 'scope="col"' in answer.text


async def test_its_links_open_its_numbers(reader: httpx.AsyncClient) -> None:
    text = (await reader.get("/charts/received")).text
    page = await reader.get(re.findall(r'<td class="number"><a href="([^"]+)">5</a>', text)[0].replace("&amp;", "&"))
    assert len(read(page.text, "list").rows) == 5


@pytest.mark.parametrize(("name", "bars"), [("age", 5), ("deadline", 10)])
async def test_every_bar_of_open_dossiers_opens_as_many(reader: httpx.AsyncClient, name: str, bars: int) -> None:
    rows = re.findall(r'<td class="number">(?:<a href="([^"]+)">)?([0-9]+)', (await reader.get(f"/charts/{name}")).text)
    assert len(rows) == bars
    opened = [(link, int(number)) for link, number in rows if link]
    assert sum(number for _, number in opened) == 3
    for link, number in opened:
        page = await reader.get(html.unescape(link))
        assert len(read(page.text, "list").rows) == number
        assert f"{number} hồ sơ" in page.text
    assert (await reader.get("/open?bucket=nothing")).status_code == 422


async def test_it_is_drawn_once_until_the_figures_move(
    reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[object] = []

    def draw(spec: object) -> str:
        drawn.append(spec)
        return "<svg></svg>"

    monkeypatch.setattr("services.reporting.pages.charts.svg", draw)
    for _ in range(3):
        assert (await reader.get("/charts/age")).status_code == 200
    assert len(drawn) == 1


async def test_a_chart_of_a_question_that_is_wrong_says_so(reader: httpx.AsyncClient) -> None:
    assert (await reader.get("/charts/received?from=x")).status_code == 422
    assert (await reader.get("/charts/nothing")).status_code == 422


def test_numbers_are_written_as_the_language_does() -> None:
    found = _report(Dimension.MONTH, {"2023-01": {"received_online": 12_345}})
    assert ">10.000<" in svg(of_figures.received_over_time(found, Language.VIETNAMESE).spec)
    assert ">10,000<" in svg(of_figures.received_over_time(found, Language.ENGLISH).spec)


def test_the_worst_line_comes_first_and_lines_without_resolved_dossiers_are_left_out(shipped: Catalogue) -> None:
    rows = {
        "H59.01": {"resolved_early": 9, "resolved_overdue": 1},
        "H59.02": {"resolved_on_time": 1, "resolved_overdue": 1},
        "H59.03": {"received_online": 5},
    }
    form = form_of(_report(Dimension.DEPARTMENT, rows), shipped, Language.VIETNAMESE)
    chart = of_figures.timeliness_of_lines(form, {(1, "resolved_overdue"): "/dossiers?token=x"})
    assert [row.name for row in chart.rows] == [form.lines[1].name, form.lines[0].name]
    assert [number.text for number in chart.rows[0].numbers] == ["0", "1", "1", "50,000%"]
    assert chart.rows[0].numbers[2].link == "/dossiers?token=x"


def test_a_unit_of_two_sections_has_a_bar_in_each(shipped: Catalogue) -> None:
    query = FigureQuery(
        first=date(2023, 1, 1), last=date(2023, 2, 1), as_of=NOW, by=(Dimension.DEPARTMENT, Dimension.LEVEL)
    )
    zero = dict.fromkeys(KEYS, 0)
    rows = [
        ReportRow(("H59.02", level), zero | {"resolved_overdue": overdue, "resolved_early": 5})
        for level, overdue in (("province", 1), ("commune", 3))
    ]
    form = form_of(Report(query, zero, tuple(rows), (), Pin(1, 1)), shipped, Language.VIETNAMESE)
    chart = of_figures.timeliness_of_lines(form)
    assert [row.name for row in chart.rows] == ["Sở Y tế (Cấp xã)", "Sở Y tế (Cấp tỉnh)"]
