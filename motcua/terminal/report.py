"""`motcua report`: the figures of a period, in the terminal or as a file of the statutory form."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.failure import Failure
from motcua.speech import voice
from motcua.terminal import options
from motcua.terminal.console import deliver, put, warn, write

if TYPE_CHECKING:
    from motcua.client import ServiceClient
    from motcua.report import Query

BROKEN = 1
TABLE, JSON, TEXT = "table", "json", "text"


OF_THE_FORM = ("department", "field")
LEVEL = "level"


def report(
    *,
    first: options.First = None,
    last: options.Last = None,
    period: options.Period = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Break down by department, channel, field, procedure, level, received_by (the unit that took a "
            "dossier in), month (of the calendar), statutory_month or statutory_quarter (from the 15th to the 14th); "
            "several with commas. Files of the form are by department or field, with level in sections.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="PERIOD",
            help="Beside another period: last_year, previous, or days like 2022-01-01..2022-12-31.",
        ),
    ] = None,
    department: options.Department = None,
    field: options.Field = None,
    channel: options.Channel = None,
    level: options.Level = None,
    received_by: options.ReceivedBy = None,
    organised: options.Organised = None,
    shape: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="table or json, or a format of the form: text, csv (for programs), office-csv (for a Vietnamese "
            "spreadsheet), xlsx, docx or pdf.",
        ),
    ] = TABLE,
    sort: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="The table's rows by this figure, the largest first.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it into this file, whole or not at all.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file when it is there.")] = False,
    definition: options.Definition = None,
    as_of: options.AsOf = None,
    as_known_at: options.AsKnownAt = None,
    lang: options.Lang = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Print the figures of a period.

    It is the statutory form II.06a with its headline figures: table is the form in the terminal, json what the service
    answers under the keys of the figures. Any other format is the form as reporting writes it, byte for byte, and in
    Vietnamese unless --lang en is given.

    Units are renamed, merged, split and dissolved: --organised now gives what each one had to the unit that has taken
    over, by the day of --as-of. The total is the same either way.

    With --against each figure stands beside that of another period, with the difference. A period that has not ended
    is compared with as much of the other.

    Exit code: 0 the figures add up, 1 they break an identity of the form (it is named), 2 there are no figures.
    """
    query = options.period_query(
        first, last, period, as_of=as_of, definition=definition, as_known_at=as_known_at, organised=organised
    )
    dimensions = tuple(word.strip() for given in by or () for word in given.split(","))
    _check(dimensions, shape, sort, output, force=force)
    filters = {
        "department": department,
        "field": field,
        "channel": channel,
        "level": level,
        "received_by": received_by,
    }
    narrowed = {name: values for name, values in filters.items() if values}
    from motcua.client import reading

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        asked = {**query, **narrowed, **({} if against is None else {"against": against})}
        if shape == TABLE:
            holds = _table(client, asked, dimensions, sort)
        elif shape == JSON:
            holds = _json(client, asked, dimensions, output)
        else:
            holds = _form(client, {**asked, "lang": lang or options.OF_OFFICES}, dimensions, shape, output)
    if period is not None and "month" in dimensions:
        warn(
            voice()(
                "đây là các tháng theo lịch; --by statutory_month là tháng báo cáo, từ ngày 15 đến ngày 14",
                "these are months of the calendar; --by statutory_month gives those from the 15th to the 14th",
            )
        )
    if not holds:
        raise typer.Exit(BROKEN)


def _check(by: Sequence[str], shape: str, sort: str | None, output: Path | None, *, force: bool) -> None:
    """Refuse what does not go together before anything is asked for."""
    say = voice()
    if sort is not None and shape != TABLE:
        raise typer.BadParameter(
            say("chỉ sắp xếp bảng (--format table)", "orders the table; leave it out, or take --format table"),
            param_hint="--sort",
        )
    lines = [word for word in by if word != LEVEL]
    if shape not in (TABLE, JSON) and (len(lines) > 1 or not set(lines) <= set(OF_THE_FORM)):
        raise typer.BadParameter(
            say(
                f"{shape} là biểu mẫu, lập theo department hoặc field (thêm level để chia phần); hãy chọn table, json",
                f"{shape} is the form, by department or field (with level in sections); take table or json for others",
            ),
            param_hint="--format",
        )
    if output is not None and shape == TABLE:
        raise typer.BadParameter(
            say("bảng dành cho màn hình; hãy chọn một --format khác", "a table is for the terminal; name a --format"),
            param_hint="--output",
        )
    if output is not None:
        from motcua.files import check_writable

        if output.is_file() and not force:
            raise Failure(
                say(
                    f"{output} đã có; hãy chọn tên khác, hoặc thêm --force để thay",
                    f"{output} is there already; choose another name, or replace it with --force",
                )
            )
        check_writable(output)


def _table(client: "ServiceClient", query: "Query", by: tuple[str, ...], sort: str | None) -> bool:
    """Whether the printed figures add up."""
    from motcua.report import ask, parse
    from motcua.terminal.beside import show_comparison
    from motcua.terminal.form import in_order, paragraph, refuse_unbegun, show_form, warn_of

    found = in_order(parse(ask(client, query, by)), sort)
    refuse_unbegun(found)
    write(paragraph(found))
    if found.beside is None:
        show_form(found)
    else:
        show_comparison(found, found.beside)
    return warn_of(found, on_paper=True)


def _json(client: "ServiceClient", query: "Query", by: tuple[str, ...], output: Path | None) -> bool:
    """What the service answers, one value a line."""
    import msgspec

    from motcua.report import ask, parse
    from motcua.terminal.form import refuse_unbegun, warn_of

    answer = ask(client, query, by)
    found = parse(answer)
    refuse_unbegun(found)
    put(msgspec.json.format(answer, indent=2) + b"\n", output)
    return warn_of(found, on_paper=False)


def _form(
    client: "ServiceClient",
    query: Mapping[str, str | Sequence[str]],
    by: tuple[str, ...],
    shape: str,
    output: Path | None,
) -> bool:
    """The form as reporting writes it, byte for byte; its figures are checked besides."""
    from motcua.report import ask, ask_form, parse
    from motcua.terminal.form import warn_of

    grouping = next((word for word in by if word in OF_THE_FORM), OF_THE_FORM[0])
    sections = {"sections": LEVEL} if LEVEL in by else {}
    file = ask_form(client, {**query, "by": grouping, **sections}, shape)
    deliver(file, shape, output)
    figures = {name: value for name, value in query.items() if name != "lang"}
    found = parse(ask(client, {**figures, "tokens": "none"}, (grouping, *sections.values())))
    return warn_of(found, on_paper=shape == TEXT and output is None)
