"""*Dịch vụ*: requests (RED), resources (USE) and storage of each process, and how the monitoring itself is."""  # noqa: INP001 - beside the script that uses it

from panels import Json, Query, Tile, board, chosen_datasource, siblings, stat, table, thresholds, timeline

OURS = 'job="motcua"'
EXPORTERS = 'job=~"kafka|postgres|node"'


def _rate(counter: str, by: str, labels: str = OURS) -> str:
    return f"sum by ({by}) (rate({counter}{{{labels}}}[$__rate_interval]))"


def _p99(histogram: str, by: str) -> str:
    return f"histogram_quantile(0.99, {_rate(f'{histogram}_bucket', f'le, {by}')})"


def _own(series: str, legend: str = "{{service}}") -> Query:
    """One line for each process."""
    return Query(f"max by (service, instance) ({series})", f"{legend} {{{{instance}}}}")


def requests() -> list[Tile]:
    asked = Query(
        f"topk(10, {_rate('motcua_http_requests_total', 'service, method, route')})",
        "{{service}} {{method}} {{route}}",
    )
    failed = [
        Query(_rate("motcua_http_requests_total", "service", f'{OURS}, status="{status}"'), f"{{{{service}}}} {status}")
        for status in ("5xx", "4xx")
    ]
    slowest = Query(
        f"topk(10, {_p99('motcua_http_request_duration_seconds', 'service, method, route')} >= 0)",
        "{{service}} {{method}} {{route}}",
    )
    refused = Query("topk(10, sum by (service, reason) (service:motcua_requests_refused:increase10m))", "{{reason}}")
    return [
        (8, 8, timeline("Yêu cầu mỗi giây", "Mười đường dẫn nhiều nhất.", asked, unit="reqps")),
        (8, 8, timeline("Lỗi mỗi giây", "5xx là lỗi của dịch vụ, 4xx là của bên gọi.", *failed, unit="reqps")),
        (8, 8, timeline("Thời gian trả lời, p99", "Mười đường dẫn chậm nhất.", slowest, unit="s")),
        (
            12,
            6,
            timeline("Lượt gọi bị chặn theo lý do", "401, 403, 421, 429, 503; trong 10 phút.", refused, unit="locale"),
        ),
        (
            12,
            6,
            timeline(
                "Yêu cầu đang xử lý",
                "Kể cả luồng dữ liệu còn mở.",
                Query("sum by (service) (motcua_http_requests_in_progress)", "{{service}}"),
                unit="locale",
            ),
        ),
    ]


def processes() -> list[Tile]:
    descriptors = f"process_open_fds{{{OURS}}} / process_max_fds{{{OURS}}}"
    return [
        (
            6,
            7,
            timeline(
                "CPU",
                "Phần của một nhân.",
                _own(f"rate(process_cpu_seconds_total{{{OURS}}}[$__rate_interval])"),
                unit="percentunit",
            ),
        ),
        (
            6,
            7,
            timeline("Bộ nhớ", "Đang chiếm.", _own(f"process_resident_memory_bytes{{{OURS}}}"), unit="bytes"),
        ),
        (6, 7, timeline("Tệp đang mở", "So với giới hạn.", _own(descriptors), unit="percentunit")),
        (
            6,
            7,
            timeline(
                "Số lần khởi động lại",
                "Trong một giờ.",
                Query(f"sum by (service) (changes(process_start_time_seconds{{{OURS}}}[1h]))", "{{service}}"),
                unit="locale",
            ),
        ),
    ]


def work() -> list[Tile]:
    batches = [
        Query(_p99(histogram, "service"), name)
        for histogram, name in (
            ("motcua_commit_duration_seconds", "nhật ký tiếp nhận"),
            ("motcua_ledger_batch_duration_seconds", "sổ cái"),
            ("motcua_projector_batch_duration_seconds", "số liệu"),
        )
    ]
    ended = Query(
        "sum by (service) (increase(motcua_processing_sessions_ended_total[1h])) "
        "or sum by (service) (increase(motcua_projector_sessions_ended_total[1h]))",
        "{{service}}",
    )
    return [
        (
            8,
            7,
            timeline(
                "Ghi nhật ký theo kết quả",
                "Giao dịch mỗi giây.",
                Query(_rate("motcua_commits_total", "outcome"), "{{outcome}}"),
                unit="ops",
            ),
        ),
        (8, 7, timeline("Thời gian mỗi lô, p99", "Từ lúc đọc đến lúc bền.", *batches, unit="s")),
        (8, 7, timeline("Phiên với Kafka bị ngắt", "Trong một giờ.", ended, unit="locale")),
        (
            8,
            7,
            timeline(
                "Cơ sở dữ liệu",
                "Kích thước.",
                Query("max by (service) (motcua_database_bytes)", "{{service}}"),
                unit="bytes",
            ),
        ),
        (
            8,
            7,
            timeline(
                "Đĩa còn trống",
                "Nơi đặt SQLite; với PostgreSQL xem máy chủ ở dưới.",
                Query("min by (service) (motcua_database_disk_free_bytes)", "{{service}}"),
                unit="bytes",
            ),
        ),
        (
            4,
            7,
            timeline(
                "Hồ sơ trong bộ nhớ",
                "Mà sổ cái giữ.",
                Query("sum(motcua_ledger_dossiers)", "hồ sơ"),
                unit="locale",
            ),
        ),
        (
            4,
            7,
            table(
                "Phiên bản",
                "Đang chạy.",
                [Query("count by (service, version, commit) (motcua_build_info)", "Tiến trình")],
                rows={"service": "Dịch vụ", "version": "Phiên bản", "commit": "Commit"},
            ),
        ),
    ]


