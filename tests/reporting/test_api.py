"""Reporting from outside: shapes, shares, refusals, the form, the gauges."""

import csv
import io
import json
import unicodedata
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.documents.formats import FORMATS
from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from shared.catalogue import Catalogue
from shared.domain.columns import KEYS, SHARE_KEYS
from shared.domain.fields import Channel
from shared.domain.localtime import LOCAL
from tests.builders.events import event, received
from tests.builders.times import at
from tests.reporting.databases import on_sqlite
from tests.reporting.delivery import Topic, statuses

KEY = "a-key-for-this-test-only"
NOW = datetime(2023, 2, 1, 9, tzinfo=LOCAL)
OPEN_SINCE_2022 = (received(at("2022-12-20"), due_at=at("2023-01-31")),)
EARLY = (received(), event("resolved", "2023-01-09 10:00"))
ON_TIME = (received(), event("resolved", "2023-01-10 16:00"), event("returned", "2023-02-01 08:00"))
LATE = (received(channel=Channel.POSTAL), event("resolved", "2023-01-11 07:00"))
SUSPENDED = (received(department="H59.02", procedure="9.999999"), event("supplement_requested", "2023-01-09 08:00"))
DUE_SOON = (received(at("2023-01-30"), department="H59.02", procedure="1.004616", due_at=at("2023-02-02")),)
HISTORIES = (OPEN_SINCE_2022, EARLY, ON_TIME, LATE, SUSPENDED, DUE_SOON)


@pytest.fixture
async def client(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    records = [
        record for number, history in enumerate(HISTORIES) for record in statuses(f"H59.15-230103-{number:04}", history)
    ]
    await Topic(engine).deliver(records)
    registry, gauges = CollectorRegistry(), FigureGauges(engine, lambda: NOW, None)
    registry.register(gauges)
    progress = ProjectorHealth(assigned=True)
    app = create_app(Reporting(engine, shipped, lambda: NOW, SecretStr(KEY), progress, registry, gauges))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://reporting", headers=headers
    ) as opened:
        yield opened


