"""*Dòng hồ sơ*: is what is accepted counted? For who is called at night: the first screen says what is wrong."""  # noqa: INP001 - beside the script that uses it

from centre_board import named
from panels import (
    Json,
    Query,
    Tile,
    address,
    board,
    chosen_datasource,
    lights,
    link,
    siblings,
    stat,
    table,
    thresholds,
    timeline,
)

RUNBOOK = "https://motcua.example/runbook.md"
STAGES = {"relay": "chuyển tiếp", "processing": "sổ cái", "figures": "số liệu"}
DIFFERENCES = STAGES | {"sums": "tổng cộng", "form": "biểu mẫu", "accepted": "đã nhận"}
QUANTILES = {0.5: "p50", 0.99: "p99"}
BUDGETS = {
    "figures-within-5-seconds": "Vào số liệu trong 5 giây",
    "intake-takes-events": "Tiếp nhận được sự kiện",
    "intake-answers-without-fault": "Tiếp nhận không lỗi 5xx",
    "counts-agree": "Các số đếm khớp nhau",
}
ALARM = thresholds((None, "green"), (1, "red"))
STALLED = "motcua_pipeline_stalled_seconds"
# A service that does not answer does not say that it stands still: 0 of the others is not 0 of all.
LONGEST_STANDSTILL = (
    f"max({STALLED}) > 60 or max({STALLED}) and on () count(count by (stage) ({STALLED})) == {len(STAGES)}"
    " or vector(NaN)"
)
ALERT = "alertname, severity, service, department, stage, part, reason, job"


def up() -> Json:
    return lights(
        "Dịch vụ",
        "Có trả lời Prometheus hay không.",
        Query('min by (service) (up{job="motcua"})', "{{service}}"),
        {1: ("chạy", "green"), 0: ("không trả lời", "red")},
        {},
    )


def ready() -> Json:
    return lights(
        "Sẵn sàng theo bộ phận",
        "Cơ sở dữ liệu, nhật ký, Kafka, phân vùng; dịch vụ không trả lời thì không có ở đây.",
        Query('min by (service, part) (motcua_ready{job="motcua"})', "{{service}} {{part}}"),
        {1: ("tốt", "green"), 0: ("hỏng", "red")},
        {},
    )


def alerts() -> Json:
    firing = 'ALERTS{alertname=~"Motcua.*", alertstate="firing"}'
    since = f"max by ({ALERT}) (ALERTS_FOR_STATE * 1000 and ignoring (alertstate) {firing})"
    columns = ("Cảnh báo", "Mức", "Dịch vụ", "Đơn vị", "Khâu", "Bộ phận", "Lý do", "Nguồn")
    return table(
        "Cảnh báo đang kêu",
        "MotcuaWatchdog luôn có: bảng trống là Prometheus không xét luật nữa.",
        [Query(since, "Từ", unit="dateTimeFromNow")],
        rows=dict(zip(ALERT.split(", "), columns, strict=True)),
        links={"Cảnh báo": ("Sổ tay xử lý", "${runbook}")},
    )


