"""What is to be said about figures: which identity they break, and that nothing of them was known yet."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from motcua.report.figures import Broken, Report, Row
from motcua.report.names import row_name
from motcua.report.numbers import count

MENDING = "`motcua verify` names the dossiers at fault, `motcua rebuild` counts them anew from the log."


def broken_identities(report: Report, departments: Mapping[str, str]) -> list[str]:
    """A sentence for each broken identity, and what to do about them; nothing when all hold."""
    found = [_sentence(broken, departments) for broken in report.broken]
    return [*found, f"These figures do not add up. {MENDING}"] if found else []


def _sentence(broken: Broken, departments: Mapping[str, str]) -> str:
    row = "in the total" if broken.row is None else f"in the row {row_name(broken.row, departments)}"
    where = f"for {broken.column}" if broken.column else row
    more = "more" if broken.difference > 0 else "less"
    return f"{broken.name} does not hold {where}: the left side is {count(abs(broken.difference))} {more} than the right."


def nothing_known(known_at: datetime | None, rows: Iterable[Row]) -> str | None:
    """That figures are 0 because nothing had been recorded; None when there are some, or when they are as known now."""
    if known_at is None or any(value for row in rows for value in row.values() if isinstance(value, int)):
        return None
    return f"nothing of this period was known at {instant(known_at)}: events are known from when they were recorded, by the real clock"


def instant(when: datetime) -> str:
    """An instant as precisely as one asks for it, like 01/02/2024 08:00:00."""
    return f"{when:%d/%m/%Y %H:%M:%S}"
