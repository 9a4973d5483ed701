"""The form as CSV for a spreadsheet with Vietnamese settings: each cell opens as it is meant."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from services.reporting.documents.forms.form import Form
from services.reporting.figures.report import figure_row
from shared.domain.columns import KEYS, OF_FORM, SHARE_KEYS
from shared.domain.figures import Figures
from shared.domain.localtime import local
from shared.language.periods import ROMAN
from shared.language.voice import Voice
from shared.language.words import DEFINITIONS, FIGURES

BYTE_ORDER_MARK = "\ufeff"  # without it Excel shows Vietnamese as gibberish
_OF_THE_FORM = tuple(column.key for column in OF_FORM.values())
COUNTS = (*_OF_THE_FORM, *(key for key in KEYS if key not in _OF_THE_FORM))
"""The form's columns in its order, then the others."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # Excel takes the wide ones too
_NUMBER = re.compile(r"[\s(.,]*\d[\d\s.,:/\-+eE%)]*")


def as_office_csv(form: Form, publication: str | None = None) -> bytes:
    """Semicolons, decimal commas, days as 31/12/2023, the lines and columns by their names; UTF-8 with its mark.

    A share that is not applicable is empty. A section stands as a line above its lines, with a Roman number. The lines
    of a form beside this one follow. The last columns say what the form is narrowed to, and which publication it is of.
    """
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(_rows(form, publication))
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def _rows(form: Form, publication: str | None) -> Iterator[Sequence[object]]:
    say = Voice(form.language)
    head = [say("STT", "No."), say("Mã", "Code"), say("Tên", "Name")]
    about = [say("Từ ngày", "From"), say("Đến ngày", "To"), say("Số liệu tính đến", "As of")]
    about += [say("Cách tính đúng hạn", "Timeliness judged"), say("Chỉ tính", "Only")]
    of = [] if publication is None else [publication]
    about += [say("Công bố", "Publication") for _ in of]
    yield [*head, *(say.word(FIGURES, key) for key in (*COUNTS, *SHARE_KEYS)), *about]
    for one in form.with_compared:
        yield from ([*row, *of] for row in _rows_of(one, say))


def _rows_of(form: Form, say: Voice) -> Iterator[Sequence[object]]:
    query = form.query
    judged = [f"{query.first:%d/%m/%Y}", f"{query.last:%d/%m/%Y}", f"{local(query.as_of):%d/%m/%Y %H:%M}"]
    judged += [say.word(DEFINITIONS, query.definition), as_text_cell("; ".join(form.scope))]
    for place, section in enumerate(form.sections):
        if section.title is not None:
            yield [ROMAN[place], "", as_text_cell(section.title), *_figures(section.total), *judged]
        for line in section.lines:
            code = "" if line.code is None else as_text_cell(line.code)
            yield [line.number, code, as_text_cell(line.name), *_figures(line.figures), *judged]
    yield ["", "", form.total_name, *_figures(form.total), *judged]


def _figures(figures: Figures) -> list[object]:
    row = figure_row(figures)
    shares = ("" if row[key] is None else row[key].replace(".", ",") for key in SHARE_KEYS)
    return [*(row[key] for key in COUNTS), *shares]


def as_text_cell(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would read a formula, a number or a day.

    An apostrophe is how one tells a spreadsheet that text follows; no cell then runs what somebody put into a name.
    """
    looks_else = text.lstrip(" \u00a0").startswith(_FORMULA) or _NUMBER.fullmatch(text)
    return f"'{text}" if looks_else else text
