"""Writes a report to standard output: as JSON, as CSV, or as the form in 80 columns."""

import msgspec
from rich.console import RenderableType

from motcua.cli.console import out
from motcua.report.export import to_csv
from motcua.report.figures import Report, parse
from motcua.report.names import names_of_departments, row_name
from motcua.report.paragraph import paragraph
from motcua.report.table import form

WIDEST = 80


def show(answer: bytes, shape: str) -> None:
    """Reporting's answer in the shape asked for: json, csv or table."""
    report = parse(answer)
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


def write(what: RenderableType) -> None:
    """Print within the width of a terminal or of a page."""
    out.print(what, width=width(), markup=False)


def width() -> int:
    return min(out.width, WIDEST)
