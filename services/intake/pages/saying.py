"""Refusals in the reader's words: where they stand on the form, and what to do, in Vietnamese too."""

from typing import NamedTuple

from services.intake.pages.texts import TEXTS
from shared.language.languages import Language
from shared.language.words import EVENTS, word
from shared.pages.site import begun
from shared.pages.texts import said
from shared.service.problems import Problem

_OF_FORMS = {
    "applicant": "name",
    "applicant.id_number": "id_number",
    "applicant.name": "name",
    "applicant.phone": "phone",
    "applicant.email": "email",
    "applicant.address": "address",
    "code": "received_at",
    "old_value": "new_value",
    "term": "term",
    "event": "",
}
"""Fields of the calls that a form has under another name, or not at all."""


KEY_OF_FORM = "Idempotency-Key"


class Mistake(NamedTuple):
    """What is wrong, and the field of the form that it is about; "" for the form as a whole."""

    field: str
    said: str


def mistake_of(problem: Problem, language: Language) -> Mistake:
    """What a refusal says at its field."""
    details = problem.details
    if details.field == KEY_OF_FORM:  # a form has one by itself, and nobody at a counter knows it
        key = "refused.idempotency_key_reused"
        return Mistake("", said(TEXTS, key if key.endswith(details.code) else "refused.form", language))
    field = (details.field or "").removeprefix("data.")
    field = _OF_FORMS.get(field, field)
    if language is Language.ENGLISH:
        return Mistake(field, details.detail)
    return Mistake(field, _in_vietnamese(problem, field))


def _in_vietnamese(problem: Problem, field: str) -> str:
    details = problem.details
    key = f"refused.{details.code}"
    if key not in TEXTS:
        if problem.vietnamese != details.detail:
            return problem.vietnamese
        return f"{said(TEXTS, 'refused', Language.VIETNAMESE)} {details.detail}"
    if details.code == "transition_not_allowed":
        allowed = details.allowed if isinstance(details.allowed, list) else []
        names = ", ".join(word(EVENTS, each, Language.VIETNAMESE).lower() for each in allowed)
        return said(TEXTS, key, Language.VIETNAMESE, allowed=names or "–")
    if details.code == "malformed":
        hint = f"hint.{field}"
        if details.field is None and problem.vietnamese != details.detail:
            return problem.vietnamese  # of the form as a whole
        own = begun(problem.vietnamese.removeprefix(f"{details.field}: "))
        fix = said(TEXTS, hint, Language.VIETNAMESE) if hint in TEXTS else own
        return said(TEXTS, key, Language.VIETNAMESE, fix=fix)
    return said(TEXTS, key, Language.VIETNAMESE)
