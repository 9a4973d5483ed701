"""How commands write: results on stdout within 80 columns, everything about them on stderr.

Numbers stand as Vietnamese readers expect them. Rich is imported when something is written, so that `motcua --help`
answers at once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from textwrap import fill
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress
    from rich.table import Table

    from motcua.importer.connection import ImportProgress

COLUMNS = 80
BAR_COLUMNS = 24
SHARE = "\u00a0%"  # a share is not broken before its %
NOT_APPLICABLE = "–"


def count(number: int) -> str:
    """80121 as 80.121."""
    return f"{number:,}".replace(",", ".")


def percent(share: str | None) -> str:
    """A decimal string like 62.8 as 62,8 %; a share of nothing is not applicable, never 0 %."""
    return NOT_APPLICABLE if share is None else f"{share.replace('.', ',')} %"


def dossiers(number: int) -> str:
    """`1 dossier`, `2 dossiers`."""
    return f"{count(number)} dossier{'' if number == 1 else 's'}"


def minute(instant: datetime | None, form: str = "%d/%m/%Y %H:%M") -> str:
    """The local time of an instant, to the minute."""
    from shared.domain.localtime import local

    return NOT_APPLICABLE if instant is None else local(instant).strftime(form)


def wrapped(text: str, indent: int = 2, columns: int = COLUMNS) -> str:
    """Lines of 80 columns at most (or of `columns`), the second and the following ones indented.

    They are broken between words only: a code, an address or a share stays in one piece.
    """
    lines = fill(
        text.replace(" %", SHARE),
        columns,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace(SHARE, " %")


@cache
def out() -> "Console":
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


@cache
def err() -> "Console":
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def width() -> int:
    """That of the terminal or of a page, whichever is narrower."""
    return min(out().width, COLUMNS)


def write(what: "RenderableType", style: str | None = None) -> None:
    """Print within the width of a terminal or of a page."""
    if isinstance(what, str):
        what = "\n".join(wrapped(line, 0, width()) for line in what.split("\n"))
    out().print(what, width=width(), markup=False, style=style)


def write_line(line: str) -> None:
    """Print a sentence of any length in 80 columns, whatever the width of the terminal."""
    out().print(wrapped(line), soft_wrap=True, markup=False)


def warn(sentence: str) -> None:
    """A sentence beside the figures."""
    print(wrapped(f"motcua: {sentence}"), file=sys.stderr)


def plain_table(*headings: str, gap: int = 2) -> "Table":
    """A table without lines; its columns are as wide as what stands in them."""
    from rich.table import Table

    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold", show_header=bool(headings))
    for heading in headings:
        table.add_column(heading)
    return table


def _bar() -> "Progress":
    """A bar on stderr with its description, share and elapsed time; what it ends with stays on the screen."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(BAR_COLUMNS),
        TaskProgressColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=err(),
    )


@contextmanager
def import_bar(total_bytes: int) -> "Iterator[Callable[[ImportProgress], None]]":
    """Shows how much of the file is read, how many lines are settled, and how fast."""
    with _bar() as bar:
        task = bar.add_task("import", total=total_bytes, detail="")

        def observe(progress: "ImportProgress") -> None:
            elapsed = bar.tasks[task].elapsed or 0
            speed = f" {count(int(progress.settled / elapsed))}/s" if elapsed > 0 else ""
            detail = progress.note or f"{count(progress.settled)} lines{speed}"
            done, total = progress.read_bytes, total_bytes
            if progress.sorted_lines:
                done, total = progress.settled, progress.sorted_lines
            bar.update(task, completed=done, total=total, detail=detail)

        try:
            yield observe
        except BaseException:
            bar.live.transient = True  # the command says how far it came
            raise


@contextmanager
def stage_bars() -> Iterator[Callable[[str, int, int], None]]:
    """One bar for each stage, in the order in which they report."""
    with _bar() as bar:
        tasks: dict[str, int] = {}

        def observe(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, detail="")
            bar.update(bar.task_ids[tasks[stage]], completed=done, total=total, detail=count(done))

        yield observe
