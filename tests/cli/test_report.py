"""Reports fit 80 columns, are written as Vietnamese readers expect, and say which printed values cannot be true."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from io import StringIO
from typing import Any
from urllib.parse import parse_qsl

import pytest
from rich.console import Console

from motcua.cli import main
from motcua.failure import Failure
from motcua.report import Group, PrintedReport, parse
from motcua.speech import speak
from motcua.stack.demo import comparison, impossible
from motcua.terminal.console import count, dossiers
from motcua.terminal.form import broken_identities, form, in_order, paragraph, row_name
from shared.domain.localtime import LOCAL
from shared.language.languages import Language
from tests.cli.recording_intake import KEY, serving

TRA_VINH: dict[str, Any] = {
    "received_total": 80121, "received_online": 50353, "received_in_person_or_postal": 28520, "received_postal": 2870,
    "carried_over": 1248,
    "resolved_total": 78784, "resolved_early": 19409, "resolved_on_time": 59369, "resolved_overdue": 6,
    "resolved_no_deadline": 0,
    "in_progress_total": 1337, "in_progress_within": 1337, "in_progress_overdue": 0,
    "online_share": "62.8", "online_share_of_period": "63.8", "early_share": "24.636",
    "on_time_share": "75.356", "overdue_share": "0.008",
}  # fmt: skip
PRINTED: dict[str, int | float | str] = {
    "received_total": 80121, "received_online": 50353, "received_in_person_or_postal": 28538, "carried_over": 1248,
    "resolved_total": 78784, "resolved_early": 19409, "resolved_on_time": 59369, "resolved_overdue": 6,
    "in_progress_total": 1137, "in_progress_overdue": 0, "online_share": "62.8",
}  # fmt: skip
NAMES = {"H59.03": "Sở Văn hóa, Thể thao và Du lịch", "H59.02": "Sở Y tế"}


def report(total: dict[str, Any], *groups: Group) -> PrintedReport:
    return PrintedReport(
        date(2023, 1, 1),
        date(2023, 12, 31),
        "by-date/1",
        datetime(2023, 12, 31, 23, 59, tzinfo=LOCAL),
        ("department",),
        total,
        groups,
    )


@pytest.fixture
def vietnamese() -> Iterator[None]:
    speak(Language.VIETNAMESE)
    yield
    speak(Language.ENGLISH)


def rendered(what: Any, width: int = 80) -> list[str]:
    console = Console(width=width, file=StringIO(), color_system=None)
    console.print(what)
    text = console.file
    assert isinstance(text, StringIO)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def shown(what: PrintedReport) -> list[str]:
    return rendered(form(what, lambda key: row_name(key, NAMES), 80))


def test_numbers_are_written_as_in_the_language_that_is_spoken(vietnamese: None) -> None:
    assert (count(80121), count(1234567), dossiers(2)) == ("80.121", "1.234.567", "2 hồ sơ")
    speak(Language.ENGLISH)
    assert (count(80121), count(1234567), dossiers(2)) == ("80,121", "1,234,567", "2 dossiers")


def test_the_form_fits_80_columns_and_shows_every_figure_whole() -> None:
    lines = shown(report(TRA_VINH, Group({"department": "H59.03"}, TRA_VINH)))
    assert max(map(len, lines)) <= 80
    total = next(line for line in lines if line.startswith("Total"))
    assert total.split() == [
        "Total",
        "80,121",
        "50,353",
        "28,520",
        "1,248",
        "78,784",
        "19,409",
        "59,369",
        "6",
        "1,337",
        "1,337",
        "0",
    ]
    assert lines[0].split() == ["1-2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"]
    assert any(line.startswith("Sở Văn") for line in lines)


def test_figures_of_a_country_stand_below_each_other_and_still_whole() -> None:
    country = {key: value * 1250 if isinstance(value, int) else value for key, value in TRA_VINH.items()}
    lines = shown(report(country, Group({"department": "H59.02"}, country)))
    assert max(map(len, lines)) <= 80
    assert any("100,151,250" in line for line in lines)
    assert "Sở Y tế (H59.02)" in [line.strip() for line in lines]


def test_dossiers_without_a_deadline_are_told_apart() -> None:
    total = TRA_VINH | {"resolved_no_deadline": 12}
    assert any("12 without a deadline" in line for line in shown(report(total)))
    assert "12 without a deadline" in paragraph(report(total))


def test_what_came_by_a_channel_that_nobody_noted_is_said_beside_the_online_share() -> None:
    total = TRA_VINH | {"received_unknown": 1025}
    assert "(1,025 of these by a channel that nobody noted)" in paragraph(report(total))
    assert any("Column 5 holds 1,025" in line for line in shown(report(total)))
    assert "nobody noted" not in paragraph(report(TRA_VINH))


def test_a_place_of_receipt_is_named_like_a_department() -> None:
    assert row_name({"department": "H59.02", "received_by": "H59.99"}, NAMES) == "Sở Y tế (H59.02) · H59.99"
    assert row_name({"received_by": "H59.02"}, NAMES) == "Sở Y tế (H59.02)"


def test_the_paragraph_says_the_headline_figures() -> None:
    text = paragraph(report(TRA_VINH))
    for part in (
        "80,121 dossiers",
        "50,353 received online (62.8% of all to handle, 63.8% of those received in the period)",
        "1,248 carried over",
        "19,409 early (24.636% of those resolved)",
        "6 overdue (0.008%)",
    ):
        assert part in text


def test_it_all_is_said_in_vietnamese_too(vietnamese: None) -> None:
    text = paragraph(report(TRA_VINH | {"in_progress_suspended": 81}))
    assert text.startswith("Từ ngày 01/01/2023 đến ngày 31/12/2023, tổng số hồ sơ")
    assert "trong hạn 1.337 hồ sơ (trong đó 81 hồ sơ đang tạm dừng)" in text
    total = TRA_VINH | {"resolved_no_deadline": 12, "received_unknown": 1025}
    lines = shown(report(total, Group({"department": "H59.02", "channel": "postal"}, total)))
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("Tổng số") and "80.121" in line for line in lines)
    legend = " ".join(lines)
    for part in (
        "Các cột: 3 nhận giải quyết; 4 tiếp nhận trực tuyến;",
        "Cột 7 gồm cả 12 hồ sơ không quy định thời hạn",
        "Cột 5 gồm cả 1.025 hồ sơ không rõ kênh",
        "Cách tính đúng hạn: so theo ngày (by-date/1). Số liệu tính đến 23 giờ 59 phút ngày 31/12/2023.",
    ):
        assert part in legend
    assert not any(word in legend.replace("by-date", "") for word in (" the ", "Columns", " by "))


def test_rows_of_months_say_which_columns_do_not_add_up() -> None:
    monthly = replace(report(TRA_VINH, Group({"month": "2023-01"}, TRA_VINH)), by=("month",))
    said = "Columns 3, 6 and 11-13 do not add up over periods"
    assert said in " ".join(shown(monthly))
    assert said not in " ".join(shown(report(TRA_VINH)))


def test_a_wide_terminal_shows_names_whole() -> None:
    name = "Sở Văn hóa, Thể thao và Du lịch (H59.03)"
    of_one = report(TRA_VINH, Group({"department": "H59.03"}, TRA_VINH))
    assert not any(name in line for line in shown(of_one))
    wide = rendered(form(of_one, lambda key: row_name(key, NAMES), 140), 140)
    assert any(line.startswith(name) and line.endswith(" 0") for line in wide)


def test_fields_stand_as_in_a_vietnamese_dictionary_unless_the_worst_is_to_be_first() -> None:
    late = {"Bảo vệ thực vật": 2, "Bưu chính": 0, "Đất đai": 7, "Y tế dự phòng": 1}
    groups = [Group({"field": name}, TRA_VINH | {"resolved_overdue": late[name]}) for name in sorted(late)]
    mixed = replace(report(TRA_VINH, *groups, Group({"field": None}, TRA_VINH)), by=("field",))
    assert [group.key["field"] for group in mixed.groups] == [
        "Bưu chính", "Bảo vệ thực vật", "Y tế dự phòng", "Đất đai", None
    ]  # fmt: skip
    assert [group.key["field"] for group in in_order(mixed).groups] == [*late, None]
    worst = in_order(mixed, "resolved_overdue")
    assert [group.key["field"] for group in worst.groups][:3] == ["Đất đai", None, "Bảo vệ thực vật"]
    with pytest.raises(Failure, match="sort by one of received_total"):
        in_order(mixed, "late")


def test_the_two_printed_values_that_cannot_be_true_are_found_with_their_arithmetic() -> None:
    assert {each.key: each.arithmetic for each in impossible(TRA_VINH, PRINTED)} == {
        "received_in_person_or_postal": "80,121 − 50,353 − 1,248 = 28,520, not 28,538",
        "in_progress_total": "80,121 − 78,784 = 1,337, not 1,137",
    }


def test_a_printed_value_that_differs_but_breaks_nothing_is_only_marked() -> None:
    printed = PRINTED | {"received_in_person_or_postal": 28520, "in_progress_total": 1337, "online_share": "62.9"}
    assert impossible(TRA_VINH, printed) == []
    lines = rendered(comparison(TRA_VINH, printed, TRA_VINH))
    assert [line for line in lines if "differs" in line] == [next(line for line in lines if "62.9%" in line)]


def test_a_share_that_is_printed_less_exactly_agrees() -> None:
    printed: dict[str, int | float | str] = {"early_share": "24.6", "on_time_share": 75.36, "received_postal": 1}
    lines = rendered(comparison(TRA_VINH, printed, TRA_VINH))
    assert [line for line in lines if "differs" in line] == [next(line for line in lines if "received by post" in line)]


def test_a_report_that_leaves_a_figure_out_is_not_accused() -> None:
    assert impossible(TRA_VINH, {"received_total": 80121, "received_online": 50354}) == []


@pytest.mark.parametrize("key", ["received_in_person_or_postal", "in_progress_total"])
def test_the_comparison_fits_80_columns_and_marks_them(key: str) -> None:
    lines = rendered(comparison(TRA_VINH, PRINTED, TRA_VINH))
    assert max(map(len, lines)) <= 80
    marked = [line for line in lines if count(int(PRINTED[key])) in line and "cannot be true" in line]
    assert len(marked) == 1
    assert "(1) 80,121 − 50,353 − 1,248 = 28,520, not 28,538" in lines


ANSWER = json.dumps(
    {
        "from": "2022-12-15",
        "to": "2023-03-14",
        "period": "2023-Q1",
        "definition": "half-day/1",
        "as_of": "2023-03-14T23:59:59+07:00",
    }
    | {"as_known_at": None, "by": [], "total": TRA_VINH, "rows": [], "identities": [{"name": "3=4+5+6", "holds": True}]}
)


def test_every_broken_identity_is_told_with_its_row_and_its_amount() -> None:
    identities = [
        {"name": "3=4+5+6", "holds": True},
        {"name": "3=7+11", "holds": False, "difference": -1234, "row": {"month": "2023-02", "department": "H59.02"}},
        {"name": "total=sum of rows", "holds": False, "difference": 1, "row": "total", "column": "withdrawn"},
    ]
    found = parse(json.dumps(json.loads(ANSWER) | {"identities": identities}).encode())
    first, second, _to_do = broken_identities(found, NAMES)
    assert (
        first
        == "3=7+11 does not hold in the row 2023-02 · Sở Y tế (H59.02): the left side is 1,234 less than the right."
    )
    assert second == "total=sum of rows does not hold for withdrawn: the left side is 1 more than the right."


class RecordingReporting:
    """Answers every call with one report, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self.requests.append((scope["path"], dict(parse_qsl(scope["query_string"].decode()))))
        of_figures = scope["path"] == "/v1/figures"
        body = ANSWER.encode() if of_figures else "Từ ngày 15/12/2022".encode()
        headers = [(b"content-length", str(len(body)).encode())]
        headers.append((b"content-type", b"application/json" if of_figures else b"text/plain; charset=utf-8"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def motcua(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["motcua", "report", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_named_period_a_definition_and_a_cut_off_reach_reporting_in_every_shape(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reporting = RecordingReporting()
    words = ("--period", "2023-Q1", "--definition", "half-day/1", "--as-of", "2023-03-14")
    with serving(reporting) as url:
        for shape in ("table", "json", "csv", "office-csv", "text"):
            assert motcua(monkeypatch, *words, "--format", shape, "--reporting", url, "--key", KEY) == 0
    same = {"period": "2023-Q1", "definition": "half-day/1", "as_of": "2023-03-14"}
    checked = ("/v1/figures", same | {"tokens": "none", "by": "department"})
    of_form = same | {"lang": "vi", "by": "department"}
    assert reporting.requests == [("/v1/figures", same)] * 2 + [
        asked
        for shape in ("csv", "office-csv", "text")
        for asked in (("/v1/reports/ii06a", of_form | {"format": shape}), checked)
    ]
    printed = " ".join(capsys.readouterr().out.split())
    assert "In the first quarter of 2023 (from 15 Dec 2022 to 14 Mar 2023)" in printed
    assert "judged by the half-day (half-day/1), as of 14 Mar 2023, 23:59." in printed


def test_an_event_posted_besides_the_year_makes_no_printed_figure_impossible() -> None:
    counted = {**TRA_VINH, "received_total": 80122, "received_in_person_or_postal": 28521, "in_progress_total": 1338}
    lines = rendered(comparison(counted, PRINTED, TRA_VINH))
    (received,) = [line for line in lines if line.startswith("3 ")]
    assert received.endswith("changed since") == ("cannot be true" not in received)
    assert [line for line in lines if "cannot be true" in line] == [
        line.replace("80,121  80,121", "80,122  80,121") for line in lines if "cannot be true" in line
    ]
    assert "80,122" not in " ".join(line for line in lines if " = " in line)
    assert lines[-1] == "changed since: events were posted besides those of the year"


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (("--period", "2023-Q1", "--from", "2023-01-01"), "leave either it or them out"),
        (("--period", "2023-Q1", "--to", "2023-01-01"), "leave either it or them out"),
        (("--from", "2023-01-01"), "give --from and --to, or --period"),
        (("--to", "2023-01-31"), "give --from and --to, or --period"),
        ((), "give --from and --to, or --period"),
    ],
)
def test_which_days_must_be_said_in_one_way(
    words: tuple[str, ...], fix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua(monkeypatch, *words, "--key", KEY) == 2
    assert fix in " ".join(capsys.readouterr().err.replace("│", " ").split())
