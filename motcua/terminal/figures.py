"""`motcua report` and `open`: the figures of a period, and the dossiers behind one."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.failure import Failure
from motcua.terminal import options
from motcua.terminal.console import COLUMNS, NOT_APPLICABLE, count, dossiers, minute, plain_table, warn, wrapped, write

if TYPE_CHECKING:
    from motcua.client import ServiceClient
    from motcua.report import PrintedReport, Query
    from shared.contract.http.figures import ListedDossier

BROKEN = 1
USUAL_CODE = 19  # characters; with a longer one the columns stand closer together


class ReportFormat(StrEnum):
    TEXT = "text"
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class Breakdown(StrEnum):
    DEPARTMENT = "department"
    CHANNEL = "channel"
    FIELD = "field"
    PROCEDURE = "procedure"
    LEVEL = "level"
    MONTH = "month"
    RECEIVED_BY = "received_by"


class ListFormat(StrEnum):
    TABLE = "table"
    NDJSON = "ndjson"


class ListDiffers(Failure):
    """A number does not open into as many dossiers as it says: one of the two is wrong."""

    exit_code = 1


def report(
    *,
    first: options.First = None,
    last: options.Last = None,
    period: options.Period = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Break down by department, channel, field, procedure, level, month, received_by (the unit that took "
            "a dossier in); several with commas.",
        ),
    ] = None,
    department: options.Department = None,
    received_by: options.ReceivedBy = None,
    organised: options.Organised = None,
    shape: Annotated[
        ReportFormat, typer.Option("--format", help="xlsx and pdf come with a later version.")
    ] = ReportFormat.TABLE,
    definition: options.Definition = None,
    as_of: options.AsOf = None,
    as_known_at: options.AsKnownAt = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Print the figures of a period.

    It is the statutory form II.06a with its headline figures: table is the form in the terminal; text the paragraph in
    Vietnamese with a line for each department; json what the service answers; csv one row a group, named by the keys of
    the figures.

    Units are renamed, merged, split and dissolved: --organised now gives what each one had to the unit that has taken
    over, by the day of --as-of. The total is the same either way.

    Exit code: 0 the figures add up, 1 they break an identity of the form (it is named), 2 there are no figures.
    """
    query = options.period_query(
        first, last, period, as_of=as_of, definition=definition, as_known_at=as_known_at, organised=organised
    )
    dimensions = tuple(word.strip() for given in by or () for word in given.split(","))
    _check_breakdown(dimensions, shape)
    filters = {"department": department, "received_by": received_by}
    narrowed = {name: values for name, values in filters.items() if values}
    if narrowed and shape is ReportFormat.TEXT:
        raise typer.BadParameter(
            "text is of all dossiers; take table, json or csv", param_hint=f"--{next(iter(narrowed)).replace('_', '-')}"
        )
    from motcua.client import reading

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        if not _printed(client, {**query, **narrowed}, dimensions, shape):
            raise typer.Exit(BROKEN)


def _check_breakdown(by: tuple[str, ...], shape: ReportFormat) -> None:
    for word in by:
        if word not in set(Breakdown):
            raise typer.BadParameter(f"{word!r} is not known; available: {', '.join(Breakdown)}", param_hint="--by")
    if shape in (ReportFormat.XLSX, ReportFormat.PDF):
        raise typer.BadParameter(
            f"{shape.value} comes with a later version; text, table, json and csv are at hand", param_hint="--format"
        )
    if shape is ReportFormat.TEXT and by not in ((), (Breakdown.DEPARTMENT,)):
        raise typer.BadParameter("text is by department; take table, json or csv for others", param_hint="--format")


def _printed(reporting: "ServiceClient", query: "Query", by: tuple[str, ...], shape: ReportFormat) -> bool:
    """Whether the printed figures add up."""
    import msgspec

    from motcua.report import ask, ask_text, parse
    from motcua.terminal.form import paragraph, show_form, to_csv, warn_of

    if shape is ReportFormat.TEXT:
        text = ask_text(reporting, query)
        report = parse(ask(reporting, {**query, "tokens": "none"}, (Breakdown.DEPARTMENT.value,)))
        print(text, end="")
    else:
        answer = ask(reporting, query, by)
        report = parse(answer)
        if shape is ReportFormat.JSON:
            print(msgspec.json.format(answer, indent=2).decode())
        elif shape is ReportFormat.CSV:
            print(to_csv(report), end="")
        else:
            write(paragraph(report))
            show_form(report)
    return warn_of(report, on_paper=shape in (ReportFormat.TEXT, ReportFormat.TABLE))


