"""What the pages say, without a browser: the figures of the API, links that open them, and mistakes in words."""

import csv
import html
import io
import re
from datetime import date, datetime

import httpx
import openpyxl
import pytest

from services.reporting.documents.formats import FORMATS
from services.reporting.pages.question import PRESETS, preset
from services.reporting.pages.texts import TEXTS
from shared.pages.site import POLICY
from tests.pages.office import APOLOGISED, CODES, KEY, LATEST, NASTY, Office
from tests.pages.reading import read

AUTHORISED = {"Authorization": f"Bearer {KEY}"}
WRONG_DAYS = {
    "from=31/02/2023": ("from", "Không đọc được ngày “31/02/2023”"),
    "from=hôm qua&to=01/02/2023": ("from", "Không đọc được ngày “hôm qua”"),
    "from=01/01/2023&to=1.2.23": ("to", "Không đọc được ngày “1.2.23”"),
    "from=01/02/2023&to=01/01/2023": ("from", "đổi lại hai ngày"),
    "from=01/01/1800": ("from", "nằm ngoài phạm vi"),
    "from=20/12/2023&to=31/12/2023": ("from", "chưa bắt đầu"),
    "period=2023-Q4": ("period", "chưa bắt đầu"),
    "period=days": ("from", "Hãy ghi ngày đầu kỳ"),
    "to=01/02/2023": ("from", "Hãy ghi ngày đầu kỳ"),
    "period=2023-Q7": ("period", "“2023-Q7” không có trong danh sách"),
    "department=H99.99": ("department", "“H99.99” không có trong danh sách"),
    "field=Không có": ("field", "không có trong danh sách"),
    "channel=fax": ("channel", "không có trong danh sách"),
    "level=country": ("level", "không có trong danh sách"),
    "definition=by-guess/1": ("definition", "không có trong danh sách"),
    "organised=later": ("organised", "không có trong danh sách"),
    "by=colour": ("by", "không có trong danh sách"),
}


async def api_total(office: Office, reader: httpx.AsyncClient, query: str = "") -> dict[str, int]:
    answer = await reader.get(f"/v1/figures?{query}", headers=AUTHORISED)
    found: dict[str, int] = answer.json()["total"]
    return found


async def test_the_table_says_what_the_api_says(office: Office, reader: httpx.AsyncClient) -> None:
    page = await reader.get("/")
    assert page.status_code == 200
    total = await api_total(office, reader)
    figures = [cell.said for cell in read(page.text).rows[0]]
    keys = ("received_total", "received_online", "received_in_person_or_postal", "carried_over", "resolved_total")
    assert figures[2:7] == [str(total[key]) for key in keys]
    assert figures[-2:] == ["71,4%", "50,000%"]


@pytest.mark.parametrize(
    "query", ["", "?by=field", "?by=field&sections=level", "?sort=resolved_overdue", "?channel=online"]
)
async def test_every_number_opens_as_many_dossiers(reader: httpx.AsyncClient, query: str) -> None:
    rows = read((await reader.get(f"/{query}")).text).rows
    links = [(int(cell.said), cell.link) for row in rows for cell in row[2:] if cell.link]
    assert len(links) > 10
    for number, link in links:
        page = await reader.get(link)
        assert len(read(page.text, "list").rows) == number
        assert f"{number} hồ sơ" in page.text
    assert all(cell.said in ("0", "–") or "%" in cell.said or cell.link for row in rows for cell in row[2:])


async def test_the_largest_comes_first_where_a_column_is_chosen(reader: httpx.AsyncClient) -> None:
    rows = read((await reader.get("/?sort=resolved_total")).text).rows[1:]
    assert [row[0].said for row in rows] == ["2", "1"]
    assert [row[0].said for row in read((await reader.get("/")).text).rows[1:]] == ["1", "2"]


async def test_a_list_can_be_had_with_the_latest_first(reader: httpx.AsyncClient) -> None:
    link = read((await reader.get("/")).text).rows[0][2].link
    assert link is not None
    codes = [row[0].said for row in read((await reader.get(f"{link}&sort=late")).text, "list").rows]
    assert codes[:2] == [CODES[4], LATEST]
    assert sorted(codes) == CODES


@pytest.mark.parametrize(("query", "told"), WRONG_DAYS.items(), ids=list(WRONG_DAYS))
async def test_what_is_typed_wrong_is_told_beside_its_field_and_kept(
    reader: httpx.AsyncClient, query: str, told: tuple[str, str]
) -> None:
    field, sentence = told
    answer = await reader.get(f"/?{query}")
    assert answer.status_code == 422
    said = html.unescape(answer.text)
    assert f'id="{field}-mistake">' in said
    assert sentence in said.split(f'id="{field}-mistake">')[1].split("</p>")[0]
    typed = read(answer.text).typed
    for pair in query.split("&"):
        name, value = pair.split("=")
        assert typed[name] == value


