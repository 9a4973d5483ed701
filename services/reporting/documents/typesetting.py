"""Typesetting by typst: a template of ours and data give pages or a picture, in fonts of our own."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import typst

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
"""Liberation Serif, set as Times New Roman is: a server has no fonts, and typst's own lack Vietnamese letters."""
PIXELS_PER_INCH = 200
_one_at_a_time = Lock()


def typeset(template: str, values: dict[str, Any], made_at: datetime | None = None) -> bytes:
    """Pages (PDF) of a template and values, which it reads as data; the same ones are the same bytes."""
    return _compiled(template, values, "pdf", ["a-2a", "ua-1"], made_at)  # can be kept for long, and read aloud


def picture(svg: str) -> bytes:
    """A drawing as PNG, its texts in our fonts whatever the machine has."""
    return _compiled("picture.typ", {"svg": svg}, "png")


def _compiled(
    template: str,
    values: dict[str, Any],
    format_: Literal["pdf", "png"],
    standards: list[Any] | None = None,
    made_at: datetime | None = None,
) -> bytes:
    given = json.dumps(values, ensure_ascii=False)
    with _one_at_a_time:
        made = _compiler().compile(
            (HERE / template).read_bytes(),
            format=format_,
            ppi=PIXELS_PER_INCH,
            sys_inputs={"values": given},
            pdf_standards=standards or [],
            timestamp=made_at,
        )
    assert isinstance(made, bytes)
    return made


@cache
def _compiler() -> typst.Compiler:
    """It keeps the fonts; a page takes some 20 ms. It serves one call at a time."""
    return typst.Compiler(font_paths=[str(FONTS)], ignore_system_fonts=True)
