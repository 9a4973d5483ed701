"""Sentences of any length in 80 columns, broken between words only: a code or an address stays in one piece."""

from textwrap import fill

COLUMNS = 80


def wrapped(text: str, indent: int = 2) -> str:
    """The text in lines of 80 columns at most, the second and the following ones indented."""
    return fill(text, COLUMNS, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