async def figures(client: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    answer = await client.get(f"/v1/figures?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_current_year_to_date_is_the_default(client: httpx.AsyncClient) -> None:
    found = await figures(client)
    assert (found["from"], found["to"], found["definition"], found["by"]) == (
        "2023-01-01",
        "2023-02-01",
        "by-date/1",
        [],
    )
    assert found["as_of"] == NOW.isoformat()
    assert found["rows"] == []
    total = found["total"]
    assert list(total) == [*KEYS, *SHARE_KEYS]
    assert total["received_total"] == 6
    assert (total["carried_over"], total["received_online"], total["received_in_person_or_postal"]) == (1, 4, 1)
    assert (total["resolved_early"], total["resolved_on_time"], total["resolved_overdue"]) == (1, 1, 1)
    assert (total["in_progress_total"], total["in_progress_overdue"], total["in_progress_suspended"]) == (3, 1, 1)
    assert (total["returned_total"], total["awaiting_return"]) == (1, 2)
    assert (total["online_share"], total["online_share_of_period"]) == ("66.7", "80.0")
    assert {total["early_share"], total["on_time_share"], total["overdue_share"]} == {"33.333", "33.334"}


async def test_stocks_are_cut_at_today(client: httpx.AsyncClient) -> None:
    """Due on 2 February, and today is the first: the year's last day has not come yet."""
    found = await figures(client, "from=2023-01-01&to=2023-12-31")
    assert found["total"]["in_progress_overdue"] == 1


async def test_rows_have_a_key_in_the_order_asked_for_and_are_sorted(client: httpx.AsyncClient) -> None:
    found = await figures(client, "by=department,field")
    fields = [(row["key"]["department"], row["key"]["field"]) for row in found["rows"]]
    assert fields == [("H59.02", "Dược phẩm"), ("H59.02", None), ("H59.15", fields[2][1])]
    assert list(found["rows"][0]["key"]) == ["department", "field"]
    assert {one["name"]: one["holds"] for one in found["identities"]} == dict.fromkeys(
        ["3=4+5+6", "7=8+9+10", "11=12+13", "3=7+11", "6(t)=11(t-1)", "total=sum of rows"], True
    )


async def test_each_month_has_its_own_carried_over(client: httpx.AsyncClient) -> None:
    found = await figures(client, "from=2022-12-01&to=2023-02-28&by=month")
    rows = [
        (row["key"]["month"], row["carried_over"], row["received_online"], row["in_progress_total"])
        for row in found["rows"]
    ]
    assert rows == [("2022-12", 0, 1, 1), ("2023-01", 1, 4, 3), ("2023-02", 3, 0, 3)]


async def test_a_share_of_nothing_is_null(client: httpx.AsyncClient) -> None:
    found = await figures(client, "from=2020-01-01&to=2020-12-31&by=department")
    assert found["rows"] == []
    assert [found["total"][share] for share in SHARE_KEYS] == [None] * 5


async def test_filters_choose_what_is_counted(client: httpx.AsyncClient) -> None:
    assert (await figures(client, "department=H59.02"))["total"]["received_total"] == 2
    assert (await figures(client, "channel=postal"))["total"]["received_total"] == 1
    assert (await figures(client, "procedure=1.004616"))["total"]["received_total"] == 1
    assert (await figures(client, "field=Dược phẩm&department=H59.02,H59.15"))["total"]["received_total"] == 1
    decomposed = unicodedata.normalize("NFD", "Dược  phẩm ")
    assert (await figures(client, f"field={decomposed}&department=H59.02,H59.15"))["total"]["received_total"] == 1
    (province,) = (row for row in (await figures(client, "by=level"))["rows"] if row["key"]["level"] == "province")
    assert (await figures(client, "level=province"))["total"] == {
        name: value for name, value in province.items() if name != "key"
    }
    assert (await figures(client, "level=commune&field=Dược phẩm"))["total"]["received_total"] == 0


@pytest.mark.parametrize(
    ("query", "parameter", "fix"),
    [
        ("department=H99.99", "department", "H59.01"),
        ("procedure=9.999999", "procedure", "not in the catalogue"),
        ("channel=fax", "channel", "online, in_person, postal"),
        ("field=Không có", "field", "available"),
        ("level=country", "level", "available: commune, province"),
        ("definition=by-guess/1", "definition", "by-date/1"),
        ("by=colour", "by", "department"),
        ("by=month,month", "by", "once"),
        ("from=2023-02-31", "from", "ends on 28"),
        ("to=tomorrow", "to", "2023-01-31"),
        ("from=2023-03-01&to=2023-02-01", "from", "after `to`"),
        ("from=0001-01-01&to=2023-02-01", "from", "1900-01-01"),
        ("from=1899-12-31", "from", "1900-01-01"),
        ("from=2023-01-01&to=9999-12-31", "to", "2999-12-31"),
        ("from=2023-01-01&to=3000-01-01", "to", "2999-12-31"),
    ],
)
@on_sqlite
async def test_a_wrong_parameter_is_named_with_its_fix(
    client: httpx.AsyncClient, query: str, parameter: str, fix: str
) -> None:
    answer = await client.get(f"/v1/figures?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["parameter"] == parameter
    assert fix in problem["detail"]


@pytest.mark.parametrize("path", ["/v1/figures", "/v1/reports/ii06a"])
class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("query", "parameter", "fix"),
        [
            ("departement=H59.15", "departement", "known: from, to, "),
            ("as_known_at=2023-01-31", "as_known_at", "is not an instant"),
            (
                "as_known_at=9999-01-31T00:00:00Z",
                "as_known_at",
                "out of range; write an instant of the years 1900 to 2999",
            ),
            ("from=2023-01-01&from=2023-01-02", "from", "once"),
            ("to=2023-01-01&to=2023-01-01", "to", "once"),
            ("=1", "", "known: from, to, "),
            ("from=0001-01-01&to=2023-02-01", "from", "1900-01-01"),
        ],
    )
    @on_sqlite
    async def test_nothing_is_ignored(
        self, client: httpx.AsyncClient, path: str, query: str, parameter: str, fix: str
    ) -> None:
        answer = await client.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["parameter"]) == (422, parameter)
        assert fix in answer.json()["detail"]

    async def test_the_widest_period_is_answered(self, client: httpx.AsyncClient, path: str) -> None:
        answer = await client.get(f"{path}?from=1900-01-01&to=2999-12-31")
        assert answer.json()["total"]["received_total"] == 6

    async def test_every_documented_parameter_is_known(self, client: httpx.AsyncClient, path: str) -> None:
        document = (await client.get("/openapi.json")).json()
        documented = {parameter["name"] for parameter in document["paths"][path]["get"]["parameters"]}
        refusal = (await client.get(f"{path}?unknown=1")).json()["detail"]
        assert set(refusal.partition("; known: ")[2].split(", ")) == documented


async def test_a_list_may_be_repeated(client: httpx.AsyncClient) -> None:
    assert (await figures(client, "department=H59.02&department=H59.15"))["total"]["received_total"] == 6


@pytest.mark.parametrize(
    ("by", "holds"), [("department", True), ("field,channel", True), ("month", None), ("department,month", None)]
)
async def test_the_total_is_held_to_the_sum_of_its_rows(client: httpx.AsyncClient, by: str, holds: object) -> None:
    """Not by month: what is carried over is carried over every month."""
    held = {one["name"]: one["holds"] for one in (await figures(client, f"by={by}"))["identities"]}
    assert held.get("total=sum of rows") is holds


@pytest.mark.parametrize("path", ["/v1/figures", "/v1/dossiers", "/v1/reports/ii06a"])
async def test_a_call_without_the_key_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers={"Authorization": "Bearer wrong"})).status_code == 401


