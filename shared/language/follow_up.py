"""The words of follow-ups (đôn đốc): stages, answers, and how long a dossier has or is late."""

from shared.language.languages import Language
from shared.language.words import Words

STAGES: Words = {
    "due_soon": ("Sắp đến hạn", "due soon"),
    "overdue": ("Quá hạn", "overdue"),
    "acceptance_overdue": ("Chờ tiếp nhận quá thời gian", "awaiting acceptance beyond its time"),
}


ANSWERS: Words = {
    "done": ("Đã giải quyết", "settled"),
    "in_progress": ("Đang giải quyết", "being handled"),
    "waits_for_applicant": ("Chờ người nộp hồ sơ", "waits for the applicant"),
    "waits_for_agency": ("Chờ cơ quan phối hợp", "waits for another agency"),
    "not_ours": ("Không thuộc thẩm quyền", "not ours to decide"),
}


def days_said(days: int, language: Language) -> str:
    """Working days left, or passed since."""
    vietnamese = language is Language.VIETNAMESE
    if days == 0:
        return "trong ngày" if vietnamese else "today"
    if days < 0:
        return f"quá {-days} ngày làm việc" if vietnamese else f"{-days} working days late"
    return f"còn {days} ngày làm việc" if vietnamese else f"{days} working days left"
