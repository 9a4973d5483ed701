"""The looks of a workbook's cells, each made once, and texts that stay texts."""

from dataclasses import dataclass, field
from typing import Any

from xlsxwriter.format import Format as CellFormat
from xlsxwriter.workbook import Workbook

FONT = "Times New Roman"
COUNT = "#,##0"
"""Grouped as the reader's settings say: 80.121 in Viet Nam."""
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