async def test_two_wrong_days_are_both_told_beside_their_fields(reader: httpx.AsyncClient) -> None:
    said = html.unescape((await reader.get("/?from=31/02/2023&to=01/01/3000")).text)
    assert "“31/02/2023”" in said.split('id="from-mistake">')[1].split("</p>")[0]
    assert "“01/01/3000” nằm ngoài phạm vi" in said.split('id="to-mistake">')[1].split("</p>")[0]
    assert said.count('<li><a href="#from">') == said.count('<li><a href="#to">') == 1
    said = html.unescape((await reader.get("/?to=hôm qua")).text)
    assert "Hãy ghi ngày đầu kỳ" in said.split('id="from-mistake">')[1].split("</p>")[0]
    assert "“hôm qua”" in said.split('id="to-mistake">')[1].split("</p>")[0]


async def test_days_of_an_address_stand_in_the_fields_as_people_write_them(reader: httpx.AsyncClient) -> None:
    typed = read((await reader.get("/?from=2023-01-01&to=2023-01-31")).text).typed
    assert (typed["from"], typed["to"]) == ("01/01/2023", "31/01/2023")
    typed = read((await reader.get("/?from=2023-01-01&to=2023-02-31")).text).typed
    assert (typed["from"], typed["to"]) == ("01/01/2023", "2023-02-31"), "what can't be read stands as it was typed"


async def test_days_are_read_as_people_write_them(reader: httpx.AsyncClient) -> None:
    for query in (
        "from=1/1/2023&to=31-01-2023",
        "from=01.01.2023&to=2023-01-31",
        "period=this-year&from=1/1/2023&to=31/1/2023",
    ):
        assert "Từ ngày 01/01/2023 đến ngày 31/01/2023" in (await reader.get(f"/?{query}")).text


async def test_a_statutory_period_is_named(reader: httpx.AsyncClient) -> None:
    said = (await reader.get("/?period=2023-01")).text
    assert "Tháng 1 năm 2023 (từ ngày 15/12/2022 đến ngày 14/01/2023)" in said


def test_presets_reach_to_today_or_to_their_end() -> None:
    today = date(2024, 2, 29)
    assert {name: preset(name, today) for name in PRESETS} == {
        "this-month": (date(2024, 2, 1), today),
        "this-quarter": (date(2024, 1, 1), today),
        "this-year": (date(2024, 1, 1), today),
        "last-month": (date(2024, 1, 1), date(2024, 1, 31)),
        "last-quarter": (date(2023, 10, 1), date(2023, 12, 31)),
        "last-year": (date(2023, 1, 1), date(2023, 12, 31)),
    }


async def test_english_is_a_switch_that_stays(reader: httpx.AsyncClient) -> None:
    assert '<html lang="vi">' in (await reader.get("/", headers={"Accept-Language": "en"})).text
    english = await reader.get("/?lang=en")
    assert '<html lang="en">' in english.text
    assert "Dossiers received and resolved" in english.text
    assert "Late dossiers" in (await reader.get("/late")).text
    assert '<html lang="vi">' in (await reader.get("/late?lang=vi")).text


def test_every_text_stands_in_both_languages() -> None:
    assert [key for key, both in TEXTS.items() if not all(both)] == []
    values = {key: [set(re.findall(r"{(\w+)}", said)) for said in both] for key, both in TEXTS.items()}
    assert [key for key, (vietnamese, english) in values.items() if vietnamese != english] == []


async def test_names_and_officers_are_never_taken_for_the_pages_own_text(reader: httpx.AsyncClient) -> None:
    link = read((await reader.get("/")).text).rows[0][2].link
    paths = ["/", link, f"/dossiers/{CODES[2]}", "/follow-up", "/late", f"/?field={NASTY}"]
    for path in paths:
        said = (await reader.get(str(path))).text
        assert "alert(1)" in said, path
        assert "<script>alert" not in said, path


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/late",
        "/follow-up",
        "/definitions",
        "/charts/age",
        "/dossiers?token=x",
        f"/dossiers/{CODES[0]}",
        "/?from=x",
    ],
)
async def test_every_page_has_the_strict_policy(reader: httpx.AsyncClient, path: str) -> None:
    answer = await reader.get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert POLICY.startswith("default-src 'none'")
    assert "unsafe" not in POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert " style=" not in answer.text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)