def open_figure(
    *,
    figure: Annotated[str, typer.Argument(help="The figure's key, like resolved_overdue.", metavar="FIGURE")],
    first: options.First = None,
    last: options.Last = None,
    period: options.Period = None,
    department: options.Department = None,
    channel: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only online, in_person or postal.")] = None,
    procedure: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only this procedure.")] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only procedures of this field, by its whole name.")
    ] = None,
    level: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only procedures of this level, like province.")
    ] = None,
    received_by: options.ReceivedBy = None,
    organised: options.Organised = None,
    definition: options.Definition = None,
    as_of: options.AsOf = None,
    as_known_at: options.AsKnownAt = None,
    limit: Annotated[int, typer.Option(min=1, help="How many dossiers the table shows.")] = 40,
    shape: Annotated[
        ListFormat, typer.Option("--format", help="ndjson writes every dossier, one a line.")
    ] = ListFormat.TABLE,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Open a figure into the dossiers behind it.

    Lists exactly as many dossiers as the number says. `motcua explain CODE` tells why one of them counts as it does.
    A filter given again takes either value.

    Exit code: 0 as many as it says, 1 fewer or more (one of the two is wrong), 2 there is no such figure.
    """
    query = options.period_query(
        first, last, period, as_of=as_of, definition=definition, as_known_at=as_known_at, organised=organised
    )
    from itertools import islice

    import msgspec

    from motcua.client import reading
    from motcua.report import ask, dossiers_behind, parse
    from motcua.terminal.form import nothing_known

    filters = {
        "department": department,
        "channel": channel,
        "procedure": procedure,
        "field": field,
        "level": level,
        "received_by": received_by,
    }
    narrowed = {name: values for name, values in filters.items() if values}
    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        report = parse(ask(client, {**query, **narrowed}))
        token = _token(report, figure)
        number = report.total[figure]
        if unknown := nothing_known(report.known_at, [report.total]):
            warn(unknown)
        listed = 0
        if shape is ListFormat.NDJSON:
            for dossier in dossiers_behind(client, token):
                print(msgspec.json.encode(dossier).decode())
                listed += 1
            _check_length(figure, number, listed, number)
        else:
            shown = list(islice(dossiers_behind(client, token, min(limit, number) or 1), limit))
            if shown:
                _write_table(figure, report, shown)
            first_ones = f", the first {count(limit)} shown" if len(shown) == limit < number else ""
            print(wrapped(f"{figure}: {dossiers(number)}{first_ones}; {_about(report, narrowed)}."))
            _check_length(figure, number, len(shown), min(limit, number))


def _token(report: "PrintedReport", figure: str) -> str:
    """What opens the figure in the total row."""
    if token := report.tokens.get(f"total.{figure}"):
        return token
    known = ", ".join(name.removeprefix("total.") for name in report.tokens if name.startswith("total."))
    listed = fill(known, COLUMNS, initial_indent="  ", subsequent_indent="  ")
    raise Failure(f"{figure} is not a figure that counts dossiers; those are\n{listed}")


def _write_table(figure: str, report: "PrintedReport", listed: Sequence["ListedDossier"]) -> None:
    """Where the figure is about returns, the return stands in place of the receipt: both would not fit 80 columns."""
    about_returns = figure.startswith("returned_") or figure == "awaiting_return"
    instants = ("due", "closed", "returned") if about_returns else ("received", "due", "closed")
    judged_on = f"{min(report.last, report.as_of.date()):%d/%m/%Y}"
    usual = max(len(dossier.code) for dossier in listed) <= USUAL_CODE
    table = plain_table("dossier", *instants, f"class on\n{judged_on}", gap=2 if usual else 1)
    for column in table.columns:
        column.no_wrap, column.overflow = True, "fold"
    for dossier in listed:
        when = (minute(getattr(dossier, f"{name}_at"), "%d/%m/%y %H:%M") for name in instants)
        table.add_row(dossier.code, *when, dossier.timeliness or NOT_APPLICABLE)
    write(table)


def _about(report: "PrintedReport", narrowed: Mapping[str, Sequence[str]]) -> str:
    """Period, definition, what it was known at, and what it is narrowed to."""
    from motcua.terminal.form import names_of_departments, second, value_name

    departments = names_of_departments()
    known = f", as known at {second(report.known_at)}" if report.known_at else ""
    only = [
        f"{name} {' or '.join(value_name(name, value, departments) for value in values)}"
        for name, values in narrowed.items()
    ]
    return (
        f"from {report.first:%d/%m/%Y} to {report.last:%d/%m/%Y} by {report.definition}, "
        f"as of {report.as_of:%d/%m/%Y %H:%M}{known}{', as organised now' if report.organised == 'now' else ''}"
        f"{', only ' if only else ''}{', '.join(only)}"
    )


def _check_length(figure: str, number: int, listed: int, expected: int) -> None:
    """Raise ListDiffers unless as many dossiers are listed as the number says, or as many as were asked for of them."""
    if listed == expected:
        return
    from motcua.terminal.form import MENDING

    amount = (
        "no dossier"
        if listed == 0
        else f"only {dossiers(listed)}"
        if listed < number
        else f"at least {dossiers(listed)}"
    )
    raise ListDiffers(
        f"{figure} says {count(number)}, but {amount} can be listed: one of the two is wrong.\n{fill(MENDING, COLUMNS)}"
    )
