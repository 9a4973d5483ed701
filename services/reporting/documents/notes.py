"""What must be said beside figures so that nobody takes them for others: period, definition, cut-off, what was chosen."""

from services.reporting.figures.query import FigureQuery
from services.reporting.forms.form import Form
from services.reporting.documents.layout import NO_DEADLINE
from shared.language.languages import Language
from shared.language.numbers import count, minute
from shared.language.papers import (
    ALL_KNOWN,
    AS_OF,
    BROKEN_NOTE,
    DEFINITION,
    FILTERED,
    FILTERS,
    IDENTITY_NAMES,
    KNOWN_AT,
    NO_DEADLINE_NOTE,
    NOT_OVER,
    ORGANISED,
    ORGANISED_AS,
    UNKNOWN_NOTE,
)
from shared.language.periods import period_name, span_name
from shared.language.words import CHANNELS, DEFINITIONS, in_language, word


def period_of(query: FigureQuery, language: Language) -> str:
    """Quý I năm 2023 (từ ngày 15/12/2022 đến ngày 14/03/2023), or the span alone."""
    span = span_name(query.first, query.last, language)
    return span if query.period is None else f"{period_name(query.period, language)} ({span})"


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
    if chosen := _chosen(query, language):
        said.append((FILTERED, chosen))
    return [(in_language(name, language), fact) for name, fact in said]


def warnings(form: Form) -> list[str]:
    """What the reader of these figures would else get wrong."""
    query, language, total = form.query, form.language, form.total
    warned = []
    if query.as_of.date() < query.last:
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


def _chosen(query: FigureQuery, language: Language) -> str:
    filters = query.filters
    chosen = {
        "departments": ", ".join(sorted(filters.departments)),
        "procedures": "" if filters.procedures is None else count(len(filters.procedures), language),
        "channels": ", ".join(word(CHANNELS, channel, language) for channel in sorted(filters.channels)),
        "places": ", ".join(sorted(filters.places)),
    }
    return "; ".join(f"{in_language(FILTERS[name], language)} {value}" for name, value in chosen.items() if value)
