"""The figures of a report as people read them (the statutory form, a paragraph, what breaks in them), and as CSV."""

import csv
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from io import StringIO

from rich.console import Group as RichGroup
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from motcua.report import BrokenIdentity, PrintedReport, Row
from motcua.terminal.console import count, out, percent, plain_table, warn, width, wrapped, write
from shared.catalogue import load
from shared.domain.columns import OF_FORM

CHANNELS = {"in_person": "in person", "online": "online", "postal": "by post"}
UNKNOWN = "not in the catalogue"
OF_TIME = {
    "month": "calendar months",
    "statutory_month": "statutory months",
    "statutory_quarter": "statutory quarters",
}
NARROWEST_NAME = 10
GAP = 1
MENDING = "`motcua verify` names the dossiers at fault, `motcua rebuild` counts them anew from the log."


def names_of_departments() -> dict[str, str]:
    """Code to name, of the catalogue that ships with Motcua."""
    return {code: department.name for code, department in load().departments.items()}


def row_name(key: Mapping[str, str | None], departments: Mapping[str, str]) -> str:
    """`Sở Y tế (H59.02)`; several keys are joined."""
    return " · ".join(value_name(name, value, departments) for name, value in key.items())


def value_name(dimension: str, value: str | None, departments: Mapping[str, str]) -> str:
    """The department by name and code, a channel in words, anything else by its code."""
    if value is None:
        return UNKNOWN
    if dimension == "channel":
        return CHANNELS.get(value, value)
    is_unit = dimension in ("department", "received_by")
    return f"{departments[value]} ({value})" if is_unit and value in departments else value


def show_form(report: PrintedReport) -> None:
    """The form's table, with departments by name."""
    departments = names_of_departments()
    out().print()
    write(form(report, lambda key: row_name(key, departments), width()))


def form(report: PrintedReport, name_of: Callable[[Mapping[str, str | None]], str], columns: int) -> RenderableType:
    """Every group and the total under the form's column numbers, and what the numbers mean.

    Names wrap in the room the figures leave; where that is too little, each figure stands on a line of its own.
    """
    rows = [(name_of(group.key), group.row) for group in report.groups] + [("Total", report.total)]
    widths = (
        max(len(str(number)), *(len(count(row[column.key])) for _, row in rows)) for number, column in OF_FORM.items()
    )
    room = columns - sum(widths) - GAP * len(OF_FORM)
    table = (
        _wide(heading(report), rows, room)
        if room >= NARROWEST_NAME
        else RichGroup(*(_tall(name, row) for name, row in rows))
    )
    return RichGroup(table, Text(), *legend(report))


def heading(report: PrintedReport) -> str:
    """What the rows are: the form's first columns, or which months."""
    return next((words for name, words in OF_TIME.items() if name in report.by), "1-2")


def _wide(first_column: str, rows: list[tuple[str, Row]], room: int) -> Table:
    table = plain_table(first_column, gap=GAP)
    table.columns[0].width = room
    for number in OF_FORM:
        table.add_column(str(number), justify="right", no_wrap=True)
    for name, row in rows:
        figures = (count(row[column.key]) for column in OF_FORM.values())
        table.add_row(name, *figures, style="bold" if row is rows[-1][1] else None)
    return table


def _tall(name: str, row: Row) -> Table:
    table = plain_table(gap=GAP)
    table.title, table.title_justify = name, "left"
    for justify in ("left", "right", "left"):
        table.add_column(justify=justify)
    for number, column in OF_FORM.items():
        table.add_row(str(number), count(row[column.key]), column.meaning)
    return table


def legend(report: PrintedReport) -> list[Text]:
    """What the columns mean, and how the figures are judged."""
    meanings = "; ".join(f"{number} {column.meaning}" for number, column in OF_FORM.items())
    extra = report.total.get("resolved_no_deadline", 0)
    note = f" Column 7 holds {count(extra)} without a deadline besides 8-10." if extra else ""
    if unknown := report.total.get("received_unknown", 0):
        note += f" Column 5 holds {count(unknown)} by a channel that nobody noted."
    if not OF_TIME.keys().isdisjoint(report.by):
        note += " Rows add up in columns 4, 5 and 7-10; what is open at the end of one is carried over into the next."
    known = f", as known at {second(report.known_at)}" if report.known_at else ""
    judged = f"Definition {report.definition}, as of {report.as_of:%d/%m/%Y %H:%M}{known}."
    if report.as_of.date() < report.last:
        judged += f" The period ends later, on {report.last:%d/%m/%Y}: the figures are as of then, not of its end."
    if report.organised == "now":
        judged += " Dossiers of units that have ended are counted for those that have taken over by then."
    return [Text(f"Columns: {meanings}.{note}", style="dim"), Text(judged, style="dim")]


