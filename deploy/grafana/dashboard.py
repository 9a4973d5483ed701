"""Writes dashboards/motcua.json, what an operator and a director look at;
`--check` only says whether the file is what this writes.

Run from the project's root: `.venv/bin/python deploy/grafana/dashboard.py [--check]`.
"""  # noqa: INP001 - a script, run by its path

import json
import sys
from collections import Counter
from pathlib import Path

from panels import Json, Part, Query, Tile, bars, laid_out, share, stacked, stat, table, thresholds, timeline

from shared.catalogue import load

FILE = Path(__file__).parent / "dashboards" / "motcua.json"
ALARM = thresholds((None, "green"), (1, "red"))
CHANNELS = [
    Part("online", "Trực tuyến", "blue"),
    Part("in_person", "Trực tiếp", "orange"),
    Part("postal", "Bưu chính", "purple"),
]
TIMELINESS = [
    Part("early", "Trước hạn", "green"),
    Part("on_time", "Đúng hạn", "blue"),
    Part("overdue", "Quá hạn", "red"),
    Part("no_deadline", "Không có hạn", "gray"),
]
STANDINGS = [
    Part("within", "Trong hạn", "green"),
    Part("due_soon", "Sắp đến hạn", "yellow"),
    Part("overdue", "Quá hạn", "red"),
    Part("suspended", "Tạm dừng", "gray"),
]
FORM = {
    "received_total": "3 · Tổng số hồ sơ phải giải quyết",
    "received_online": "4 · Tiếp nhận trong kỳ: trực tuyến",
    "received_in_person_or_postal": "5 · Tiếp nhận trong kỳ: trực tiếp, bưu chính",
    "carried_over": "6 · Từ kỳ trước chuyển sang",
    "resolved_total": "7 · Đã giải quyết",
    "resolved_early": "8 · Đã giải quyết: trước hạn",
    "resolved_on_time": "9 · Đã giải quyết: đúng hạn",
    "resolved_overdue": "10 · Đã giải quyết: quá hạn",
    "in_progress_total": "11 · Đang giải quyết",
    "in_progress_within": "12 · Đang giải quyết: trong hạn",
    "in_progress_overdue": "13 · Đang giải quyết: quá hạn",
}


def figure(series: str) -> str:
    """A figure once, however many reporting instances show it."""
    return f"max without (instance) ({series})"


def by_label(labels: str, series: str) -> str:
    return f"sum by ({labels}) ({figure(series)})"


def form(column: str) -> str:
    return f'max(motcua_form_ii06a{{column="{column}"}})'


def headline() -> list[Tile]:
    overdue = 'sum(max without (instance) (motcua_dossiers_in_progress{timeliness="overdue"}))'
    return [
        (
            5,
            6,
            stat(
                "To handle / Phải giải quyết",
                "Received in the year and carried over.",
                Query(form("received_total"), "hồ sơ"),
            ),
        ),
        (
            5,
            6,
            share(
                "Online / Trực tuyến",
                "Received online / to handle, as the reports print it.",
                Query('max(motcua_dossiers_online_ratio{department="all"})', "tỷ lệ"),
            ),
        ),
        (
            4,
            6,
            stat(
                "Resolved / Đã giải quyết",
                "Closed in the year.",
                Query(f"sum({figure('motcua_dossiers_resolved')})", "hồ sơ"),
            ),
        ),
        (
            4,
            6,
            stat(
                "In progress / Đang giải quyết",
                "Open now.",
                Query(f"sum({figure('motcua_dossiers_in_progress')})", "hồ sơ"),
            ),
        ),
        (
            6,
            6,
            stat(
                "In progress, overdue / Đang giải quyết, quá hạn",
                "Open past the deadline.",
                Query(overdue, "hồ sơ"),
                steps=ALARM,
            ),
        ),
    ]


def received(names: dict[str, str]) -> list[Tile]:
    new = by_label("department, channel", 'motcua_dossiers_received{carried_over="false"}')
    carried = by_label("department", 'motcua_dossiers_received{carried_over="true"}')
    everything = f'{new} or label_replace({carried}, "channel", "carried_over", "", "")'
    online = Query("max by (department) (motcua_dossiers_online_ratio)", "Tỷ lệ trực tuyến")
    by_channel = Query(by_label("channel", 'motcua_dossiers_received{carried_over="false"}'), "Hồ sơ")
    return [
        (
            12,
            14,
            stacked(
                "Received by department / Tiếp nhận theo cơ quan",
                "By channel, and what the year began with.",
                everything,
                by=("department", "channel"),
                names=names,
                parts=[*CHANNELS, Part("carried_over", "Kỳ trước chuyển sang", "gray")],
            ),
        ),
        (
            6,
            14,
            bars(
                "Online share by department / Tỷ lệ trực tuyến theo cơ quan",
                "Received online / to handle.",
                online,
                by="department",
                names=names | {"all": "Tất cả"},
                unit="percentunit",
            ),
        ),
        (
            6,
            14,
            bars(
                "Received by channel / Tiếp nhận theo kênh",
                "Received in the year.",
                by_channel,
                by="channel",
                names={channel.value: channel.name for channel in CHANNELS},
            ),
        ),
    ]


