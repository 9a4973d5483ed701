"""What every service's pages say, in Vietnamese and in English."""

from shared.language.languages import Language
from shared.language.words import Words, in_language

COMMON: Words = {
    "office": ("Theo dõi giải quyết hồ sơ thủ tục hành chính", "Dossiers of public services"),
    "skip": ("Đến nội dung chính", "Skip to the content"),
    "menu": ("Mục chính", "Main menu"),
    "leave": ("Đăng xuất", "Sign out"),
    "other_language": ("English", "Tiếng Việt"),
    "sign_in": ("Đăng nhập", "Sign in"),
    "key": ("Khóa truy cập", "Access key"),
    "key_help": (
        "Khóa do người quản trị hệ thống cấp. Phiên làm việc giữ trong 12 giờ trên trình duyệt này.",
        "Whoever runs the system gives it out. This browser stays signed in for 12 hours.",
    ),
    "wrong_key": (
        "Khóa không đúng. Hãy nhập lại, hoặc hỏi người quản trị hệ thống.",
        "This is not the key. Type it again, or ask whoever runs the system.",
    ),
    "too_many_wrong_keys": (
        "Đã có quá nhiều lần nhập khóa không đúng. Hãy thử lại sau {seconds} giây.",
        "Too many wrong keys were given. Try again in {seconds} seconds.",
    ),
    "foreign_form": (
        "Yêu cầu không đến từ trang này. Hãy mở lại trang và thử lần nữa.",
        "The request did not come from this page. Open the page again and retry.",
    ),
    "away": (
        "Cơ sở dữ liệu tạm thời không trả lời. Trang sẽ tự thử lại sau ít giây; số liệu không mất.",
        "The database does not answer at the moment. The page tries again by itself; nothing is lost.",
    ),
    "busy": (
        "Hệ thống đang bận. Trang sẽ tự thử lại.",
        "The system is busy. The page tries again by itself.",
    ),
    "wrong_request": ("Chưa làm được yêu cầu này", "This can't be done"),
}


def said(texts: Words, key: str, language: Language, **values: object) -> str:
    """A text with its values filled in. KeyError for one that is not there."""
    found = in_language(texts[key], language)
    return found.format(**values) if values else found
