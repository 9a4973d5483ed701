"""The looks of a workbook's cells, each made once, and texts that stay texts."""

import textwrap
from dataclasses import dataclass, field
from typing import Any

from xlsxwriter.format import Format as CellFormat
from xlsxwriter.workbook import Workbook

FONT = "Times New Roman"
COUNT, SIGNED = "#,##0", "+#,##0;-#,##0;0"
"""Grouped as the reader's settings say: 80.121 in Viet Nam."""
A4 = 9  # in the numbers of spreadsheets
TEXTS_STAY = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""Of a workbook: whatever is a text stays one, also where it begins as a formula does."""
LINE_HEIGHT = 16
LETTERS = 1.2  # of a text to one of a column's width, which is that of digits
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Looks:
    """The formats of one workbook."""

    book: Workbook
    made: dict[frozenset[tuple[str, Any]], CellFormat] = field(default_factory=dict)

    def of(self, **properties: Any) -> CellFormat:
        """A format of the house with these properties."""
        properties = {"font_name": FONT, "font_size": 12, "valign": "vcenter", **properties}
        key = frozenset(properties.items())
        if key not in self.made:
            self.made[key] = self.book.add_format(properties)
        return self.made[key]

    def of_text(self, text: str, **properties: Any) -> CellFormat:
        """A format for a text that somebody typed: one that begins as a formula does stays a text when it is edited."""
        return self.of(**properties, **({"quote_prefix": True} if text.startswith(_BEGINS_A_FORMULA) else {}))


def height_of(text: str, wide: int) -> int:
    """How high a row must be for a text that wraps in a column so wide: not every program finds out by itself."""
    return 2 + LINE_HEIGHT * max(1, len(textwrap.wrap(text, int(wide * LETTERS))))