async def test_assets_are_kept_for_long_under_an_address_of_their_content(reader: httpx.AsyncClient) -> None:
    for asset in re.findall(r'"(/static/[^"]+)"', (await reader.get("/")).text):
        answer = await reader.get(asset)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await reader.get("/static/nothing.js")).status_code == 404
    assert (await reader.get("/static/..%2Fsite.py")).status_code == 404


async def test_a_number_that_can_not_be_opened_says_what_to_do(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/dossiers?token=nonsense")
    assert answer.status_code == 404
    assert "chọn lại con số" in answer.text


async def test_a_dossier_that_is_not_there_says_what_to_do(reader: httpx.AsyncClient) -> None:
    for code in ("H59.15-230103-9999", "x y", "%3Cscript%3E", "a/b"):
        answer = await reader.get(f"/dossiers/{code}")
        assert answer.status_code == 404
        assert "Hãy xem lại mã" in answer.text


async def test_a_list_keeps_to_its_number_when_the_figures_move(office: Office, reader: httpx.AsyncClient) -> None:
    link = str(read((await reader.get("/")).text).rows[0][2].link)
    await office.receive("H59.15-230131-0001")
    page = await reader.get(link)
    assert len(read(page.text, "list").rows) == len(CODES)
    assert "đã có thay đổi" in page.text


@pytest.mark.parametrize("name", FORMATS)
async def test_every_format_is_there_to_download(reader: httpx.AsyncClient, name: str) -> None:
    link = f"/download?department=H59.15&format={name}"
    assert html.escape(link) in (await reader.get("/?department=H59.15")).text
    answer = await reader.get(link)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FORMATS[name].media_type
    assert len(answer.content) > 100


async def test_a_format_that_is_not_there_is_named(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/download?format=papyrus")
    assert answer.status_code == 422
    assert "csv" in answer.text


async def test_figures_stand_beside_those_of_last_year(reader: httpx.AsyncClient) -> None:
    assert "cùng kỳ năm trước" in (await reader.get("/")).text
    said = html.unescape((await reader.get("/?from=01/12/2022&to=31/12/2022")).text)
    assert "cùng kỳ năm trước: 0 (+1)" in said


async def test_the_definitions_stand_side_by_side(reader: httpx.AsyncClient) -> None:
    page = await reader.get("/definitions")
    assert page.status_code == 200
    assert page.text.count('<th scope="row">So theo') == 3


async def test_the_follow_up_lists_what_the_api_lists(reader: httpx.AsyncClient) -> None:
    expected = (await reader.get("/v1/attention", headers=AUTHORISED)).json()
    page = await reader.get("/follow-up")
    assert [row[0].said for row in read(page.text, "list").rows] == [one["code"] for one in expected["dossiers"]]
    assert expected["dossiers"]
    wrong = await reader.get("/follow-up?within=soon")
    assert wrong.status_code == 422
    assert read(wrong.text).typed["within"] == "soon"
    assert "Không đọc được “soon”" in html.unescape(wrong.text)


async def test_the_late_dossiers_come_as_files_to_send_out(reader: httpx.AsyncClient) -> None:
    page = read((await reader.get("/late")).text, "list")
    codes = [row[0].said for row in page.rows]
    assert codes
    book = await reader.get("/late/file?format=xlsx")
    assert book.headers["content-disposition"].endswith('.xlsx"')
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0]
    head = next(cell.row for cell in sheet["A"] if cell.value == "Mã hồ sơ")
    rows = list(sheet.iter_rows(head + 1, values_only=True))
    assert [row[0] for row in rows] == codes
    assert all(isinstance(row[4], datetime) and isinstance(row[6], int) for row in rows)
    written = await reader.get("/late/file?format=office-csv")
    table = list(csv.reader(io.StringIO(written.content.decode("utf-8-sig")), delimiter=";"))
    assert [row[0] for row in table[1:]] == codes
    assert (await reader.get("/late/file?format=pdf")).status_code == 422


async def test_the_late_dossiers_are_those_of_the_figures_the_latest_first(
    office: Office, reader: httpx.AsyncClient
) -> None:
    total = await api_total(office, reader)
    rows = read((await reader.get("/late")).text, "list").rows
    assert len(rows) == total["resolved_overdue"] + total["in_progress_overdue"] == 3
    assert [row[0].said for row in rows] == [CODES[4], LATEST, APOLOGISED]
    assert [row[6].said for row in rows] == ["7", "3", "2"]
    assert [row[8].said for row in rows] == ["chưa", "chưa", "11/01/2023"]