def monitoring() -> list[Tile]:
    broken = thresholds((None, "green"), (1, "red"))
    errors = (
        "sum(increase(prometheus_notifications_errors_total[1h])) "
        "+ sum(increase(alertmanager_notifications_failed_total[1h]))"
    )
    return [
        (
            6,
            6,
            timeline(
                "Thời gian đọc số đo",
                "Mỗi lần Prometheus hỏi; quá 5 giây là mất.",
                Query("max by (job, service) (scrape_duration_seconds)", "{{job}} {{service}}"),
                unit="s",
            ),
        ),
        (
            6,
            6,
            timeline(
                "Chuỗi số đo",
                "Trong bộ nhớ của Prometheus.",
                Query("sum(prometheus_tsdb_head_series)", "chuỗi"),
                unit="locale",
            ),
        ),
        (
            6,
            6,
            timeline(
                "Thông báo đã gửi",
                "Mỗi giây, theo cách gửi.",
                Query(
                    _rate("alertmanager_notifications_total", "integration", 'job="alertmanager"'), "{{integration}}"
                ),
                unit="ops",
            ),
        ),
        (
            3,
            6,
            stat("Thông báo không gửi được", "Trong một giờ.", Query(errors, "thông báo"), steps=broken),
        ),
        (
            3,
            6,
            stat(
                "Luật không xét được",
                "Trong một giờ.",
                Query("sum(increase(prometheus_rule_evaluation_failures_total[1h]))", "lần"),
                steps=broken,
            ),
        ),
    ]


def machine() -> list[Tile]:
    disks = 'fstype=~"ext[34]|xfs|btrfs|zfs"'
    return [
        (
            8,
            6,
            timeline(
                "Đĩa máy chủ còn trống",
                "Theo node-exporter.",
                Query(f"node_filesystem_avail_bytes{{{disks}}}", "{{mountpoint}}"),
                unit="bytes",
            ),
        ),
        (8, 6, timeline("Exporter trả lời", "1: có, 0: không.", Query(f"up{{{EXPORTERS}}}", "{{job}}"), unit="short")),
        (
            4,
            6,
            stat(
                "Tuổi bản sao lưu",
                "Từ lần `motcua backup` tốt gần nhất.",
                Query("time() - max by (database) (motcua_backup_timestamp_seconds)", "{{database}}"),
                unit="s",
                steps=thresholds((None, "green"), (26 * 3600, "red")),
            ),
        ),
        (
            4,
            6,
            stat(
                "Đối chiếu (verify)",
                "Hồ sơ lệch, và lần chạy gần nhất.",
                Query("max(motcua_verify_differences)", "Lệch"),
                Query("max(motcua_verify_timestamp_seconds) * 1000", "Chạy", unit="dateTimeFromNow"),
                steps=thresholds((None, "green"), (1, "red")),
            ),
        ),
    ]


def dashboard() -> Json:
    rows = [
        ("Yêu cầu (RED)", requests()),
        ("Tiến trình (USE)", processes()),
        ("Ghi, lô, lưu trữ", work()),
        ("Prometheus và Alertmanager", monitoring()),
        ("Máy chủ, sao lưu, đối chiếu: cần exporters (docs/deployment.md)", machine()),
    ]
    return board(
        "services",
        "Dịch vụ",
        "Yêu cầu, lỗi, thời gian; CPU, bộ nhớ, tệp; ghi, lưu trữ; giám sát có chạy không.",
        rows,
        templating={"list": [chosen_datasource()]},
        links=[siblings()],
    )