def handling(names: dict[str, str]) -> list[Tile]:
    by = ("department", "timeliness")
    resolved = by_label(", ".join(by), "motcua_dossiers_resolved")
    standing = by_label(", ".join(by), "motcua_dossiers_in_progress")
    columns = Query(by_label("column", f'motcua_form_ii06a{{column=~"{"|".join(FORM)}"}}'), "Hồ sơ")
    return [
        (
            9,
            14,
            stacked(
                "Timeliness / Kết quả giải quyết",
                "By definition by-date/1.",
                resolved,
                by=by,
                names=names,
                parts=TIMELINESS,
            ),
        ),
        (
            8,
            14,
            stacked(
                "In progress / Đang giải quyết",
                "How open dossiers stand now.",
                standing,
                by=by,
                names=names,
                parts=STANDINGS,
            ),
        ),
        (
            7,
            14,
            table(
                "Form II.06a / Biểu số II.06a", "Whole-year totals.", columns, by="column", names=FORM, heading="Cột"
            ),
        ),
    ]


def chain() -> list[Tile]:
    events = [
        Query("sum(rate(motcua_events_accepted_total[$__rate_interval]))", "accepted", "green"),
        Query("sum(rate(motcua_events_duplicate_total[$__rate_interval]))", "duplicate", "gray"),
        Query("sum(rate(motcua_events_rejected_total[$__rate_interval]))", "rejected", "red"),
        Query("sum(rate(motcua_events_processed_total[$__rate_interval]))", "processed", "blue"),
    ]
    lag = "sum by (le, stage) (rate(motcua_pipeline_lag_seconds_bucket[$__rate_interval]))"
    lags = [
        Query(f"histogram_quantile({quantile}, {lag})", f"{{{{stage}}}} {name}")
        for quantile, name in ((0.5, "p50"), (0.99, "p99"))
    ]
    backlog = Query("max(motcua_relay_backlog_events)", "waiting", "orange")
    rejected = Query("sum by (reason) (rate(motcua_events_rejected_total[$__rate_interval]))", "{{reason}}")
    letters = Query("sum by (reason) (motcua_dead_letters_total)", "{{reason}}")
    difference = Query("max by (stage) (motcua_reconciliation_difference)", "{{stage}}")
    alarms = Query("sum(motcua_dead_letters_total) or vector(0)", "records")
    up = Query('up{job="motcua"}', "{{service}}")
    gap = Query("max(abs(motcua_reconciliation_difference))", "events")
    return [
        (
            12,
            8,
            timeline("Events per second / Sự kiện mỗi giây", "Through intake and into the ledger.", events, unit="eps"),
        ),
        (
            12,
            8,
            timeline(
                "Lag since acceptance / Độ trễ",
                "relay: broker has it; processing: ledger; figures: counted.",
                lags,
                unit="s",
            ),
        ),
        (
            8,
            7,
            timeline(
                "Waiting for the broker / Chờ chuyển tiếp",
                "Accepted, durable, not yet in Kafka.",
                [backlog],
                unit="locale",
            ),
        ),
        (
            8,
            7,
            timeline(
                "Rejected by reason / Bị từ chối", "What intake refused, by code.", [rejected], unit="eps", stacked=True
            ),
        ),
        (4, 7, stat("Dead letters / Không xử lý được", "Quarantined records since the start.", alarms, steps=ALARM)),
        (
            4,
            7,
            stat("Difference / Chênh lệch", "Accepted − counted − quarantined; must come back to 0.", gap, steps=ALARM),
        ),
        (8, 7, timeline("Dead letters by reason / Không xử lý được", "Quarantined records.", [letters], unit="locale")),
        (
            8,
            7,
            timeline(
                "Difference over time / Chênh lệch", "Not 0 while events are in flight.", [difference], unit="locale"
            ),
        ),
        (8, 7, timeline("Services up / Dịch vụ hoạt động", "1 answers, 0 does not.", [up], unit="short")),
    ]


def names_of_departments() -> dict[str, str]:
    """By code; two of one name with their provinces."""
    offices = load()
    often = Counter(department.name for department in offices.departments.values())
    names = {code: department.name for code, department in sorted(offices.departments.items())}
    provinces = {code: offices.province_of(code) for code, name in names.items() if often[name] > 1}
    return names | {code: f"{names[code]} ({province.name})" for code, province in provinces.items() if province}


def dashboard() -> Json:
    names = names_of_departments()
    rows = [
        ("Hồ sơ thủ tục hành chính · Dossiers", headline()),
        ("Tiếp nhận · Received", received(names)),
        ("Giải quyết · Handling", handling(names)),
        ("Dây chuyền xử lý · The chain", chain()),
    ]
    return {
        "uid": "motcua",
        "title": "Một cửa · Motcua",
        "description": "Figures of the year and the health of the chain that counts them.",
        "tags": ["motcua"],
        "schemaVersion": 41,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "Asia/Ho_Chi_Minh",
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": laid_out(rows),
    }


def main() -> int:
    text = json.dumps(dashboard(), ensure_ascii=False, indent=2) + "\n"
    if "--check" in sys.argv[1:]:
        if FILE.is_file() and FILE.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{FILE.name} is not what this script writes: run it without --check\n")
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
