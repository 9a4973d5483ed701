"""The figures of a report as people read them: the statutory form, a paragraph, what breaks in them."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from rich.console import Group as RichGroup
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from motcua.failure import Failure
from motcua.report import BrokenIdentity, Group, PrintedReport, Row
from motcua.speech import voice
from motcua.terminal.console import out, plain_table, warn, width, wrapped, write
from shared.catalogue import load
from shared.domain.columns import OF_FORM
from shared.language.order import vietnamese_order
from shared.language.sentences import has_ended, not_begun, summary, when
from shared.language.voice import Voice
from shared.language.words import CHANNELS, DEFINITIONS, FIGURES, LEVELS, NO_FIELD, NO_LEVEL, TOTAL

NARROWEST_NAME = 10
GAP, WIDE_GAP = 1, 2
OF_TIME = {
    "month": ("tháng theo lịch", "calendar months"),
    "statutory_month": ("tháng báo cáo", "statutory months"),
    "statutory_quarter": ("quý báo cáo", "statutory quarters"),
}


def names_of_departments() -> dict[str, str]:
    """Code to name, of the catalogue that ships with Motcua."""
    return {code: department.name for code, department in load().departments.items()}


def row_name(key: Mapping[str, str | None], departments: Mapping[str, str]) -> str:
    """`Sở Y tế (H59.02)`; several keys are joined."""
    return " · ".join(value_name(name, value, departments) for name, value in key.items())


def value_name(dimension: str, value: str | None, departments: Mapping[str, str]) -> str:
    """The department by name and code, a channel or a level in words, anything else by its code."""
    say = voice()
    if value is None:
        others = {"field": NO_FIELD, "level": NO_LEVEL}
        return say(*others.get(dimension, ("không có trong danh mục", "not in the catalogue")))
    if words := {"channel": CHANNELS, "level": LEVELS}.get(dimension):
        return say.word(words, value).lower()
    is_unit = dimension in ("department", "received_by")
    return f"{departments[value]} ({value})" if is_unit and value in departments else value


def in_order(report: PrintedReport, worst_first: str | None = None) -> PrintedReport:
    """Fields as in a Vietnamese dictionary and other values by their codes; or the largest of a figure first."""
    places = sorted(range(len(report.groups)), key=lambda place: _by_name(report.groups[place]))
    if worst_first is not None:
        figures = [figure for figure in report.total if figure in FIGURES]
        if worst_first not in figures:
            known = ", ".join(figures)
            raise Failure(
                voice()(
                    f"{worst_first} không phải số liệu của báo cáo; có thể chọn: {known}",
                    f"{worst_first} is not a figure; sort by one of {known}",
                )
            )
        places.sort(key=lambda place: float(report.groups[place].row[worst_first] or 0), reverse=True)
    return report.ordered(places)


def _by_name(group: Group) -> list[tuple[bool, object]]:
    return [
        (value is None, vietnamese_order(value or "") if name == "field" else value or "")
        for name, value in group.key.items()
    ]


def show_form(report: PrintedReport) -> None:
    """The form's table, with departments by name."""
    departments = names_of_departments()
    out().print()
    write(form(report, lambda key: row_name(key, departments), width()))


def form(report: PrintedReport, name_of: Callable[[Mapping[str, str | None]], str], columns: int) -> RenderableType:
    """Every group and the total under the form's column numbers, and what the numbers mean.

    Names wrap in the room the figures leave; where that is too little, each figure stands on a line of its own.
    """
    say = voice()
    rows = [(name_of(group.key), group.row) for group in report.groups] + [(say(*TOTAL), report.total)]
    widths = [
        max(len(str(number)), *(len(say.count(row[column.key])) for _, row in rows))
        for number, column in OF_FORM.items()
    ]
    longest = max(NARROWEST_NAME, len(heading(report)), *(len(name) for name, _ in rows))
    roomy = columns - sum(widths) - WIDE_GAP * len(OF_FORM) >= longest
    gap = WIDE_GAP if roomy else GAP
    room = min(longest, columns - sum(widths) - gap * len(OF_FORM))
    if room >= NARROWEST_NAME:
        table: RenderableType = _wide(heading(report), rows, room, gap)
    else:
        table = RichGroup(*(_tall(name, row) for name, row in rows))
    return RichGroup(table, Text(), *legend(report))


def heading(report: PrintedReport) -> str:
    """What the rows are: the form's first columns, or which months."""
    return next((voice()(*words) for name, words in OF_TIME.items() if name in report.by), "1-2")


def _wide(first_column: str, rows: Sequence[tuple[str, Row]], room: int, gap: int) -> Table:
    table = plain_table(first_column, gap=gap)
    table.columns[0].width = room
    for number in OF_FORM:
        table.add_column(str(number), justify="right", no_wrap=True)
    for name, row in rows:
        figures = (voice().count(row[column.key]) for column in OF_FORM.values())
        table.add_row(name, *figures, style="bold" if row is rows[-1][1] else None)
    return table


def _tall(name: str, row: Row) -> Table:
    say = voice()
    table = plain_table(gap=GAP)
    table.title, table.title_justify = name, "left"
    for justify in ("left", "right", "left"):
        table.add_column(justify=justify)
    for number, column in OF_FORM.items():
        table.add_row(str(number), say.count(row[column.key]), meaning(column.key, say))
    return table


