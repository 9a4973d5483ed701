"""*Trung tâm hôm nay*: the year's figures and what is to be done now, for who leads a centre."""  # noqa: INP001 - beside the script that uses it

from panels import (
    Json,
    Part,
    Query,
    Tile,
    across,
    address,
    board,
    chosen_datasource,
    link,
    share,
    siblings,
    stacked,
    stat,
    table,
    thresholds,
    timeline,
)

REPORTING = "http://127.0.0.1:8003"
NAMES = "max by (department, name) (motcua_department_info)"
CHOSEN = 'department=~"$department"'
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
NEW = 'carried_over="false"'
ONLINE = f'{NEW}, channel="online"'
FORM = {
    "received_total": "(3) Phải giải quyết",
    "received_online": "(4) Trực tuyến",
    "received_in_person_or_postal": "(5) Trực tiếp, bưu chính",
    "carried_over": "(6) Kỳ trước chuyển sang",
    "resolved_total": "(7) Đã giải quyết",
    "resolved_early": "(8) Trước hạn",
    "resolved_on_time": "(9) Đúng hạn",
    "resolved_overdue": "(10) Quá hạn",
    "in_progress_total": "(11) Đang giải quyết",
    "in_progress_within": "(12) Trong hạn",
    "in_progress_overdue": "(13) Quá hạn",
}
WARNING = thresholds((None, "green"), (1, "yellow"))
ALARM = thresholds((None, "green"), (1, "red"))


def figure(name: str, labels: str = "") -> str:
    """A figure of the chosen departments, once, however many instances of reporting show it."""
    selector = f"{CHOSEN}, {labels}" if labels else CHOSEN
    return f"max without (instance) (motcua_{name}{{{selector}}})"


def total(name: str, labels: str = "") -> str:
    return f"sum({figure(name, labels)})"


def named(by_department: str) -> str:
    """With what the catalogue calls each department; with its code where that is not known."""
    coded = f'label_replace({by_department}, "name", "$1", "department", "(.+)")'
    return f"{by_department} * on (department) group_left (name) {NAMES} or ignoring (name) {coded}"


def by_department(name: str, labels: str = "", *, also: str = "") -> str:
    return named(f"sum by (department{also and f', {also}'}) ({figure(name, labels)})")


def headline() -> list[Tile]:
    online = total("dossiers_received", ONLINE) + " / " + total("dossiers_received")
    received = 'round(sum(increase(motcua_events_accepted_total{event="received"}[24h])))'
    awaiting = total("dossiers_awaiting_acceptance", 'late="true"')
    return [
        (
            3,
            4,
            stat(
                "Phải giải quyết",
                "Tiếp nhận từ đầu năm và từ kỳ trước chuyển sang.",
                Query(total("dossiers_received"), "hồ sơ"),
            ),
        ),
        (
            3,
            4,
            share(
                "Tỷ lệ trực tuyến", "Tiếp nhận trực tuyến / phải giải quyết, như báo cáo in.", Query(online, "tỷ lệ")
            ),
        ),
        (3, 4, stat("Đã giải quyết", "Từ đầu năm.", Query(total("dossiers_resolved"), "hồ sơ"))),
        (3, 4, stat("Tiếp nhận 24 giờ qua", "Của mọi đơn vị, theo sự kiện đã nhận.", Query(received, "hồ sơ"))),
        (
            3,
            4,
            stat("Đang giải quyết", "Chưa xong.", Query(total("dossiers_in_progress"), "hồ sơ"), trend=True),
        ),
        (
            3,
            4,
            stat(
                "Sắp đến hạn",
                "Hạn trả là hôm nay hoặc ngày mai.",
                Query(total("dossiers_in_progress", 'timeliness="due_soon"'), "hồ sơ"),
                steps=WARNING,
                trend=True,
            ),
        ),
        (
            3,
            4,
            stat(
                "Quá hạn",
                "Chưa xong và đã quá hạn trả.",
                Query(total("dossiers_in_progress", 'timeliness="overdue"'), "hồ sơ"),
                steps=ALARM,
                trend=True,
            ),
        ),
        (
            3,
            4,
            stat(
                "Chậm tiếp nhận",
                "Nộp trực tuyến, quá thời hạn mà chưa tiếp nhận hay từ chối.",
                Query(awaiting, "hồ sơ"),
                steps=ALARM,
            ),
        ),
    ]


def departments() -> list[Tile]:
    ratio = f'max by (department) (motcua_dossiers_online_ratio{{{CHOSEN}, department!="all"}})'
    columns = [
        Query(by_department("dossiers_received", NEW), "Tiếp nhận"),
        Query(by_department("last_year_dossiers_received", NEW), "Cùng kỳ năm trước"),
        Query(named(ratio), "Trực tuyến", unit="percentunit"),
        Query(by_department("dossiers_resolved"), "Đã giải quyết"),
        Query(by_department("dossiers_in_progress"), "Đang giải quyết"),
        Query(by_department("dossiers_in_progress", 'timeliness="due_soon"'), "Sắp đến hạn"),
        Query(by_department("dossiers_in_progress", 'timeliness="overdue"'), "Quá hạn"),
        Query(by_department("dossiers_due_unassigned"), "Đến hạn, chưa giao"),
    ]
    columns_of_form = f'max by (column) (motcua_form_ii06a{{column=~"{"|".join(FORM)}"}})'
    return [
        (
            24,
            12,
            table(
                "Theo đơn vị",
                "Từ đầu năm; bấm vào mã để mở danh sách đôn đốc của đơn vị.",
                columns,
                rows={"name": "Đơn vị", "department": "Mã"},
                links={"Mã": ("Danh sách đôn đốc", '${reporting}/follow-up?department=${__data.fields["Mã"]}')},
                sort="Quá hạn",
            ),
        ),
        (
            24,
            4,
            across(
                "Biểu số II.06a/VPCP/KSTT",
                "Dòng tổng số của mọi đơn vị, từ đầu năm.",
                columns_of_form,
                by="column",
                names=FORM,
            ),
        ),
    ]


