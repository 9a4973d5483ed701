"""What became of an import, as a small table."""

from rich.table import Table

from motcua.importer.tally import Tally
from motcua.report.numbers import count


def import_summary(tally: Tally) -> Table:
    """Accepted, duplicate, rejected, and their sum."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name, number in (("accepted", tally.accepted), ("duplicate", tally.duplicates), ("rejected", tally.rejected)):
        table.add_row(name, count(number))
    table.add_row("lines", count(tally.settled), style="bold")
    return table
