"""What a call says to a refusal in Vietnamese, for who meets it; codes and fields stay as they are.

Pages say it in words of their own, for a form has other names (services/intake/pages/refusal_texts.py).
"""

from collections.abc import Mapping

from services.intake.accepting.refusals import Malformed, Wrong
from shared.domain.errors import Refusal, TransitionNotAllowed
from shared.domain.fields import Channel, OnlineLevel, Outcome
from shared.domain.terms import TermUnit
from shared.language.languages import Language
from shared.language.words import EVENTS, word

_INSTANT = "hãy ghi kèm múi giờ, như 2023-12-08T08:31:00+07:00"
_TEXT = "hãy ghi một đoạn chữ từ 1 đến 2000 ký tự"
_TRUTH = "hãy ghi true hoặc false"
_CODE = "hãy ghi mã hồ sơ, như H59.15-231208-0001"
_TERM = 'hãy ghi như {"amount": 5, "unit": "working_days"}'

SENTENCES: Mapping[str, str] = {
    "personal_data": "có dữ liệu cho biết một người là ai; hãy bỏ đi, chỉ ghi sự việc",
    "details_not_kept": "nơi này không lưu thông tin người nộp (chưa đặt khóa chính); hãy gửi bí danh",
    "no_pause": "sự kiện không kết thúc lần tạm dừng nào nên hạn trả không đổi; hãy bỏ trường này",
    "held_back": "một sự kiện trước đó của hồ sơ bị từ chối; hãy sửa và gửi sự kiện ấy trước",
    "unknown_type": "không phải sự kiện của hồ sơ; tài liệu API (/docs) liệt kê các sự kiện",
    "unknown_department": "cơ quan không có trong danh mục; hãy ghi mã như H59.15 (GET /v1/departments liệt kê)",
    "wrong_department": "danh mục giao thủ tục này cho cơ quan khác; hãy chọn lại cơ quan hoặc thủ tục",
    "unit_ended": "đơn vị đã được sắp xếp lại trước ngày này; hãy ghi đơn vị tiếp nhận nhiệm vụ (GET /v1/departments)",
    "channel_not_offered": "thủ tục không tiếp nhận qua kênh hoặc mức độ này; hãy chọn lại",
    "unknown_channel": "kênh không có trong danh mục; GET /v1/channels liệt kê các kênh",
    "no_deadline": "hồ sơ không có hạn trả để gia hạn; hãy ấn định thời hạn",
    "online_level_not_online": "chỉ hồ sơ nộp trực tuyến có mức độ trực tuyến; hãy bỏ trường này",
    "unknown_procedure": "thủ tục không có trong danh mục (GET /v1/procedures) hoặc không có hiệu lực vào ngày tiếp "
    "nhận; hãy chọn lại, hoặc gửi kèm thời hạn",
    "in_future": "thời điểm ở tương lai; hãy xem lại đồng hồ của máy gửi",
    "id_reused": "id này đã được nhận với nội dung khác; sự kiện mới cần id mới",
    "idempotency_key_reused": "khóa này đã dùng cho yêu cầu khác; yêu cầu mới cần khóa mới",
    "too_large": "nội dung quá dài; hãy gửi ngắn lại",
    "dossier_changed": "hồ sơ vừa có sự kiện khác; hãy đọc lại hồ sơ rồi gửi lại",
    "transition_not_allowed": "trạng thái hiện nay của hồ sơ không cho phép sự kiện này",
    "time_goes_back": "thời điểm này trước sự kiện gần nhất của hồ sơ; hãy ghi thời điểm sau đó",
    "unknown_dossier": "không có hồ sơ mang mã này; hãy xem lại mã",
    "correction_does_not_match": "giá trị cũ không phải giá trị hồ sơ đang có, hoặc giá trị mới không hợp lệ",
    "deadline_before_receipt": "hạn trả trước lúc tiếp nhận; hãy ghi thời điểm sau đó",
    "deadline_there": "hồ sơ đã có hạn trả; hãy gia hạn hoặc đính chính",
    "names_itself": "hồ sơ không thể nêu chính nó",
    "instant_out_of_range": "năm ngoài phạm vi; hãy xem lại thời điểm",
    "calendar_not_known": "chưa có lịch nghỉ của năm này nên chưa tính được hạn trả; hãy báo người quản trị",
    "invalid_term": "thời hạn chưa đúng; hãy xem số và đơn vị",
    "too_long_a_history": "hồ sơ đã có quá nhiều sự kiện loại này; hãy kết thúc hồ sơ",
}
"""By the code of a refusal: what is wrong, and what to do."""

_WRONG: Mapping[Wrong, str] = {
    Wrong.MISSING: "chưa có",
    Wrong.NO_FIELD: "không phải trường được nhận ở đây",
    Wrong.NOT_KNOWN: "không phải trường được biết",
    Wrong.NO_VALUE: "không phải giá trị được nhận",
    Wrong.NOT_SO_WRITTEN: "viết chưa đúng",
    Wrong.NO_INSTANT: "không phải thời điểm",
    Wrong.NO_OFFSET: "thiếu múi giờ",
    Wrong.NO_DAY: "không phải ngày",
    Wrong.EMPTY: "để trống",
    Wrong.TOO_LONG: "quá dài",
    Wrong.TOO_SMALL: "quá nhỏ",
    Wrong.TOO_LARGE: "quá lớn",
    Wrong.A_TEXT: "là một đoạn chữ",
    Wrong.NO_TEXT: "không phải đoạn chữ",
    Wrong.A_WHOLE_NUMBER: "là một số nguyên",
    Wrong.A_FRACTION: "là số lẻ",
    Wrong.A_TRUTH: "là true hoặc false",
    Wrong.A_LIST: "là một danh sách",
    Wrong.AN_OBJECT: "là một đối tượng",
    Wrong.NO_OBJECT: "không phải đối tượng JSON",
    Wrong.NULL: "là null",
    Wrong.NOBODY: "không nêu ai",
    Wrong.NO_LETTER: "không có chữ cái hay chữ số nào",
    Wrong.NOT_JSON: "không phải kiểu của JSON",
}
"""What a field's refusal says first."""

