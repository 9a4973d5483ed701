"""Typesetting by typst: a template and data give pages or a picture, in fonts of our own.

A process of its own does each job, some 0.1 s for twenty lines and 0.5 s for 190; it is waited for, in a thread.
"""

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from shared.papers.printable import printable_values

SETTING = Path(__file__).with_name("setting.py")
PICTURE = Path(__file__).with_name("picture.typ")
LETTER = Path(__file__).with_name("letter.typ")
"""A paper of one page: A5 where it fits, else A4."""
PIXELS_PER_INCH = 200
WITHIN_S = 60.0
_AT_ONCE = BoundedSemaphore(2)  # each takes up to 120 MB, and a core


_QUOTE = re.compile("[`\"'‘“]")


class NotTypeset(RuntimeError):
    """The library refused the template or what it was given, or took too long: a fault of ours.

    It says what is wrong and quotes nothing: a quotation may be a letter of somebody's name.
    """


def typeset(template: Path, values: dict[str, Any], made_at: datetime) -> bytes:
    """Pages (PDF) of a template and values, which it reads as data; the same ones are the same bytes.

    The template may import office.typ, the head of a document.
    """
    at = made_at.replace(microsecond=0).isoformat()
    values = printable_values(values)
    return _made(template, values, format="pdf", standards=["a-2a", "ua-1"], made_at=at)  # to be kept, and read aloud


def picture(svg: str) -> bytes:
    """A drawing as PNG, its texts in our fonts whatever the machine has."""
    return _made(PICTURE, {"svg": svg}, format="png", standards=[], made_at=None)


def _made(template: Path, values: dict[str, Any], **job: Any) -> bytes:
    asked = json.dumps({"template": str(template), "values": values, "ppi": PIXELS_PER_INCH, **job}).encode()
    with _AT_ONCE:
        try:
            done = subprocess.run(  # noqa: S603 - ours
                [sys.executable, "-P", str(SETTING)], input=asked, capture_output=True, timeout=WITHIN_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotTypeset(f"not done within {WITHIN_S:.0f} s") from None
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise NotTypeset(_QUOTE.split(last)[0].strip() or f"exit code {done.returncode}")
    return done.stdout
