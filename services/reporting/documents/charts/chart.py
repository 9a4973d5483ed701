"""A chart as a value: its Vega-Lite specification, and the same numbers as a table for those who can't see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel.numbers import get_decimal_symbol, get_group_symbol

from shared.language.languages import Language

Spec = dict[str, Any]
Links = Mapping[tuple[int | None, str], str]
"""The place of a row (None: the total) and a column -> the path that opens the number."""

SITE = "https://motcua.invalid"
"""What a link of a specification begins with: the renderer takes relative ones for its own examples'."""

# Apart in grey too, and for the colour-blind: light to dark, and never red beside green.
DARK, LIGHT, STRONG, PALE = "#1f5f8b", "#a9cbe3", "#b8431a", "#c9c9c9"
FONT = "Noto Sans, DejaVu Sans, Arial, sans-serif"  # the renderer's own Liberation Sans lacks Vietnamese letters
WIDTH, BAR = 400, 18
AXIS = {"format": ",d", "tickCount": 5, "tickMinStep": 1}
"""The axis of a number of dossiers."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a chart's table as ready text, with the path that opens it."""

    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A line of a chart's table: its name and its numbers."""

    name: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and its table; `header` names the first column, then each column of numbers."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[ChartRow, ...]
    spec: Spec


def specification(language: Language, values: Sequence[Mapping[str, Any]], **parts: Any) -> Spec:
    """A specification with its values inside and the house's look; its numbers read as the language writes them."""
    number = {
        "decimal": get_decimal_symbol(language.value),
        "thousands": get_group_symbol(language.value),
        "grouping": [3],
        "currency": ["", ""],
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "data": {"values": list(values)},
        **parts,
        "config": {
            "locale": {"number": number},
            "font": FONT,
            "aria": False,
            "background": "#ffffff",
            "view": {"stroke": None},
            "axis": {
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "labelLimit": 260,
                "labelOverlap": True,
                "gridColor": "#e3e3e3",
                "domainColor": "#767676",
                "tickColor": "#767676",
                "labelColor": "#222222",
                "titleColor": "#222222",
            },
            "legend": {"orient": "top", "labelFontSize": 12, "title": None, "labelLimit": 300},
            "bar": {"stroke": "#ffffff", "strokeWidth": 0.5},
            "text": {"fontSize": 12, "color": "#222222"},
        },
    }


def in_page(link: str | None) -> str | None:
    """A path as a specification's link."""
    return None if link is None else SITE + link
