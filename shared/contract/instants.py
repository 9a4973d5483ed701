"""Instants as they are written: fractions finer than a microsecond are cut, never rounded, before anything reads them.

A reader that rounds moves 23:59:59.9999999, as .NET writes the end of a day, into the next day, month and year.
"""

import re

INSTANT_FIELDS = ("time", "due_at", "promised_at", "occurred_at", "received_at", "old_value", "new_value")
_FINER = r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d\.\d{6})\d+([Zz]|[+-]\d\d:?\d\d)"
_TEXT = re.compile(_FINER, re.ASCII)
_IN_JSON = re.compile(rf'("(?:{"|".join(INSTANT_FIELDS)})"\s*:\s*"){_FINER}"'.encode())
may_be_finer = re.compile(rb"\.[0-9]{7}").search


def cut(text: str) -> str:
    """A written instant with at most six digits of a second; any other text as it is."""
    found = _TEXT.fullmatch(text)
    return text if found is None else found[1] + found[2]


def cut_in(event: bytes) -> bytes:
    """An event's JSON, its instants with at most six digits of a second. Its strings hold no escape for a plain character."""
    return _IN_JSON.sub(rb'\1\2\3"', event) if may_be_finer(event) else event
