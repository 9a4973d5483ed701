"""Progress bars on stderr, at most 80 columns wide."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from motcua.cli.console import err
from motcua.importer.tally import Tally
from motcua.report.numbers import count

BAR_COLUMNS = 24


def bar() -> Progress:
    """A bar with its description, share and elapsed time; what it ends with stays on the screen."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(BAR_COLUMNS),
        TaskProgressColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=err,
    )


@contextmanager
def import_bar(total_bytes: int) -> Iterator[Callable[[Tally], None]]:
    """Shows how much of the file is read, how many lines are settled, and how fast."""
    with bar() as progress:
        task = progress.add_task("import", total=total_bytes, detail="")

        def observe(tally: Tally) -> None:
            elapsed = progress.tasks[task].elapsed or 0
            speed = f" {count(int(tally.settled / elapsed))}/s" if elapsed > 0 else ""
            detail = tally.note or f"{count(tally.settled)} lines{speed}"
            done, total = (tally.settled, tally.sorted_lines) if tally.sorted_lines else (tally.read_bytes, total_bytes)
            progress.update(task, completed=done, total=total, detail=detail)

        try:
            yield observe
        except BaseException:
            progress.live.transient = True  # the command says how far it came
            raise


@contextmanager
def stage_bars() -> Iterator[Callable[[str, int, int], None]]:
    """One bar for each stage, in the order in which they report."""
    with bar() as progress:
        tasks: dict[str, int] = {}

        def observe(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, detail="")
            progress.update(progress.task_ids[tasks[stage]], completed=done, total=total, detail=count(done))

        yield observe
