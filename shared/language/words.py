"""The words for the values that a compiler reads: figures, states, events, channels, classes, kinds of closing."""

from collections.abc import Mapping

from shared.domain.columns import COLUMNS, SHARES
from shared.domain.fields import Channel, Outcome
from shared.domain.lifecycle import EventKind, State
from shared.domain.timeliness import Timeliness
from shared.language.languages import Language

Words = Mapping[str, tuple[str, str]]
"""A value -> its word in Vietnamese and in English."""

FIGURES: Words = {
    each.key: (each.vietnamese, each.meaning[0].upper() + each.meaning[1:]) for each in (*COLUMNS, *SHARES)
}
STATES: Words = {
    State.SUBMITTED: ("Mới đăng ký", "submitted"),
    State.RECEIVED: ("Đã tiếp nhận", "received"),
    State.DECLINED: ("Không được tiếp nhận", "declined"),
    State.PROCESSING: ("Đang xử lý", "processing"),
    State.AWAITING_SUPPLEMENT: ("Chờ bổ sung giấy tờ", "awaiting a supplement"),
    State.AWAITING_PAYMENT: ("Chờ thực hiện nghĩa vụ tài chính", "awaiting payment"),
    State.WITHDRAWN: ("Người nộp rút hồ sơ", "withdrawn"),
    State.STOPPED: ("Dừng xử lý", "stopped"),
    State.RESOLVED: ("Đã xử lý xong", "resolved"),
    State.RETURNED: ("Đã trả kết quả", "returned"),
    State.SUSPENDED: ("Tạm dừng", "suspended"),
    State.TRANSFERRED: ("Đã chuyển cơ quan có thẩm quyền", "transferred"),
    State.VOIDED: ("Đã hủy do nhập nhầm", "voided"),
}
EVENTS: Words = {
    EventKind.SUBMITTED: ("Nộp hồ sơ", "submitted"),
    EventKind.RECEIVED: ("Tiếp nhận", "received"),
    EventKind.DECLINED: ("Từ chối tiếp nhận", "declined"),
    EventKind.PROCESSING_STARTED: ("Bắt đầu xử lý", "processing started"),
    EventKind.SUPPLEMENT_REQUESTED: ("Yêu cầu bổ sung", "supplement requested"),
    EventKind.SUPPLEMENTED: ("Đã bổ sung", "supplemented"),
    EventKind.PAYMENT_REQUESTED: ("Yêu cầu nộp phí, lệ phí", "payment requested"),
    EventKind.PAYMENT_SETTLED: ("Đã nộp phí, lệ phí", "payment settled"),
    EventKind.EXTENDED: ("Gia hạn", "extended"),
    EventKind.APOLOGISED: ("Xin lỗi, hẹn lại ngày trả", "apologised"),
    EventKind.FORWARDED: ("Chuyển cơ quan phối hợp", "forwarded"),
    EventKind.FORWARD_ANSWERED: ("Cơ quan phối hợp trả lời", "forward answered"),
    EventKind.WITHDRAWN: ("Người nộp rút hồ sơ", "withdrawn"),
    EventKind.STOPPED: ("Dừng xử lý", "stopped"),
    EventKind.RESOLVED: ("Xử lý xong", "resolved"),
    EventKind.RETURNED: ("Trả kết quả", "returned"),
    EventKind.RATED: ("Đánh giá mức độ hài lòng", "rated"),
    EventKind.FEE_PAID: ("Nộp phí, lệ phí", "fee paid"),
    EventKind.CORRECTED: ("Đính chính", "corrected"),
    EventKind.ASSIGNED: ("Phân công", "assigned"),
    EventKind.SUPPLEMENT_LAPSED: ("Hết thời hạn bổ sung", "supplement lapsed"),
    EventKind.SUSPENDED: ("Tạm dừng", "suspended"),
    EventKind.RESUMED: ("Tiếp tục xử lý", "resumed"),
    EventKind.DEADLINE_SET: ("Ấn định thời hạn", "deadline set"),
    EventKind.TRANSFERRED: ("Chuyển cơ quan có thẩm quyền", "transferred"),
    EventKind.REOPENED: ("Mở lại hồ sơ", "reopened"),
    EventKind.VOIDED: ("Hủy do nhập nhầm", "voided"),
}
CHANNELS: Words = {
    Channel.ONLINE: ("Trực tuyến", "online"),
    Channel.IN_PERSON: ("Trực tiếp", "in person"),
    Channel.POSTAL: ("Bưu chính công ích", "by post"),
}
OUTCOMES: Words = {
    Outcome.GRANTED: ("Chấp thuận", "granted"),
    Outcome.REFUSED: ("Từ chối", "refused"),
    Outcome.IN_PART: ("Chấp thuận một phần", "granted in part"),
    Outcome.BY_LAW: ("Đương nhiên được chấp thuận", "granted by law"),
    Outcome.NOT_NEEDED: ("Không thuộc diện phải cấp phép", "no permit needed"),
}
CLASSES: Words = {
    Timeliness.EARLY: ("Trước hạn", "early"),
    Timeliness.ON_TIME: ("Đúng hạn", "on time"),
    Timeliness.OVERDUE: ("Quá hạn", "overdue"),
    Timeliness.NO_DEADLINE: ("Không quy định thời hạn", "no deadline"),
    "within": ("Trong hạn", "within time"),
    "suspended": ("Tạm dừng tính thời hạn", "suspended"),
    "not_received": ("Chưa tiếp nhận", "not received"),
}
DEFINITIONS: Words = {
    "by-date/1": ("so theo ngày", "by date"),
    "instant/1": ("so theo thời điểm", "by the instant"),
    "half-day/1": ("so theo buổi làm việc", "by the half-day"),
}
LEVELS: Words = {
    "province": ("Cấp tỉnh", "provincial level"),
    "district": ("Cấp huyện", "district level"),
    "commune": ("Cấp xã", "communal level"),
}
TOTAL = ("Tổng số", "Total")
NO_FIELD = ("Lĩnh vực khác", "Other fields")
NO_LEVEL = ("Cấp khác", "Other levels")


def word(words: Words, value: str, language: Language) -> str:
    """The word for a value; a value that has none stands for itself."""
    found = words.get(value)
    return value if found is None else in_language(found, language)


def in_language(both: tuple[str, str], language: Language) -> str:
    """One of two texts, Vietnamese first."""
    return both[0] if language is Language.VIETNAMESE else both[1]
