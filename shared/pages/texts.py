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
    "log_in_with": ("Đăng nhập bằng {provider}", "Log in with {provider}"),
    "or_a_key": ("Hoặc dùng khóa truy cập:", "Or use an access key:"),
    "signed_in": ("Đã đăng nhập", "Signed in"),
    "signed_in_as": ("Đã đăng nhập với tên {name}. Đang mở trang…", "Signed in as {name}. Opening the page…"),
    "go_on": ("Mở trang", "Open the page"),
    "signed_out": ("Đã đăng xuất", "Signed out"),
    "signed_out_here": (
        "Phiên ở đây đã kết thúc. Phiên tại {provider} có thể vẫn còn: trên máy dùng chung, hãy đăng xuất cả ở đó.",
        "The session here is over. The one at {provider} may go on: on a shared computer sign out there too.",
    ),
    "sign_out_there": ("Đăng xuất cả khỏi {provider}", "Sign out of {provider} too"),
    "sign_in_again": ("Đăng nhập lại", "Sign in again"),
    "log_in_failed": ("Chưa đăng nhập được", "Not signed in"),
    "log_in_stale": (
        "Lần đăng nhập này đã cũ hoặc không bắt đầu từ trình duyệt này. Hãy đăng nhập lại từ đầu.",
        "This log-in is too old, or was not begun in this browser. Begin again.",
    ),
    "log_in_refused": (
        "{provider} không cho đăng nhập ({reason}). Hãy thử lại, hoặc hỏi người quản trị hệ thống.",
        "{provider} did not log you in ({reason}). Try again, or ask whoever runs the system.",
    ),
    "log_in_not_trusted": (
        "Câu trả lời của {provider} không dùng được ({reason}). Hãy báo người quản trị hệ thống.",
        "The answer of {provider} can't be used ({reason}). Tell whoever runs the system.",
    ),
    "log_in_without_grants": (
        "{provider} chưa cấp quyền dùng được ở đây ({reason}). Hãy báo người quản trị hệ thống.",
        "{provider} grants nothing that can be used here ({reason}). Tell whoever runs the system.",
    ),
    "log_in_with_too_many_grants": (
        "{provider} cấp quá nhiều quyền, trình duyệt không giữ được. Người quản trị có thể cấp * thay cho từng đơn vị.",
        "{provider} grants more than a browser keeps. Whoever runs the system can grant * in place of each department.",
    ),
    "provider_away": (
        "{provider} tạm thời không trả lời. Hãy thử lại sau ít phút, hoặc dùng khóa truy cập.",
        "{provider} does not answer at the moment. Try again in a few minutes, or use an access key.",
    ),
    "wrong_request": ("Chưa làm được yêu cầu này", "This can't be done"),
}


def said(texts: Words, key: str, language: Language, **values: object) -> str:
    """A text with its values filled in. KeyError for one that is not there."""
    found = in_language(texts[key], language)
    return found.format(**values) if values else found