def state() -> list[Tile]:
    minute = thresholds((None, "green"), (60, "red"))
    queries = (
        (
            "Thư chết chưa xử lý",
            "Bản ghi không xử lý được, chưa ai gửi lại hay đánh dấu xong.",
            Query("max(motcua_dead_letters_open)", "bản ghi"),
            "locale",
            ALARM,
        ),
        (
            "Chênh lệch",
            "Độ lệch lớn nhất giữa các số đếm độc lập; phải trở về 0.",
            Query("max(abs(motcua_reconciliation_difference))", "sự kiện"),
            "locale",
            ALARM,
        ),
        (
            "Đứng yên",
            "Khâu đứng yên lâu nhất dù còn việc; không rõ khi có khâu không trả lời.",
            Query(LONGEST_STANDSTILL, "giây"),
            "s",
            minute,
        ),
        (
            "Chờ Kafka lâu nhất",
            "Sự kiện đã nhận mà Kafka chưa xác nhận.",
            Query("max(motcua_relay_oldest_event_age_seconds)", "giây"),
            "s",
            thresholds((None, "green"), (60, "yellow"), (300, "red")),
        ),
        (
            "Chờ chuyển tiếp",
            "Sự kiện đã nhận, chưa ở trong Kafka.",
            Query("max(motcua_relay_backlog_events)", "sự kiện"),
            "locale",
            thresholds((None, "green"), (1000, "yellow")),
        ),
        (
            "Số liệu cách đây",
            "Từ lần tính gần nhất.",
            Query("time() - max(motcua_figures_computed_timestamp_seconds)", "giây"),
            "s",
            thresholds((None, "green"), (120, "red")),
        ),
        (
            "Bị từ chối 10 phút qua",
            "Sự kiện mà khâu tiếp nhận không nhận.",
            Query("sum(service:motcua_events_rejected:increase10m)", "sự kiện"),
            "locale",
            thresholds((None, "green"), (100, "yellow")),
        ),
        (
            "Hỏng liên tiếp",
            "Bản ghi hỏng kể từ bản ghi tốt gần nhất.",
            Query("max(motcua_poison_in_a_row)", "bản ghi"),
            "locale",
            thresholds((None, "green"), (100, "red")),
        ),
    )
    return [
        (3, 3, stat(title, means, query, unit=unit, steps=steps, unknown="không rõ"))
        for title, means, query, unit, steps in queries
    ]


def flow() -> list[Tile]:
    lag = 'sum by (le, stage) (rate(motcua_pipeline_lag_seconds_bucket{job="motcua"}[$__rate_interval]))'
    lags = [
        Query(f"histogram_quantile({quantile}, {lag})", f"{{{{stage}}}} {name}") for quantile, name in QUANTILES.items()
    ]
    in_words = {f"{stage} {name}": f"{text} {name}" for stage, text in STAGES.items() for name in QUANTILES.values()}
    partitions = "max by (topic, partition) (motcua_consumer_lag_records)"
    events = [
        Query(f'sum(rate(motcua_events_{name}_total{{job="motcua"}}[$__rate_interval]))', text, colour)
        for name, text, colour in (
            ("accepted", "đã nhận", "green"),
            ("duplicate", "đã có", "gray"),
            ("rejected", "bị từ chối", "red"),
            ("processed", "vào sổ cái", "blue"),
        )
    ]
    difference = Query("max by (stage) (motcua_reconciliation_difference)", "{{stage}}")
    rejected = Query("topk(10, sum by (reason) (service:motcua_events_rejected:increase10m))", "{{reason}}")
    return [
        (
            12,
            6,
            timeline("Độ trễ theo khâu", "Từ lúc nhận đến hết khâu.", *lags, unit="s", names=in_words),
        ),
        (
            8,
            6,
            timeline(
                "Đang chờ theo khâu",
                "Bản ghi mà khâu còn phải lấy; khi sổ cái không trả lời: đã gửi cho nó mà chưa về đến số liệu. "
                "Khâu không có đường là không rõ.",
                Query("stage:motcua_pipeline_waiting_records", "{{stage}}"),
                unit="locale",
                names=STAGES,
            ),
        ),
        (
            8,
            6,
            timeline(
                "Còn phải đọc theo phân vùng",
                "Bản ghi Kafka chưa đọc.",
                Query(partitions, "{{topic}} {{partition}}"),
                unit="locale",
            ),
        ),
        (
            8,
            6,
            timeline(
                "Chênh lệch theo thời gian",
                "Khác 0 khi sự kiện còn trên đường; âm cũng là lệch.",
                difference,
                unit="locale",
                names=DIFFERENCES,
                least=None,
            ),
        ),
        (12, 5, timeline("Sự kiện mỗi giây", "Qua tiếp nhận và vào sổ cái.", *events, unit="eps")),
        (12, 5, timeline("Bị từ chối theo lý do", "Trong 10 phút.", rejected, unit="locale", stacked=True)),
    ]


