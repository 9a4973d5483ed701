"""The words of office papers: the heads of the form II.06a, and what Decree 30/2020 lays around a document."""

from collections.abc import Mapping

Both = tuple[str, str]
"""A text in Vietnamese and in English."""

FORM_NUMBER: Both = ("Biểu số II.06a/VPCP/KSTT", "Form II.06a/VPCP/KSTT")
FORM_TITLE: Both = (
    "Tình hình, kết quả giải quyết thủ tục hành chính tại cơ quan, đơn vị trực tiếp giải quyết thủ tục hành chính",
    "Administrative procedures handled by the agencies that answer for them",
)
REPORTING_PERIOD: Both = ("Kỳ báo cáo", "Period")
UNIT: Both = ("Đơn vị tính: số hồ sơ", "Unit: dossiers")
LINE_NUMBER: Both = ("STT", "No.")
NAMES: Mapping[str, Both] = {
    "department": ("Đơn vị giải quyết", "Department"),
    "field": ("Lĩnh vực giải quyết", "Field"),
    "month": ("Tháng", "Month"),
}
_HANDLED: Both = ("Số hồ sơ nhận giải quyết", "Dossiers to handle")
_IN_PERIOD: Both = ("Trong kỳ", "In the period")
_RESOLVED: Both = ("Số lượng hồ sơ đã giải quyết", "Dossiers resolved")
_IN_PROGRESS: Both = ("Số lượng hồ sơ đang giải quyết", "Dossiers in progress")
_IN_ALL: Both = ("Tổng số", "In all")
HEADS: Mapping[str, tuple[Both, ...]] = {
    "received_total": (_HANDLED, _IN_ALL),
    "received_online": (_HANDLED, _IN_PERIOD, ("Trực tuyến", "Online")),
    "received_in_person_or_postal": (
        _HANDLED,
        _IN_PERIOD,
        ("Trực tiếp, dịch vụ bưu chính", "In person, by post"),
    ),
    "carried_over": (_HANDLED, ("Từ kỳ trước", "From the period before")),
    "resolved_total": (_RESOLVED, _IN_ALL),
    "resolved_early": (_RESOLVED, ("Trước hạn", "Early")),
    "resolved_on_time": (_RESOLVED, ("Đúng hạn", "On time")),
    "resolved_overdue": (_RESOLVED, ("Quá hạn", "Overdue")),
    "resolved_no_deadline": (_RESOLVED, ("Không quy định thời hạn", "Without a deadline")),
    "in_progress_total": (_IN_PROGRESS, _IN_ALL),
    "in_progress_within": (_IN_PROGRESS, ("Trong hạn", "Within time")),
    "in_progress_overdue": (_IN_PROGRESS, ("Quá hạn", "Overdue")),
}
"""The heads above each printed column, from the top."""

COUNTRY: Both = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "SOCIALIST REPUBLIC OF VIET NAM")
MOTTO: Both = ("Độc lập - Tự do - Hạnh phúc", "Independence - Freedom - Happiness")
DOCUMENT_NUMBER: Both = ("Số: ……/BC-……", "No.: ……/BC-……")
DATED: Both = ("{place}, ngày …… tháng …… năm {year}", "{place}, …… …… {year}")
DATED_ON: Both = ("{place}, ngày {day:%d} tháng {day:%m} năm {day:%Y}", "{place}, {day:%d}/{day:%m}/{day:%Y}")
REPORT: Both = ("BÁO CÁO", "REPORT")
REPORT_SUBJECT: Both = ("Tình hình, kết quả giải quyết thủ tục hành chính", "Administrative procedures handled")
APPENDIX: Both = ("PHỤ LỤC", "APPENDIX")
APPENDIX_OF: Both = (
    "(Kèm theo Báo cáo số ……/BC-…… ngày …… tháng …… năm {year})",
    "(To report no. ……/BC-…… of …… {year})",
)
RECIPIENTS: Both = ("Nơi nhận:", "Recipients:")
RECIPIENTS_LISTED: tuple[Both, ...] = (("- ………………;", "- ………………;"), ("- Lưu: VT, ……", "- Files: ……"))
COMPILER: Both = ("NGƯỜI LẬP BIỂU", "COMPILED BY")
COMPILER_SIGNS: Both = ("(Ký, ghi rõ họ tên)", "(Signature, full name)")
HEAD_OF_OFFICE: Both = ("THỦ TRƯỞNG ĐƠN VỊ", "HEAD OF THE OFFICE")
HEAD_SIGNS: Both = ("(Ký, ghi rõ họ tên, đóng dấu)", "(Signature, full name, seal)")
REMARKS: Both = ("Nhận xét, kiến nghị", "Remarks and proposals")
RESULTS: Both = ("Kết quả giải quyết hồ sơ", "Dossiers handled")
DETAILS: Both = (
    "Số liệu chi tiết tại Phụ lục ({form}) kèm theo Báo cáo này.",
    "The figures in detail are in the appendix ({form}) to this report.",
)
THIS_PERIOD: Both = ("Kỳ này", "This period")
OTHER_PERIOD: Both = ("Kỳ so sánh", "The other period")
UP_TO: Both = ("số liệu đến {minute}", "as of {minute}")
CHANGE: Both = ("Tăng (+), giảm (−)", "Change")
BLANK = "……………………………"

