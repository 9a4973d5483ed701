"""What must be said beside figures so that nobody takes them for others: period, definition, cut-off, scope."""

from services.reporting.documents.forms.form import Form
from services.reporting.documents.layout import NO_DEADLINE
from services.reporting.figures.query import FigureQuery
from shared.language.languages import Language
from shared.language.numbers import count, minute
from shared.language.papers import (
    ALL_KNOWN,
    AS_OF,
    BROKEN_NOTE,
    DEFINITION,
    IDENTITY_NAMES,
    KNOWN_AT,
    NO_DEADLINE_NOTE,
    NOT_OVER,
    ORGANISED,
    ORGANISED_AS,
    SCOPE,
    UNKNOWN_NOTE,
    UP_TO,
)
from shared.language.periods import period_name, span_name
from shared.language.sentences import has_ended
from shared.language.words import DEFINITIONS, in_language, word


def period_of(query: FigureQuery, language: Language) -> str:
    """Quý I năm 2023 (từ ngày 15/12/2022 đến ngày 14/03/2023), or the span alone."""
    span = span_name(query.first, query.last, language)
    return span if query.period is None else f"{period_name(query.period, language)} ({span})"


def period_counted(query: FigureQuery, language: Language) -> str:
    """The period, and up to when it is counted where that is not its end: no six days pass for a quarter."""
    period = period_of(query, language)
    if has_ended(query.last, query.as_of):
        return period
    return f"{period}, {in_language(UP_TO, language).format(minute=minute(query.as_of, language))}"


def facts(form: Form) -> list[tuple[str, str]]:
    """What was asked for, in words: each fact under its name."""
    query, language = form.query, form.language
    known = in_language(ALL_KNOWN, language) if query.known_at is None else minute(query.known_at, language)
    said = [
        (DEFINITION, f"{word(DEFINITIONS, query.definition, language)} ({query.definition})"),
        (AS_OF, minute(query.as_of, language)),
        (KNOWN_AT, known),
        (ORGANISED, in_language(ORGANISED_AS[query.organised_as], language)),
    ]
    if form.scope:
        said.append((SCOPE, "; ".join(form.scope)))
    return [(in_language(name, language), fact) for name, fact in said]


def warnings(form: Form) -> list[str]:
    """What the reader of these figures would else get wrong."""
    query, language, total = form.query, form.language, form.total
    warned = []
    if not has_ended(query.last, query.as_of):
        warned.append(in_language(NOT_OVER, language))
    if total[NO_DEADLINE]:
        warned.append(in_language(NO_DEADLINE_NOTE, language))
    if unknown := total["received_unknown"]:
        warned.append(in_language(UNKNOWN_NOTE, language).format(number=count(unknown, language)))
    if broken := [word(IDENTITY_NAMES, identity.name, language) for identity in form.identities if not identity.holds]:
        warned.append(in_language(BROKEN_NOTE, language).format(names="; ".join(broken)))
    return warned


def notes(form: Form) -> list[str]:
    """For the foot of the table: the facts, each with its name, and the warnings."""
    return [*(f"{name}: {fact}." for name, fact in facts(form)), *warnings(form)]