_FIXES: Mapping[str, str] = {
    "specversion": 'hãy ghi "specversion": "1.0"',
    "id": "mỗi sự kiện có id riêng từ 1 đến 200 ký tự, gửi lại thì giữ nguyên",
    "source": "hãy ghi nơi gửi, như /centres/tra-vinh/counters/07",
    "type": "hãy ghi vn.motcua.dossier.<sự kiện>.v1",
    "code": _CODE,
    "subject": _CODE,
    "time": f"hãy ghi lúc xảy ra; {_INSTANT}",
    "occurred_at": f"hãy ghi lúc xảy ra; {_INSTANT}",
    "received_at": f"hãy ghi lúc tiếp nhận; {_INSTANT}",
    "event": "hãy ghi tên sự kiện, như processing_started",
    "department": "hãy ghi mã cơ quan, như H59.15 (GET /v1/departments liệt kê)",
    "procedure": "hãy ghi mã thủ tục, như 2.000635 (GET /v1/procedures liệt kê)",
    "channel": f"hãy chọn một trong {', '.join(Channel)} (kênh khác: GET /v1/channels)",
    "online_level": f"hãy chọn một trong {', '.join(OnlineLevel)}, hoặc bỏ đi",
    "outcome": f"hãy chọn một trong {', '.join(Outcome)}",
    "term": _TERM,
    "term.amount": "hãy ghi số nguyên từ 1 đến 10000",
    "term.unit": f"hãy chọn một trong {', '.join(TermUnit)}",
    "by": _TERM,
    "due_at": _INSTANT,
    "promised_at": _INSTANT,
    "starts_at": _INSTANT,
    "amount_vnd": "hãy ghi số tiền là số nguyên, như 50000",
    "paid_online": _TRUTH,
    "electronic_result": _TRUTH,
    "recompute": _TRUTH,
    "score": "hãy ghi số nguyên từ 1 đến 5",
    "old_value": "hãy ghi giá trị hồ sơ đang có, null khi chưa có",
    "new_value": "hãy ghi giá trị đúng, null để bỏ giá trị",
    "reason": _TEXT,
    "missing": _TEXT,
    "legal_ground": _TEXT,
    "ground": _TEXT,
    "officer": "hãy ghi bí danh của cán bộ, như o-17",
    "unit": "hãy ghi tên hoặc mã đơn vị",
    "agency": "hãy ghi tên hoặc mã cơ quan",
    "received_by": "hãy ghi mã đơn vị tiếp nhận, như H59.20, hoặc bỏ đi",
    "follows": _CODE,
    "duplicate_of": _CODE,
    "applicant": "hãy ghi bí danh, hoặc đối tượng gồm id_number, name, phone, email, address, birthday",
    "applicant.id_number": "hãy ghi số định danh, hoặc bỏ đi",
    "applicant.name": "hãy ghi họ tên, hoặc bỏ đi",
    "applicant.phone": "hãy ghi số điện thoại, hoặc bỏ đi",
    "applicant.email": "hãy ghi địa chỉ thư, hoặc bỏ đi",
    "applicant.address": "hãy ghi địa chỉ, hoặc bỏ đi",
    "applicant.birthday": "hãy ghi ngày sinh, như 1980-01-31, hoặc bỏ đi",
}
_SEE = "tài liệu API (/docs) có cách viết"
_RENAME = f"hãy sửa tên hoặc bỏ đi, {_SEE}"


def in_vietnamese(refusal: Refusal, field: str | None) -> str:
    """What is wrong and what to do; `field` is what the call names it by."""
    own: str | None = getattr(refusal, "vietnamese", None)
    if own is not None:
        return own
    said = SENTENCES.get(refusal.code)
    if isinstance(refusal, TransitionNotAllowed):
        allowed = ", ".join(f"{word(EVENTS, each, Language.VIETNAMESE).lower()} ({each})" for each in refusal.allowed)
        said = f"{said}; được phép: {allowed or '–'}"
    if said is None:
        said = _of_field(refusal, field)
    return said if field is None else f"{field}: {said}"


def _of_field(refusal: Refusal, field: str | None) -> str:
    """What is wrong with a field, as far as its refusal tells that by `what`, and how to write it."""
    if field is None:
        return f"nội dung gửi không đọc được: phải là JSON theo hợp đồng dữ liệu; {_SEE}"
    what, value = (refusal.what, refusal.value) if isinstance(refusal, Malformed) else (None, None)
    wrong = "giá trị chưa đúng" if what is None else _WRONG[what]
    fix = _RENAME if what is Wrong.NO_FIELD else _FIXES.get(field.removeprefix("data."), _SEE)
    return f"{wrong if value is None else f'{value} {wrong}'}; {fix}"