def meaning(key: str, say: Voice) -> str:
    """What a figure is, in lower case as a legend has it."""
    name = say.word(FIGURES, key)
    return name[0].lower() + name[1:]


def legend(report: PrintedReport) -> list[Text]:
    """What the columns mean, and how the figures are judged."""
    say = voice()
    meanings = "; ".join(f"{number} {meaning(column.key, say)}" for number, column in OF_FORM.items())
    notes = []
    if extra := report.total.get("resolved_no_deadline", 0):
        number = say.count(extra)
        notes.append(
            say(
                f"Cột 7 gồm cả {number} hồ sơ không quy định thời hạn ngoài các cột 8-10.",
                f"Column 7 holds {number} without a deadline besides 8-10.",
            )
        )
    if unknown := report.total.get("received_unknown", 0):
        number = say.count(unknown)
        notes.append(
            say(
                f"Cột 5 gồm cả {number} hồ sơ không rõ kênh tiếp nhận.",
                f"Column 5 holds {number} by a channel that nobody noted.",
            )
        )
    if not OF_TIME.keys().isdisjoint(report.by):
        notes.append(
            say(
                "Các cột 3, 6 và 11-13 không cộng dồn qua các kỳ: hồ sơ còn lại của kỳ này chuyển sang kỳ sau.",
                "Columns 3, 6 and 11-13 do not add up over periods: what is open at the end of one is carried over "
                "into the next.",
            )
        )
    columns = f"{say('Các cột', 'Columns')}: {meanings}. {' '.join(notes)}".rstrip()
    return [Text(columns, style="dim"), Text(_judged(report, say), style="dim")]


def _judged(report: PrintedReport, say: Voice) -> str:
    """By which rule, as of when, as known when, and for which units."""
    at, definition = say.minute(report.as_of), say.word(DEFINITIONS, report.definition)
    known = ""
    if report.known_at is not None:
        instant = say.second(report.known_at)
        known = say(f", theo dữ liệu đã ghi nhận đến {instant}", f", as known at {instant}")
    said = [
        say(
            f"Cách tính đúng hạn: {definition} ({report.definition}). Số liệu tính đến {at}{known}.",
            f"Timeliness is judged {definition} ({report.definition}), as of {at}{known}.",
        )
    ]
    if not has_ended(report.last, report.as_of):
        last = say.day(report.last)
        said.append(
            say(
                f"Kỳ báo cáo đến ngày {last} mới kết thúc: số liệu là của thời điểm trên.",
                f"The period ends later, on {last}: the figures are as of then, not of its end.",
            )
        )
    if report.organised == "now":
        said.append(
            say(
                "Hồ sơ của đơn vị đã chấm dứt được tính cho đơn vị tiếp nhận đến thời điểm đó.",
                "Dossiers of units that have ended are counted for those that have taken over by then.",
            )
        )
    return " ".join(said)


def paragraph(report: PrintedReport) -> str:
    """What was handled, how much online, how timely, what is open."""
    say = voice()
    return summary(report.total, when(report.first, report.last, report.period, say), "", say)


def refuse_unbegun(report: PrintedReport) -> None:
    """A period that begins after the day it is judged at has no figures: 0 of everything would be read as some."""
    if report.first > report.as_of.date():
        raise Failure(not_begun(report.first, report.as_of.date(), voice()))


def warn_of(report: PrintedReport, *, on_paper: bool) -> bool:
    """Say which identities are broken, below what people read and beside what programs read; whether all hold, those
    of a period beside too."""
    holds = _warn_of(report, on_paper=on_paper)
    return (report.beside is None or _warn_of(report.beside.report, on_paper=on_paper)) and holds


def _warn_of(report: PrintedReport, *, on_paper: bool) -> bool:
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
    they_do_not = voice()("Số liệu không khớp.", "These figures do not add up.")
    return [*sentences, f"{they_do_not} {mending()}"] if sentences else []


def mending() -> str:
    """What to do about figures that do not add up."""
    return voice()(
        "`motcua verify` nêu các hồ sơ sai, `motcua rebuild` tính lại từ nhật ký.",
        "`motcua verify` names the dossiers at fault, `motcua rebuild` counts them anew from the log.",
    )


def _broken_sentence(broken: BrokenIdentity, departments: Mapping[str, str]) -> str:
    say = voice()
    if broken.column:
        where = say(f"ở {broken.column}", f"for {broken.column}")
    elif broken.row is None:
        where = say("ở dòng tổng số", "in the total")
    else:
        name = row_name(broken.row, departments)
        where = say(f"ở dòng {name}", f"in the row {name}")
    number = say.count(abs(broken.difference))
    more = broken.difference > 0
    return say(
        f"{broken.name} không đúng {where}: vế trái {'lớn' if more else 'nhỏ'} hơn vế phải {number}.",
        f"{broken.name} does not hold {where}: the left side is {number} {'more' if more else 'less'} than the right.",
    )


def nothing_known(known_at: datetime | None, rows: Iterable[Row]) -> str | None:
    """That figures are 0 because nothing had been recorded; None when there are some, or when they are as known now."""
    if known_at is None or any(value for row in rows for value in row.values() if isinstance(value, int)):
        return None
    say = voice()
    at = say.second(known_at)
    return say(
        f"chưa ghi nhận gì của kỳ này vào {at}: sự kiện được biết từ khi ghi nhận, theo đồng hồ thật",
        f"nothing of this period was known at {at}: events are known from when they were recorded, by the real clock",
    )
