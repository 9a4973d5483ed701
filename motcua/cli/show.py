"""Writes a report to standard output: as JSON, as CSV, or as the form in 80 columns; and what is to be said about it."""

import sys

import msgspec
from rich.console import RenderableType

from motcua.cli.console import out
from motcua.cli.wrapped import wrapped
from motcua.report.export import to_csv
from motcua.report.figures import Report
from motcua.report.names import names_of_departments, row_name
from motcua.report.paragraph import paragraph
from motcua.report.remarks import broken_identities, nothing_known
from motcua.report.table import form

WIDEST = 80


def show(answer: bytes, report: Report, shape: str) -> None:
    """Reporting's answer, and the report it carries, in the shape asked for: json, csv or table."""
    match shape:
        case "json":
            print(msgspec.json.format(answer, indent=2).decode())
        case "csv":
            print(to_csv(report), end="")
        case _:
            write(paragraph(report))
            show_form(report)


def show_form(report: Report) -> None:
    """The form's table, with departments by name."""
    departments = names_of_departments()
    out.print()
    write(form(report, lambda key: row_name(key, departments), width()))


def warn_of(report: Report, *, on_paper: bool) -> bool:
    """Say which identities are broken, below what people read and beside what programs read; whether all hold."""
    if told := nothing_known(report.known_at, [report.total, *(group.row for group in report.groups)]):
        warn(told)
    broken = broken_identities(report, names_of_departments())
    if broken and on_paper:
        print()
    for sentence in broken:
        print(wrapped(sentence), file=sys.stdout if on_paper else sys.stderr)
    return not broken


def warn(sentence: str) -> None:
    """A sentence beside the figures."""
    print(wrapped(f"motcua: {sentence}"), file=sys.stderr)


def write(what: RenderableType) -> None:
    """Print within the width of a terminal or of a page."""
    if isinstance(what, str):
        what = "\n".join(wrapped(line, 0, width()) for line in what.split("\n"))
    out.print(what, width=width(), markup=False)


def width() -> int:
    return min(out.width, WIDEST)
