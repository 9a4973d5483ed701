"""Sentences of any length in 80 columns, broken between words only: a code, an address or a share stays in one piece."""

from textwrap import fill

COLUMNS = 80
KEPT = "\u00a0%"  # a share is not broken before its %


def wrapped(text: str, indent: int = 2, columns: int = COLUMNS) -> str:
    """The text in lines of 80 columns at most (or of `columns`), the second and the following ones indented."""
    lines = fill(text.replace(" %", KEPT), columns, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
    return lines.replace(KEPT, " %")