def paragraph(report: PrintedReport) -> str:
    """What was handled, how much online, how timely, what is open; the Vietnamese paragraph is reporting's."""
    row = report.total
    names = {"early": "early", "on_time": "on time", "overdue": "overdue"}
    classes = [
        f"{count(row[f'resolved_{key}'])} {name} ({percent(row[f'{key}_share'])})" for key, name in names.items()
    ]
    if row["resolved_no_deadline"]:
        classes.append(f"{count(row['resolved_no_deadline'])} without a deadline")
    unknown = row.get("received_unknown", 0)
    noted = f" ({count(unknown)} of these by a channel that nobody noted)" if unknown else ""
    return (
        f"From {report.first:%d/%m/%Y} to {report.last:%d/%m/%Y}: {count(row['received_total'])} dossiers to handle, "
        f"{count(row['received_online'])} of them online ({percent(row['online_share'])}), "
        f"{count(row['received_in_person_or_postal'])} in person or by post{noted}, "
        f"{count(row['carried_over'])} carried over. "
        f"Resolved {count(row['resolved_total'])}: {', '.join(classes)}. "
        f"In progress {count(row['in_progress_total'])}: {count(row['in_progress_within'])} within time, "
        f"{count(row['in_progress_overdue'])} overdue."
    )


def warn_of(report: PrintedReport, *, on_paper: bool) -> bool:
    """Say which identities are broken, below what people read and beside what programs read; whether all hold."""
    if unknown := nothing_known(report.known_at, [report.total, *(group.row for group in report.groups)]):
        warn(unknown)
    broken = broken_identities(report, names_of_departments())
    if broken and on_paper:
        print()
    for sentence in broken:
        print(wrapped(sentence), file=sys.stdout if on_paper else sys.stderr)
    return not broken


def broken_identities(report: PrintedReport, departments: Mapping[str, str]) -> list[str]:
    """A sentence for each broken identity, and what to do about them; nothing when all hold."""
    sentences = [_broken_sentence(broken, departments) for broken in report.broken]
    return [*sentences, f"These figures do not add up. {MENDING}"] if sentences else []


def _broken_sentence(broken: BrokenIdentity, departments: Mapping[str, str]) -> str:
    row = "in the total" if broken.row is None else f"in the row {row_name(broken.row, departments)}"
    where = f"for {broken.column}" if broken.column else row
    more = "more" if broken.difference > 0 else "less"
    return (
        f"{broken.name} does not hold {where}: the left side is {count(abs(broken.difference))} {more} than the right."
    )


def nothing_known(known_at: datetime | None, rows: Iterable[Row]) -> str | None:
    """That figures are 0 because nothing had been recorded; None when there are some, or when they are as known now."""
    if known_at is None or any(value for row in rows for value in row.values() if isinstance(value, int)):
        return None
    since = "events are known from when they were recorded, by the real clock"
    return f"nothing of this period was known at {second(known_at)}: {since}"


def second(instant: datetime) -> str:
    """An instant as precisely as one asks for it, like 01/02/2024 08:00:00."""
    return f"{instant:%d/%m/%Y %H:%M:%S}"


def to_csv(report: PrintedReport) -> str:
    """One row a group and one for the total, with empty keys; plain numbers and decimal points, for programs.

    The rows of a period beside this one follow, told apart by their days.
    """
    text = StringIO()
    figures = list(report.total)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["from", "to", "definition", *report.by, *figures])
    for one in (report,) if report.beside is None else (report, report.beside.report):
        head = [one.first.isoformat(), one.last.isoformat(), one.definition]
        for group in one.groups:
            writer.writerow(
                [*head, *(group.key.get(name) for name in one.by), *(group.row.get(name) for name in figures)]
            )
        writer.writerow([*head, *("" for _ in one.by), *(one.total.get(name) for name in figures)])
    return text.getvalue()