def budgets() -> list[Tile]:
    left = Query("slo:period_error_budget_remaining:ratio", "{{sloth_slo}}")
    burning = Query("slo:current_burn_rate:ratio", "{{sloth_slo}}")
    colours = thresholds((None, "red"), (0, "yellow"), (0.25, "green"))
    return [
        (
            12,
            7,
            stat(
                "Ngân sách lỗi còn lại",
                "Của 30 ngày; dưới 0 là đã quá.",
                left,
                unit="percentunit",
                steps=colours,
                names=BUDGETS,
            ),
        ),
        (
            12,
            7,
            timeline(
                "Tốc độ tiêu ngân sách",
                "1: vừa hết trong 30 ngày; trên 14,4 thì gọi người.",
                burning,
                unit="short",
                names=BUDGETS,
            ),
        ),
    ]


def silence() -> list[Tile]:
    last = "max by (department) (motcua_department_last_accepted_timestamp_seconds * 1000)"
    working = "min by (department) (motcua_department_silent_working_seconds)"
    sources = "max by (source) (motcua_source_last_accepted_timestamp_seconds * 1000)"
    return [
        (
            10,
            9,
            table(
                "Im lặng theo đơn vị",
                "Sự kiện gần nhất, và giờ làm việc đã qua từ đó; đơn vị có sự kiện trong 30 ngày.",
                [
                    Query(named(last), "Gần nhất", unit="dateTimeFromNow"),
                    Query(named(working), "Giờ làm việc im lặng", unit="dtdurations"),
                ],
                rows={"name": "Đơn vị", "department": "Mã"},
                sort="Giờ làm việc im lặng",
            ),
        ),
        (
            6,
            9,
            table(
                "Im lặng theo nguồn",
                "Sự kiện gần nhất của mỗi nguồn.",
                [Query(sources, "Gần nhất", unit="dateTimeFromNow")],
                rows={"source": "Nguồn"},
            ),
        ),
        (
            8,
            9,
            timeline(
                "Thư chết theo lý do",
                "Mới bị để riêng trong một giờ.",
                Query("topk(10, sum by (reason) (increase(motcua_dead_letters_total[1h])))", "{{reason}}"),
                unit="locale",
                stacked=True,
            ),
        ),
        (
            6,
            7,
            timeline(
                "Chờ chuyển tiếp theo thời gian",
                "Sự kiện đã nhận, chưa ở trong Kafka.",
                Query("max(motcua_relay_backlog_events)", "sự kiện", "orange"),
                unit="locale",
            ),
        ),
        (
            6,
            7,
            timeline(
                "Bản ghi theo chủ đề",
                "Trong Kafka; của chủ đề được nén là cận trên.",
                Query("max by (topic) (motcua_topic_records)", "{{topic}}"),
                unit="locale",
            ),
        ),
        (
            6,
            7,
            timeline(
                "Hồ sơ chưa xong: sổ cái và số liệu",
                "Hai khâu đếm riêng; lệch lâu là có khâu chậm hoặc thiếu.",
                Query("sum(motcua_processing_in_progress)", "sổ cái", "blue"),
                Query("sum(max without (instance) (motcua_dossiers_in_progress))", "số liệu", "green"),
                unit="locale",
            ),
        ),
        (
            6,
            7,
            timeline(
                "Phân vùng đang giữ",
                "Của mọi tiến trình xử lý; và số đang đọc lại.",
                Query("sum(motcua_processing_partitions)", "đang giữ"),
                Query("sum(motcua_processing_partitions_reading_again)", "đang đọc lại", "orange"),
                unit="locale",
            ),
        ),
    ]


def dashboard() -> Json:
    first_screen = [(6, 4, up()), (18, 4, ready()), *state(), (12, 6, alerts()), *flow()]
    rows = [
        ("", first_screen),
        ("Ngân sách lỗi", budgets()),
        ("Im lặng, thư chết, chủ đề", silence()),
    ]
    return board(
        "pipeline",
        "Dòng hồ sơ",
        "Từ lúc nhận đến lúc vào số liệu: cái gì hỏng, cái gì chờ, các số đếm có khớp không.",
        rows,
        templating={"list": [chosen_datasource(), address("runbook", "Sổ tay", RUNBOOK)]},
        links=[siblings(), link("Sổ tay xử lý", "${runbook}")],
    )