async def test_dossiers_are_the_snapshots_as_they_came(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/dossiers")
    snapshots = [json.loads(line) for line in answer.text.splitlines()]
    assert [snapshot["code"] for snapshot in snapshots] == [
        f"H59.15-230103-{number:04}" for number in range(len(HISTORIES))
    ]
    assert (snapshots[2]["sequence"], snapshots[2]["version"]) == (3, 12), "the version is a function of the content"


async def test_applications_that_wait_are_shown_as_late_or_not(engine: AsyncEngine, client: httpx.AsyncClient) -> None:
    for number, due in enumerate(("2023-01-31", "2023-02-01", "2023-02-02")):
        asked = event("submitted", "2023-01-30 08:00", channel="online", acceptance_due_at=at(due))
        await Topic(engine, end=100 + number).deliver(statuses(f"H59.15-230130-000{number}", (asked,)))
    text = (await client.get("/metrics")).text
    for late, waiting in (("true", "1.0"), ("false", "2.0")):
        assert f'motcua_dossiers_awaiting_acceptance{{department="H59.15",late="{late}"}} {waiting}' in text


class TestForm:
    async def test_text_is_the_paragraph_of_an_office(self, client: httpx.AsyncClient) -> None:
        text = (await client.get("/v1/reports/ii06a?from=2023-01-01&to=2023-02-01&format=text")).text
        title, paragraph, *_rest = text.split("\n\n")
        assert title == (
            "TÌNH HÌNH TIẾP NHẬN, GIẢI QUYẾT HỒ SƠ THỦ TỤC HÀNH CHÍNH TỪ NGÀY 01/01/2023 ĐẾN NGÀY 01/02/2023"
        )
        assert paragraph.startswith(
            "Từ ngày 01/01/2023 đến ngày 01/02/2023, tổng số hồ sơ thủ tục hành chính đã tiếp nhận là 6 hồ sơ"
        )
        assert "trực tuyến 4 hồ sơ (chiếm 66,7% tổng số hồ sơ đã tiếp nhận kể cả kỳ trước chuyển sang, " in paragraph
        assert (
            "Đang giải quyết 3 hồ sơ (trong đó 1 hồ sơ đang tạm dừng), trong đó: trong hạn 2 hồ sơ, quá hạn 1 hồ sơ."
        ) in paragraph

    async def test_text_is_to_be_had_in_english(self, client: httpx.AsyncClient) -> None:
        text = (await client.get("/v1/reports/ii06a?from=2023-01-01&to=2023-01-31&format=text&lang=en")).text
        assert "From 1 Jan 2023 to 31 Jan 2023, 6 dossiers were to be handled, of which: 4 received online" in text
        assert not any(word in text for word in ("hồ sơ", "66,7"))

    async def test_a_period_that_goes_on_says_so_and_one_that_has_ended_does_not(
        self, client: httpx.AsyncClient
    ) -> None:
        going_on = "(số liệu tính đến 09 giờ 00 phút ngày 01/02/2023, kỳ báo cáo chưa kết thúc)"
        for last in ("2023-02-01", "2023-02-28"):
            assert going_on in (await client.get(f"/v1/reports/ii06a?from=2023-01-01&to={last}&format=text")).text
        text = (await client.get("/v1/reports/ii06a?from=2023-01-01&to=2023-01-31&format=text")).text
        assert "chưa kết thúc" not in text

    async def test_a_named_period_is_called_by_its_name(self, client: httpx.AsyncClient) -> None:
        text = (await client.get("/v1/reports/ii06a?period=2023-Q1&format=text")).text
        assert text.splitlines()[0].endswith("THỦ TỤC HÀNH CHÍNH QUÝ I NĂM 2023")
        assert "\nTrong quý I năm 2023 (từ ngày 15/12/2022 đến ngày 14/03/2023), tổng số" in text

    async def test_what_the_text_is_narrowed_to_is_said(self, client: httpx.AsyncClient) -> None:
        text = (await client.get("/v1/reports/ii06a?format=text&department=H59.15&channel=postal&level=province")).text
        scope = "cơ quan: Sở Tư pháp (H59.15); kênh tiếp nhận: bưu chính công ích; cấp hành chính: cấp tỉnh"
        assert text.split("\n\n")[1] == f"(Chỉ tính {scope})"

    async def test_text_leaves_out_what_there_is_none_of(self, client: httpx.AsyncClient) -> None:
        """All that was resolved on that day was late."""
        query = "from=2023-01-11&to=2023-01-11&format=text"
        text = (await client.get(f"/v1/reports/ii06a?{query}")).text
        assert "trong đó: quá hạn 1 hồ sơ (chiếm 100% số hồ sơ đã giải quyết)." in text
        assert not any(f" {word}" in text for word in ("0 hồ sơ", "trước hạn", "0,000%"))

    async def test_csv_for_programs_has_no_byte_order_mark_and_a_total(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/reports/ii06a?format=csv&by=department")
        assert answer.content.startswith(b"number,code,name,received_total,")
        *rows, total = csv.DictReader(io.StringIO(answer.text, newline=""))
        assert [row["code"] for row in rows] == ["H59.02", "H59.15"]
        assert (total["name"], total["received_total"], total["online_share"]) == ("Tổng số", "6", "66.7")

    async def test_json_says_which_column_is_which(self, client: httpx.AsyncClient) -> None:
        form = (await client.get("/v1/reports/ii06a?by=field")).json()
        assert (form["form"], form["columns"]["13"]) == ("II.06a", "in_progress_overdue")
        assert sum(line["received_total"] for line in form["lines"]) == form["total"]["received_total"] == 6

    @pytest.mark.parametrize("wanted", FORMATS)
    @on_sqlite
    async def test_every_format_has_a_documented_media_type_and_a_file_a_name(
        self, client: httpx.AsyncClient, wanted: str
    ) -> None:
        answer = await client.get(f"/v1/reports/ii06a?format={wanted}")
        document = (await client.get("/openapi.json")).json()
        documented = document["paths"]["/v1/reports/ii06a"]["get"]["responses"]["200"]["content"]
        assert answer.headers["content-type"].partition(";")[0] in documented
        ending = FORMATS[wanted].ending
        named = f'attachment; filename="II.06a_2023-01-01_2023-02-01.{ending}"'
        assert answer.headers.get("content-disposition") == (named if ending else None)

    @pytest.mark.parametrize(("query", "parameter"), [("format=ods", "format"), ("by=month", "by")])
    async def test_what_is_not_available_yet_is_refused_by_name(
        self, client: httpx.AsyncClient, query: str, parameter: str
    ) -> None:
        answer = await client.get(f"/v1/reports/ii06a?{query}")
        assert (answer.status_code, answer.json()["parameter"]) == (422, parameter)
        assert "available" in answer.json()["detail"]

    @pytest.mark.parametrize("wanted", FORMATS)
    @pytest.mark.parametrize(
        ("query", "parameter"), [("from=2023-02-02&to=2023-02-28", "from"), ("period=2024-03", "period")]
    )
    @on_sqlite
    async def test_a_period_that_has_not_begun_is_refused_in_every_format(
        self, client: httpx.AsyncClient, wanted: str, query: str, parameter: str
    ) -> None:
        answer = await client.get(f"/v1/reports/ii06a?{query}&format={wanted}")
        assert (answer.status_code, answer.json()["parameter"]) == (422, parameter)
        assert "ask for a period that has begun" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("query", "parameter", "vietnamese"),
        [
            ("department=H59.77", "department", "'H59.77' không có trong danh mục; có thể chọn: "),
            ("from=2023-02-01&to=2023-01-01", "from", "ngày đầu 2023-02-01 sau ngày cuối (`to`) 2023-01-01; hãy đổi"),
            ("from=2023-02-02&to=2023-02-28", "from", "kỳ báo cáo bắt đầu từ ngày 02/02/2023, sau ngày tính số liệu"),
            ("format=docs", "format", "'docs' không có; có thể chọn: json, csv, office-csv, "),
            ("definition=by-hand/1", "definition", "'by-hand/1' không có; có thể chọn: by-date/1, "),
            ("from=2023-02-30", "from", "(tháng đó kết thúc ngày 28)"),
            ("period=2023-Q5", "period", "hãy ghi 2023-03, 2023-Q1, 2023-6M, 2023-9M hoặc 2023"),
        ],
    )
    @on_sqlite
    async def test_a_mistake_is_told_in_the_readers_language(
        self, client: httpx.AsyncClient, query: str, parameter: str, vietnamese: str
    ) -> None:
        path = f"/v1/reports/ii06a?{query}"
        english = (await client.get(path)).json()
        by_header = (await client.get(path, headers={"Accept-Language": "vi-VN,vi;q=0.9,en;q=0.5"})).json()
        by_parameter = (await client.get(f"{path}&lang=vi", headers={"Accept-Language": "en"})).json()
        assert by_header == by_parameter
        assert by_header["detail"].startswith(f"{parameter}: ")
        assert vietnamese in by_header["detail"]
        assert "không" not in english["detail"]
        assert "hãy" not in english["detail"]
        assert {**english, "detail": ""} == {**by_header, "detail": ""}

    @pytest.mark.parametrize(
        ("path", "vietnamese"),
        [
            ("/v1/figures?form=2023", "form: không phải tham số của địa chỉ này; các tham số có thể dùng: "),
            ("/v1/figures?to=2023-01-02&to=2023-01-03", "to: được ghi 2 lần; chỉ ghi một lần"),
            ("/v1/figures?tokens=some", "tokens: 'some' không có; có thể chọn: all, none"),
            ("/v1/figures/changes?period=2023", "as_known_at: còn thiếu; hãy ghi thời điểm để so sánh"),
            ("/v1/figures/abc/dossiers", "token: không phải mã của một số liệu; hãy chép nguyên"),
            ("/v1/attention?kind=idle", "idle_months: còn thiếu; hãy ghi số tháng"),
            ("/v1/attention?cursor=abc", "cursor: không phải của danh sách này; hãy chép nguyên"),
            ("/v1/publications/77", "Không có bản công bố, bản điều chỉnh hay bảng này."),
        ],
    )
    @on_sqlite
    async def test_so_is_a_mistake_in_how_it_is_asked(
        self, client: httpx.AsyncClient, path: str, vietnamese: str
    ) -> None:
        answer = await client.get(path, headers={"Accept-Language": "vi"})
        assert answer.status_code in (404, 422)
        assert answer.json()["detail"].startswith(vietnamese)


class TestOperations:
    async def test_business_gauges(self, client: httpx.AsyncClient) -> None:
        page = (await client.get("/metrics")).text
        for line in (
            'motcua_dossiers_received{carried_over="true",channel="online",department="H59.15"} 1.0',
            'motcua_dossiers_received{carried_over="false",channel="postal",department="H59.15"} 1.0',
            'motcua_dossiers_resolved{department="H59.15",timeliness="early"} 1.0',
            'motcua_dossiers_in_progress{department="H59.15",timeliness="overdue"} 1.0',
            'motcua_dossiers_in_progress{department="H59.02",timeliness="suspended"} 1.0',
            'motcua_dossiers_in_progress{department="H59.02",timeliness="due_soon"} 1.0',
            'motcua_dossiers_in_progress{department="H59.02",timeliness="within"} 0.0',
            'motcua_dossiers_online_ratio{department="H59.02"} 1.0',
            'motcua_form_ii06a{column="received_total"} 6.0',
            'motcua_month_dossiers_received{carried_over="true",channel="online",department="H59.15"} 1.0',
            'motcua_reconciliation_difference{stage="sums"} 0.0',
            'motcua_reconciliation_difference{stage="form"} 0.0',
        ):
            assert line in page.splitlines(), line
        assert 'motcua_dossiers_online_ratio{department="all"} 0.666' in page

    @pytest.mark.usefixtures("client")
    async def test_gauges_beside_last_year_go_as_far_as_this_one(self, engine: AsyncEngine) -> None:
        """By 10 January 2024: two of 2023 were resolved by the tenth, the third a day later."""
        gauges = FigureGauges(engine, lambda: datetime(2024, 1, 10, 9, tzinfo=LOCAL), None)
        await gauges.refresh()
        (shown,) = gauges.collect()
        for line in (
            'received{carried_over="false",channel="online",department="H59.15"} 2.0',
            'received{carried_over="false",channel="postal",department="H59.15"} 1.0',
            'resolved{department="H59.15",timeliness="early"} 1.0',
            'resolved{department="H59.15",timeliness="on_time"} 1.0',
            'resolved{department="H59.15",timeliness="overdue"} 0.0',
        ):
            assert f"motcua_last_year_dossiers_{line}" in shown.text.splitlines(), line

    async def test_health_and_documents(self, client: httpx.AsyncClient) -> None:
        for path in ("/healthz/live", "/healthz/ready", "/openapi.json", "/docs"):
            assert (await client.get(path)).status_code == 200, path
        for path in ("/healthz/live", "/healthz/ready"):
            assert (await client.get(path)).json() == {"status": "ok"}


class TestHowItIsJudged:
    @pytest.mark.parametrize(
        ("definition", "early", "on_time", "overdue"),
        [("by-date/1", 1, 1, 1), ("instant/1", 1, 0, 2), ("half-day/1", 1, 0, 2)],
    )
    async def test_by_the_definition_that_the_answer_names(
        self, client: httpx.AsyncClient, definition: str, early: int, on_time: int, overdue: int
    ) -> None:
        for answer in (
            await figures(client, f"definition={definition}"),
            await form(client, f"definition={definition}"),
        ):
            total = answer["total"]
            assert answer["definition"] == definition
            assert (total["resolved_early"], total["resolved_on_time"], total["resolved_overdue"]) == (
                early,
                on_time,
                overdue,
            )
            assert all(identity["holds"] for identity in answer["identities"])

    async def test_a_named_period_is_named_in_the_answer(self, client: httpx.AsyncClient) -> None:
        for answer in (await figures(client, "period=2023-01"), await form(client, "period=2023-01")):
            assert (answer["period"], answer["from"], answer["to"]) == ("2023-01", "2022-12-15", "2023-01-14")
        assert "period" not in await figures(client, "from=2022-12-15&to=2023-01-14")

    async def test_as_at_a_cut_off_nothing_that_is_dated_later_is_counted(self, client: httpx.AsyncClient) -> None:
        cut = await figures(client, "from=2023-01-01&to=2023-01-31&as_of=2023-01-10")
        assert cut["as_of"] == "2023-01-10T23:59:59+07:00"
        assert (cut["to"], cut["total"]["resolved_total"], cut["total"]["in_progress_total"]) == ("2023-01-31", 2, 3)
        assert cut["total"] == (await figures(client, "from=2023-01-01&to=2023-01-10"))["total"]

    async def test_text_says_by_which_definition_and_as_at_when(self, client: httpx.AsyncClient) -> None:
        text = (await client.get("/v1/reports/ii06a?format=text&definition=half-day/1&as_of=2023-01-10")).text
        assert "Cách tính đúng hạn: so theo buổi làm việc. Số liệu tính đến 23 giờ 59 phút ngày 10/01/2023." in text


async def form(client: httpx.AsyncClient, query: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/reports/ii06a?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
