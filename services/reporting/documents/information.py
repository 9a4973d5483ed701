"""The other sheets of the workbook: what was asked for, which identities hold, every figure, and another period."""

from xlsxwriter.worksheet import Worksheet

from services.reporting.documents.cells import COUNT, SIGNED, Looks, height_of
from services.reporting.documents.comparison import compared_figures, compared_heads
from services.reporting.documents.forms.form import Form
from services.reporting.documents.frame import Frame
from services.reporting.documents.notes import facts, period_of, warnings
from shared.domain.columns import COLUMNS, SHARES
from shared.domain.figures import Figures, shares
from shared.language.numbers import minute
from shared.language.papers import (
    ALL_FIGURES,
    CODE,
    DIFFERENCE,
    FORM_NUMBER,
    HOLDS,
    IDENTITIES,
    IDENTITY,
    IDENTITY_NAMES,
    INFORMATION,
    MADE_AT,
    NAME,
    NO,
    OPENS_LISTS,
    YES,
    Both,
)
from shared.language.words import FIGURES, in_language, word

WIDE_CODE, WIDE_NAME, WIDE_VALUE = 28, 40, 14
_TALL_HEAD, PAGES_ACROSS = 84, 4


def write_information(sheet: Worksheet, looks: Looks, form: Form, frame: Frame) -> None:
    """Fills the sheet; each number opens the list of its dossiers where the address of reporting is known."""
    language = form.language

    def words(text: Both) -> str:
        return in_language(text, language)

    sheet.set_column(0, 0, WIDE_CODE)
    sheet.set_column(1, 1, WIDE_NAME)
    sheet.set_column(2, 1 + len(COLUMNS) + len(SHARES), WIDE_VALUE)
    title = looks.of(bold=True, font_size=14)
    sheet.write_string(0, 0, words(INFORMATION), title)
    said = [
        (words(FORM_NUMBER), period_of(form.query, language)),
        *facts(form),
        (words(MADE_AT), minute(frame.made_at, language)),
        *(("", warning) for warning in warnings(form)),
    ]
    if publication := frame.publication(language):
        said.append(("", publication))
    row = 1
    for name, fact in said:
        sheet.write_string(row, 0, name, looks.of(bold=True))
        sheet.write_string(row, 1, fact, looks.of_text(fact))
        row += 1
    row = _identities(sheet, looks, form, row + 1)
    _figures(sheet, looks, form, frame, row + 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(PAGES_ACROSS, 0)
    sheet.repeat_columns(0, 1)


def write_comparison(sheet: Worksheet, looks: Looks, form: Form, other: Form) -> None:
    """Fills a sheet with the other period's figures beside the form's, and the differences as formulas."""
    sheet.set_column(0, 0, WIDE_NAME)
    sheet.set_column(1, 3, WIDE_CODE)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.freeze_panes(1, 1)
    heads = compared_heads(form, other)
    sheet.set_row(0, max(height_of(head, WIDE_CODE) for head in heads))
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, looks.of(bold=True, border=1, align="center", text_wrap=True))
    for row, figure in enumerate(compared_figures(form, other), start=1):
        number = looks.of(border=1, num_format=COUNT)
        sheet.write_string(row, 0, figure.name, looks.of(border=1))
        sheet.write_number(row, 1, figure.now, number)
        sheet.write_number(row, 2, figure.before, number)
        moved = looks.of(border=1, num_format=SIGNED)
        sheet.write_formula(row, 3, f"=B{row + 1}-C{row + 1}", moved, figure.now - figure.before)


def _identities(sheet: Worksheet, looks: Looks, form: Form, row: int) -> int:
    language = form.language
    sheet.write_string(row, 0, in_language(IDENTITIES, language), looks.of(bold=True, font_size=14))
    head = looks.of(bold=True, border=1, align="center")
    for column, name in enumerate((IDENTITY, HOLDS, DIFFERENCE)):
        sheet.write_string(row + 1, column, in_language(name, language), head)
    for place, identity in enumerate(form.identities, start=row + 2):
        said = word(IDENTITY_NAMES, identity.name, language)
        sheet.write_string(place, 0, said, looks.of_text(said, border=1))
        sheet.write_string(place, 1, in_language(YES if identity.holds else NO, language), looks.of(border=1))
        sheet.write_number(place, 2, identity.difference or 0, looks.of(border=1, num_format=COUNT))
    return row + 2 + len(form.identities)


def _figures(sheet: Worksheet, looks: Looks, form: Form, frame: Frame, row: int) -> None:
    language, lists = form.language, frame.lists()
    sheet.write_string(row, 0, in_language(ALL_FIGURES, language), looks.of(bold=True, font_size=14))
    if frame.address is not None:
        sheet.write_string(row, 2, in_language(OPENS_LISTS, language), looks.of(italic=True))
    head = looks.of(bold=True, border=1, align="center", text_wrap=True)
    names = [in_language(CODE, language), in_language(NAME, language)]
    names += [word(FIGURES, each.key, language) for each in (*COLUMNS, *SHARES)]
    sheet.set_row(row + 1, _TALL_HEAD)
    for column, name in enumerate(names):
        sheet.write_string(row + 1, column, name, head)
    lines = [(line.code or "", line.name, line.figures, line.place) for line in form.lines]
    for place, (code, name, figures, of) in enumerate([*lines, ("", form.total_name, form.total, None)], start=row + 2):
        bold = {} if of is not None else {"bold": True}
        sheet.write_string(place, 0, code, looks.of_text(code, border=1, text_wrap=True, **bold))
        sheet.write_string(place, 1, name, looks.of_text(name, border=1, text_wrap=True, **bold))
        sheet.set_row(place, max(height_of(code, WIDE_CODE), height_of(name, WIDE_NAME)))
        for column, each in enumerate(COLUMNS, start=2):
            value = figures[each.key]
            look = looks.of(border=1, num_format=COUNT, **bold)
            if value and (link := lists(of, each.key)) is not None:
                sheet.write_url(place, column, link, look)
            sheet.write_number(place, column, value, look)
        _shares(sheet, looks, figures, place)


def _shares(sheet: Worksheet, looks: Looks, figures: Figures, row: int) -> None:
    """Shares in percent with all their decimals, as numbers; one that is not applicable is an empty cell."""
    found = shares(figures)
    for column, each in enumerate(SHARES, start=2 + len(COLUMNS)):
        share, decimals = found[each.key], -int(each.quantum.as_tuple().exponent)
        look = looks.of(border=1, num_format=f'0.{"0" * decimals}"%"')
        if share is None:
            sheet.write_blank(row, column, None, look)
        else:
            sheet.write_number(row, column, float(share), look)