PUBLISHED: Both = ("Công bố số {number}, {minute}, sha256 {sha256}", "Publication {number}, {minute}, sha256 {sha256}")
INFORMATION: Both = ("Thông tin", "Information")
MADE_AT: Both = ("Lập lúc", "Made at")
DEFINITION: Both = ("Cách tính đúng hạn", "Definition of timeliness")
AS_OF: Both = ("Số liệu tính đến", "Figures as of")
KNOWN_AT: Both = ("Theo thông tin đã biết đến", "As known at")
ALL_KNOWN: Both = ("toàn bộ thông tin đã ghi nhận", "all that is recorded")
ORGANISED: Both = ("Đơn vị được tính", "Units")
ORGANISED_AS: Mapping[str, Both] = {
    "then": ("đơn vị đã tiếp nhận hồ sơ", "as they were when the dossier was received"),
    "now": (
        "đơn vị tiếp quản hồ sơ của đơn vị đã đổi tên, sáp nhập, chia tách hoặc giải thể",
        "those that have taken over from units renamed, merged, split or dissolved",
    ),
}
SCOPE: Both = ("Phạm vi", "Only")
NOT_OVER: Both = (
    "Kỳ báo cáo chưa kết thúc: số liệu là của thời điểm trên, không phải của ngày cuối kỳ.",
    "The period is not over: the figures are as of that instant, not of its end.",
)
NO_DEADLINE_NOTE: Both = (
    "Cột (10a) không có trong biểu mẫu: hồ sơ không quy định thời hạn được tính vào cột (7), không tính là đúng hạn.",
    "Column (10a) is not in the form: dossiers without a deadline are in column (7), and not counted as on time.",
)
UNKNOWN_NOTE: Both = (
    "Cột (5) có {number} hồ sơ không rõ kênh tiếp nhận.",
    "Column (5) has {number} dossiers by a channel that nobody noted.",
)
BROKEN_NOTE: Both = (
    "Số liệu không cân đối: {names}. Không nên sử dụng trước khi đối soát.",
    "The figures do not add up: {names}. Do not use them before they are reconciled.",
)
IDENTITIES: Both = ("Cân đối số liệu", "Identities")
IDENTITY: Both = ("Đẳng thức", "Identity")
IDENTITY_NAMES: Mapping[str, Both] = {
    "6(t)=11(t-1)": ("6 = 11 của kỳ trước", "6 = 11 of the period before"),
    "total=sum of rows": ("tổng số = cộng các dòng", "total = sum of the lines"),
}
HOLDS: Both = ("Đúng", "Holds")
YES: Both = ("Có", "Yes")
NO: Both = ("Không", "No")
DIFFERENCE: Both = ("Chênh lệch", "Difference")
CODE: Both = ("Mã", "Code")
NAME: Both = ("Tên", "Name")
PAGE: Both = ("Trang", "Page")
ALL_FIGURES: Both = ("Toàn bộ số liệu", "All figures")
OPENS_LISTS: Both = (
    "Bấm vào một số để mở danh sách hồ sơ của số đó.",
    "Click on a number to open the list of its dossiers.",
)
BESIDE: Both = ("So sánh", "Comparison")
FIGURE: Both = ("Chỉ tiêu", "Figure")
