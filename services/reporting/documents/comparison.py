"""The form's total beside the other period's, as a table for every file."""

from typing import NamedTuple

from services.reporting.documents.forms.form import Form
from services.reporting.documents.notes import period_counted
from shared.domain.columns import OF_FORM
from shared.language.papers import CHANGE, FIGURE, OTHER_PERIOD, THIS_PERIOD
from shared.language.words import FIGURES, in_language, word


class FigureOfBoth(NamedTuple):
    """A figure of both periods."""

    name: str
    now: int
    before: int


def compared_heads(form: Form, other: Form) -> tuple[str, str, str, str]:
    """What the four columns are called; each period says up to when it is counted."""
    figure, this, that, change = (
        in_language(text, form.language) for text in (FIGURE, THIS_PERIOD, OTHER_PERIOD, CHANGE)
    )
    now, before = (period_counted(each.query, form.language) for each in (form, other))
    return figure, f"{this}: {now}", f"{that}: {before}", change


def compared_figures(form: Form, other: Form) -> list[FigureOfBoth]:
    """Those that the form prints, in its order."""
    return [
        FigureOfBoth(word(FIGURES, column.key, form.language), form.total[column.key], other.total[column.key])
        for column in OF_FORM.values()
    ]
