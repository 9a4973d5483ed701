"""The rows of reporting's answers about figures: mappings under the keys of the columns' table.

A share is a decimal in percent, as text, or null. Every row has every column; none is called required, so that one more
is a minor change.
"""

from typing import Annotated, Any

from msgspec import Meta

from shared.domain.columns import COLUMNS, SHARES


def _columns() -> dict[str, Any]:
    form = {column.key: f" (column {column.number} of form II.06a)" for column in COLUMNS if column.number is not None}
    return {
        column.key: {
            "type": "integer",
            "description": f"dossiers {column.meaning}{form.get(column.key, '')}",
            "examples": [12],
        }
        for column in COLUMNS
    }


def _shares() -> dict[str, Any]:
    return {
        share.key: {
            "anyOf": [{"type": "string", "format": "decimal"}, {"type": "null"}],
            "description": f"{share.meaning}, in percent; null where it is not applicable",
            "examples": [str(62 + 8 * share.quantum)],
        }
        for share in SHARES
    }


def _row(description: str, properties: dict[str, Any]) -> Meta:
    example = {name: each["examples"][0] for name, each in properties.items()}
    return Meta(description=description, examples=[example], extra_json_schema={"properties": properties})


_KEY = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
_KEY_MEANING = {
    "description": "its value by dimension; null for what is not in the catalogue",
    "examples": [{"department": "H59.15"}],
}
_LINE = {
    "number": {"type": "integer", "description": "column 1: the line's number, from 1", "examples": [1]},
    "code": {
        "type": ["string", "null"],
        "description": "the department's code, or the field's name",
        "examples": ["H59.15"],
    },
    "section": {
        "type": "string",
        "description": "the line's level, where sections were asked for",
        "examples": ["province"],
    },
    "name": {"type": "string", "description": "column 2: the line's name, in Vietnamese", "examples": ["Sở Tài chính"]},
}
Counts = Annotated[dict[str, int], _row("the count of every column, in dossiers", _columns())]
FigureRow = Annotated[dict[str, Any], _row("counts in dossiers, shares in percent", _columns() | _shares())]
KeyedRow = Annotated[
    dict[str, Any], _row("a row of the grouping", {"key": _KEY | _KEY_MEANING} | _columns() | _shares())
]
FormRow = Annotated[dict[str, Any], _row("a line of the form, with all figures", _LINE | _columns() | _shares())]
_KEYED = {"key": _KEY | _KEY_MEANING}
_MORE = (
    "by column how many more dossiers than in the other period, by share how many percentage points more (null where "
    "one of the two is not applicable)"
)
_IN_PERCENT = "by column the difference in percent of the other period, half-up to a tenth; null where that is 0"
_MORE_EXAMPLE = {"received_total": -3, "online_share": "1.2"}
_IN_PERCENT_EXAMPLE = {"received_total": "-2.5"}
DifferenceRow = Annotated[dict[str, int | str | None], Meta(description=_MORE, examples=[_MORE_EXAMPLE])]
PercentRow = Annotated[dict[str, str | None], Meta(description=_IN_PERCENT, examples=[_IN_PERCENT_EXAMPLE])]


def _named(description: str, name: dict[str, Any], example: dict[str, Any]) -> Meta:
    """A row under its key, or a line after what it is."""
    shown = {member: each["examples"][0] for member, each in name.items()} | example
    return Meta(description=description, examples=[shown], extra_json_schema={"properties": name})


KeyedDifferenceRow = Annotated[dict[str, Any], _named(f"a row: {_MORE}", _KEYED, _MORE_EXAMPLE)]
KeyedPercentRow = Annotated[dict[str, Any], _named(f"a row: {_IN_PERCENT}", _KEYED, _IN_PERCENT_EXAMPLE)]
FormDifferenceRow = Annotated[dict[str, Any], _named(f"a line: {_MORE}", _LINE, _MORE_EXAMPLE)]
FormPercentRow = Annotated[dict[str, Any], _named(f"a line: {_IN_PERCENT}", _LINE, _IN_PERCENT_EXAMPLE)]
