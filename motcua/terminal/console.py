"""How commands write: results on stdout as wide as the terminal, everything about them on stderr in 80 columns.

Numbers and instants stand as readers of the language that is spoken expect them. Rich is imported when something is
written, so that `motcua --help` answers at once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from motcua import speech
from motcua.failure import Failure

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress
    from rich.table import Table

    from motcua.importer.connection import ImportProgress
    from motcua.report import FormFile

COLUMNS = 80
BAR_COLUMNS = 24
NOT_APPLICABLE = "–"


def count(number: int) -> str:
    """80,121, or 80.121 in Vietnamese."""
    return speech.voice().count(number)


def dossiers(number: int) -> str:
    """`1 dossier`, `2 dossiers`."""
    return speech.voice().dossiers(number)


def minute(instant: datetime | None) -> str:
    """The local time of an instant, to the minute, as it stands in tables."""
    return speech.voice().short_minute(instant)


def wrapped(text: str, indent: int = 2, columns: int = COLUMNS) -> str:
    """Lines of 80 columns at most (or of `columns`), the second and the following ones indented.

    They are broken between words only: a code or an address stays in one piece.
    """
    return fill(text, columns, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


@cache
def out() -> "Console":
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


@cache
def err() -> "Console":
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def width() -> int:
    """That of the terminal; of a page where there is none."""
    return out().width


def write(what: "RenderableType", style: str | None = None) -> None:
    """Print within the width of the terminal."""
    if isinstance(what, str):
        what = "\n".join(wrapped(line, 0, width()) for line in what.split("\n"))
    out().print(what, width=width(), markup=False, style=style)


def write_line(line: str) -> None:
    """Print a sentence of any length in 80 columns, whatever the width of the terminal."""
    out().print(wrapped(line), soft_wrap=True, markup=False)


def put(content: bytes, output: Path | None) -> None:
    """Bytes into the file, whole or not at all, or to stdout as they are."""
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    from motcua.files import writing

    with writing(output) as file:
        file.write(content)


def deliver(file: "FormFile", shape: str, output: Path | None) -> None:
    """A form's file where it is wanted; one that is no text is not poured into a terminal."""
    if not file.is_text and output is None and sys.stdout.isatty():
        raise Failure(
            speech.voice()(
                f"{shape} không phải văn bản để xem trên màn hình; hãy ghi vào tệp bằng --output",
                f"{shape} is no text for a terminal; name a file with --output",
            )
        )
    put(file.content, output)


def warn(sentence: str) -> None:
    """A sentence beside the figures."""
    print(wrapped(f"motcua: {sentence}"), file=sys.stderr)


def plain_table(*headings: str, gap: int = 2) -> "Table":
    """A table without lines; its columns are as wide as what stands in them. On a narrow terminal a word goes on in the
    next line, and nothing is cut off."""
    from rich.table import Table

    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold", show_header=bool(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold")
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
