"""What reporting finds when it holds its read model against itself: wrong rows of dossiers and wrong sums, to the unit."""

from collections.abc import Callable, Iterator

import httpx
from msgspec import Struct

from motcua.failure import Failure
from motcua.verify.difference import Difference, of_dossier
from motcua.verify.drift import Drift
from motcua.verify.remote import decoded, snapshots

PATH = "/v1/consistency"
OF_SUM, OF_DOSSIER = "reporting", "reporting, beside its own snapshot:"
Progress = Callable[[int, int], None]  # how many rows have been looked at, of how many


class Line(Struct, omit_defaults=True):
    """A line of the answer: a difference (`about` a dossier's code or a sum), progress, or at the end how many differences there were."""

    about: str | Drift | None = None
    detail: str = ""
    looked_at: int = 0
    of: int = 0
    differences: int | None = None


def inconsistencies(reporting: httpx.Client, observe: Progress) -> Iterator[Difference]:
    """Every difference; Failure when the answer ends before the look did."""
    found, told = 0, None
    for text in snapshots("reporting", reporting, PATH):
        line = decoded(text, Line, "reporting")
        if isinstance(line.about, str):
            yield of_dossier(OF_DOSSIER, line.about, line.detail)
        elif line.about is not None:
            yield Difference(OF_SUM, str(line.about), line.detail)
        elif line.differences is None:
            observe(line.looked_at, line.of)
        found, told = found + (line.about is not None), line.differences
    if told != found:
        msg = "reporting broke off while it looked through its read model; see its log and try again"
        raise Failure(msg)
