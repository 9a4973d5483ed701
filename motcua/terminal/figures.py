"""`motcua open`: the dossiers behind a figure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.failure import Failure
from motcua.speech import voice
from motcua.terminal import options
from motcua.terminal.console import COLUMNS, NOT_APPLICABLE, count, dossiers, plain_table, warn, width, write
from shared.domain.localtime import local

if TYPE_CHECKING:
    from motcua.report import PrintedReport
    from shared.contract.http.figures import ListedDossier

BROKEN = 1
WIDE = 112  # columns, in which procedure and officer stand beside the dossier
USUAL_CODE = 19  # characters; with a longer one the columns stand closer together


class ListFormat(StrEnum):
    TABLE = "table"
    NDJSON = "ndjson"


class ListDiffers(Failure):
    """A number does not open into as many dossiers as it says: one of the two is wrong."""

    exit_code = 1


def open_figure(
    *,
    figure: Annotated[str, typer.Argument(help="The figure's key, like resolved_overdue.", metavar="FIGURE")],
    first: options.First = None,
    last: options.Last = None,
    period: options.Period = None,
    department: options.Department = None,
    channel: options.Channel = None,
    procedure: options.Procedure = None,
    field: options.Field = None,
    level: options.Level = None,
    received_by: options.ReceivedBy = None,
    organised: options.Organised = None,
    definition: options.Definition = None,
    as_of: options.AsOf = None,
    as_known_at: options.AsKnownAt = None,
    limit: Annotated[int, typer.Option(min=1, help="How many dossiers the table shows.")] = 40,
    shape: Annotated[
        ListFormat, typer.Option("--format", help="ndjson writes every dossier, one a line.")
    ] = ListFormat.TABLE,
    lang: options.Lang = None,  # noqa: ARG001 - spoken from when it was read
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
    from motcua.terminal.form import meaning, nothing_known

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
            say, first_ones = voice(), ""
            if len(shown) == limit < number:
                first_ones = say(f", hiện {count(limit)} hồ sơ đầu", f", the first {count(limit)} shown")
            name = say(f"{meaning(figure, say)} ({figure})", figure)
            write(f"{name}: {dossiers(number)}{first_ones}; {_about(report, narrowed)}.")
            _check_length(figure, number, len(shown), min(limit, number))


def _token(report: "PrintedReport", figure: str) -> str:
    """What opens the figure in the total row."""
    if token := report.tokens.get(f"total.{figure}"):
        return token
    known = ", ".join(name.removeprefix("total.") for name in report.tokens if name.startswith("total."))
    listed = fill(known, COLUMNS, initial_indent="  ", subsequent_indent="  ")
    raise Failure(
        voice()(
            f"{figure} không phải số liệu đếm hồ sơ; có thể chọn\n{listed}",
            f"{figure} is not a figure that counts dossiers; those are\n{listed}",
        )
    )


def _write_table(figure: str, report: "PrintedReport", listed: Sequence["ListedDossier"]) -> None:
    """Where the figure is about returns, the return stands in place of the receipt.

    Procedure and officer have columns of their own where the terminal is wide enough, else a line below the dossier.
    """
    from shared.language.words import CLASSES

    say = voice()
    about_returns = figure.startswith("returned_") or figure == "awaiting_return"
    instants = {
        "received": say("tiếp nhận", "received"),
        "due": say("hạn trả", "due"),
        "closed": say("kết thúc", "closed"),
        "returned": say("trả kết quả", "returned"),
    }
    del instants["received" if about_returns else "returned"]
    wide = width() >= WIDE
    who = (say("thủ tục", "procedure"), say("cán bộ", "officer")) if wide else ()
    judged = say("xếp loại", "class on") + f"\n{say.day(min(report.last, report.as_of.date()))}"
    handled = ["  " + " ".join(filter(None, (dossier.procedure, dossier.officer))) for dossier in listed]
    first = [dossier.code for dossier in listed] + ([] if wide else handled)
    gap = 2 if max(map(len, first)) <= USUAL_CODE else 1
    table = plain_table(say("hồ sơ", "dossier"), *who, *instants.values(), judged, gap=gap)
    for column in table.columns:
        column.no_wrap, column.overflow = True, "fold"
    for dossier, below in zip(listed, handled, strict=True):
        beside = (dossier.procedure, dossier.officer or "") if wide else ()
        at = (getattr(dossier, f"{name}_at") for name in instants)
        when = (say.short_minute(instant) if wide else _shorter_minute(instant) for instant in at)
        judged_as = say.word(CLASSES, dossier.timeliness).lower() if dossier.timeliness else NOT_APPLICABLE
        table.add_row(dossier.code, *beside, *when, judged_as)
        if not wide:
            table.add_row(below, style="dim")
    write(table)


def _shorter_minute(instant: datetime | None) -> str:
    """To the minute and with the year in two digits, or six columns would not fit a page."""
    at = None if instant is None else local(instant)
    return NOT_APPLICABLE if at is None else voice()(f"{at:%d/%m/%y %H:%M}", f"{at:%y-%m-%d %H:%M}")


def _about(report: "PrintedReport", narrowed: Mapping[str, Sequence[str]]) -> str:
    """Period, definition, what it was known at, and what it is narrowed to."""
    from motcua.terminal.form import names_of_departments, value_name
    from shared.language.periods import span_name
    from shared.language.words import DIMENSIONS

    departments, say = names_of_departments(), voice()
    span, at = span_name(report.first, report.last, say.language), say.short_minute(report.as_of)
    said = [say(f"{span}, cách tính {report.definition}, đến {at}", f"{span} by {report.definition}, as of {at}")]
    if report.known_at:
        known = say.second(report.known_at)
        said.append(say(f"theo dữ liệu đã ghi nhận đến {known}", f"as known at {known}"))
    if report.organised == "now":
        said.append(say("theo tổ chức hiện nay", "as organised now"))
    only = [
        " ".join(
            (
                say.word(DIMENSIONS, name).lower(),
                say(" hoặc ", " or ").join(value_name(name, value, departments) for value in values),
            )
        )
        for name, values in narrowed.items()
    ]
    if only:
        said.append(f"{say('chỉ tính', 'only')} {', '.join(only)}")
    return ", ".join(said)


def _check_length(figure: str, number: int, listed: int, expected: int) -> None:
    """Raise ListDiffers unless as many dossiers are listed as the number says, or as many as were asked for of them."""
    if listed == expected:
        return
    from motcua.terminal.form import mending

    say = voice()
    if listed == 0:
        amount = say("không liệt kê được hồ sơ nào", "no dossier")
    elif listed < number:
        amount = say(f"chỉ liệt kê được {dossiers(listed)}", f"only {dossiers(listed)}")
    else:
        amount = say(f"liệt kê được ít nhất {dossiers(listed)}", f"at least {dossiers(listed)}")
    differ = say(
        f"{figure} là {count(number)}, nhưng {amount}: một trong hai bị sai.",
        f"{figure} says {count(number)}, but {amount} can be listed: one of the two is wrong.",
    )
    raise ListDiffers(f"{differ}\n{fill(mending(), COLUMNS)}")
