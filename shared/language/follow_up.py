"""The words of follow-ups (đôn đốc): stages, answers, and how long a dossier has or is late."""

from enum import StrEnum

from shared.language.languages import Language
from shared.language.words import Words

STAGES: Words = {
    "due_soon": ("Sắp đến hạn", "due soon"),
    "overdue": ("Quá hạn", "overdue"),
    "acceptance_overdue": ("Chờ tiếp nhận quá thời gian", "awaiting acceptance beyond its time"),
}


class Answer(StrEnum):
    """What a unit answers: chosen, not typed, so that nobody's name gets into it."""

    DONE = "done"
    IN_PROGRESS = "in_progress"
    WAITS_FOR_APPLICANT = "waits_for_applicant"
    WAITS_FOR_AGENCY = "waits_for_agency"
    NOT_OURS = "not_ours"


ANSWERS: Words = {
    Answer.DONE: ("Đã giải quyết", "settled"),
    Answer.IN_PROGRESS: ("Đang giải quyết", "being handled"),
    Answer.WAITS_FOR_APPLICANT: ("Chờ người nộp hồ sơ", "waits for the applicant"),
    Answer.WAITS_FOR_AGENCY: ("Chờ cơ quan phối hợp", "waits for another agency"),
    Answer.NOT_OURS: ("Không thuộc thẩm quyền", "not ours to decide"),
}


def days_said(days: int, language: Language) -> str:
    """Working days left, or passed since."""
    vietnamese = language is Language.VIETNAMESE
    if days == 0:
        return "trong ngày" if vietnamese else "today"
    if days < 0:
        return f"quá {-days} ngày làm việc" if vietnamese else f"{-days} working days late"
    return f"còn {days} ngày làm việc" if vietnamese else f"{days} working days left"