def parts() -> list[Tile]:
    received = by_department("dossiers_received", NEW, also="channel")
    resolved = by_department("dossiers_resolved", also="timeliness")
    standing = by_department("dossiers_in_progress", also="timeliness")
    return [
        (
            8,
            14,
            stacked("Tiếp nhận theo kênh", "Tiếp nhận từ đầu năm.", received, by=("name", "channel"), parts=CHANNELS),
        ),
        (
            8,
            14,
            stacked(
                "Kết quả giải quyết",
                "Theo định nghĩa by-date/1.",
                resolved,
                by=("name", "timeliness"),
                parts=TIMELINESS,
            ),
        ),
        (
            8,
            14,
            stacked(
                "Đang giải quyết",
                "Hồ sơ chưa xong, như hiện nay.",
                standing,
                by=("name", "timeliness"),
                parts=STANDINGS,
            ),
        ),
    ]


def last_year() -> list[Tile]:
    def in_time(prefix: str) -> str:
        kept = total(f"{prefix}dossiers_resolved", 'timeliness=~"early|on_time"')
        return f"{kept} / {total(f'{prefix}dossiers_resolved')}"

    def online(prefix: str) -> str:
        return f"{total(f'{prefix}dossiers_received', ONLINE)} / {total(f'{prefix}dossiers_received')}"

    def pair(this: str, that: str) -> tuple[Query, Query]:
        return Query(this, "Năm nay"), Query(that, "Cùng kỳ năm trước")

    received = pair(total("dossiers_received", NEW), total("last_year_dossiers_received", NEW))
    resolved = pair(total("dossiers_resolved"), total("last_year_dossiers_resolved"))
    of_both = "Từ đầu năm, và đến cùng ngày của năm trước."
    return [
        (6, 5, stat("Tiếp nhận", of_both, *received)),
        (6, 5, stat("Đã giải quyết", of_both, *resolved)),
        (
            6,
            5,
            stat(
                "Giải quyết trước và đúng hạn", of_both, *pair(in_time(""), in_time("last_year_")), unit="percentunit"
            ),
        ),
        (6, 5, stat("Tỷ lệ trực tuyến", of_both, *pair(online(""), online("last_year_")), unit="percentunit")),
    ]


def following() -> list[Tile]:
    overdue = Query(total("dossiers_in_progress", 'timeliness="overdue"'), "Quá hạn", "red")
    soon = Query(total("dossiers_in_progress", 'timeliness="due_soon"'), "Sắp đến hạn", "yellow")
    ways = {"mail": "Thư điện tử", "webhook": "Webhook"}
    return [
        (10, 7, timeline("Quá hạn và sắp đến hạn", "Theo thời gian.", overdue, soon, unit="locale")),
        (
            5,
            7,
            timeline(
                "Phiếu đôn đốc đã gửi",
                "Trong một giờ, nơi nhận đã nhận.",
                Query("sum by (way) (increase(motcua_follow_up_sent_total[1h]))", "{{way}}"),
                unit="locale",
                names=ways,
            ),
        ),
        (
            5,
            7,
            timeline(
                "Lần gửi không được",
                "Trong một giờ; còn gửi lại.",
                Query("sum by (way) (increase(motcua_follow_up_failures_total[1h]))", "{{way}}"),
                unit="locale",
                names=ways,
            ),
        ),
        (
            4,
            7,
            stat(
                "Phiếu đôn đốc chờ gửi",
                "Chờ gửi, và đã thôi không gửi nữa. Trống khi chưa bật đôn đốc.",
                Query("sum(max by (way) (motcua_follow_up_waiting))", "Chờ gửi"),
                Query("sum(max by (way) (motcua_follow_up_given_up))", "Thôi không gửi"),
                steps=WARNING,
            ),
        ),
    ]


def chosen_departments() -> Json:
    """By their names; the values are codes."""
    return {
        "type": "query",
        "name": "department",
        "label": "Đơn vị",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "query": {"query": "query_result(motcua_department_info)", "refId": "departments"},
        "regex": '/department="(?<value>[^"]+)".*?name="(?<text>[^"]+)"/',
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "hide": 0,
        "current": {"text": ["Tất cả"], "value": ["$__all"]},
    }


def dashboard() -> Json:
    rows = [
        ("", headline()),
        ("", departments()),
        ("So với cùng kỳ năm trước", last_year()),
        ("Theo đơn vị", parts()),
        ("Đôn đốc", following()),
    ]
    return board(
        "centre",
        "Trung tâm hôm nay",
        "Số liệu từ đầu năm và việc cần làm hôm nay, cho người điều hành trung tâm.",
        rows,
        time={"from": "now-7d", "to": "now"},
        refresh="1m",
        templating={
            "list": [chosen_datasource(), chosen_departments(), address("reporting", "Trang báo cáo", REPORTING)]
        },
        links=[
            siblings(),
            link("Báo cáo", "${reporting}/"),
            link("Danh sách đôn đốc", "${reporting}/follow-up"),
            link("Phiếu đôn đốc", "${reporting}/follow-ups"),
        ],
    )
