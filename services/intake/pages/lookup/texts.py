"""What the look-up's page says, in Vietnamese and in English."""

from shared.language.words import Words

TEXTS: Words = {
    "title": ("Tra cứu hồ sơ", "Look up a dossier"),
    "about": (
        "Nhập mã hồ sơ và mã tra cứu ghi trên giấy tiếp nhận hồ sơ và hẹn trả kết quả.",
        "Type the dossier's code and the slip's secret: both stand on the receipt.",
    ),
    "code": ("Mã hồ sơ", "Dossier code"),
    "secret": ("Mã tra cứu", "Slip's secret"),
    "code_help": ("Ví dụ: H59.15-231208-0001", "Such as H59.15-231208-0001"),
    "secret_help": ("Gồm 10 chữ và số, ví dụ: K7M4P-9XQTC", "10 letters and digits, such as K7M4P-9XQTC"),
    "ask": ("Tra cứu", "Look up"),
    "ask_another": ("Tra cứu hồ sơ khác", "Look up another dossier"),
    "not_found": (
        "Không có hồ sơ với mã hồ sơ và mã tra cứu này. Hãy kiểm tra lại cả hai trên giấy tiếp nhận.",
        "There is no dossier with this code and this secret. Check both on the receipt.",
    ),
    "too_many": (
        "Đã có quá nhiều lượt tra cứu. Hãy thử lại sau {seconds} giây.",
        "Too many look-ups were made. Try again in {seconds} seconds.",
    ),
    "procedure": ("Thủ tục", "Procedure"),
    "department": ("Cơ quan giải quyết", "Agency"),
    "submitted_at": ("Nộp hồ sơ", "Handed in"),
    "received_at": ("Tiếp nhận", "Received"),
    "promised_at": ("Hẹn trả kết quả", "Result promised for"),
    "missing": ("Cần bổ sung", "To be brought"),
    "missing_until": ("Bổ sung trước", "To be brought by"),
    "result_at": ("Có kết quả", "Result ready since"),
    "returned_at": ("Trả kết quả", "Result handed over"),
}
