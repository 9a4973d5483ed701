"""Which row of an answer a dossier is counted in, and how rows are named, for every grouping that is asked about."""

from collections.abc import Mapping
from typing import Any

import httpx
from msgspec import Struct

from motcua.client import told_plainly
from motcua.report.figures import PATH
from motcua.verify.counting import RowOf
from motcua.verify.remote import decoded
from shared.domain.dossier import Dossier

Grouping = tuple[str, ...]
DEPARTMENT: Grouping = ("department",)
PROCEDURE: Grouping = ("procedure",)
CHANNEL_AND_FIELD: Grouping = ("channel", "field")
UNKNOWN = "none"  # the field of a procedure that is not in the office's catalogue
Fields = Mapping[str, str | None]


class Keyed(Struct):
    """A row of `GET /v1/figures`, of which only the key is read."""

    key: dict[str, str | None]


class Rows(Struct):
    """`GET /v1/figures`, of which only the keys of the rows are read."""

    rows: list[Keyed]


def fields_of_procedures(reporting: httpx.Client, period: Mapping[str, str]) -> Fields:
    """The field of every procedure that has figures in the period, by the office's catalogue: reporting has it, the log has not."""
    with told_plainly("reporting", str(reporting.base_url)):
        response = reporting.get(PATH, params={**period, "by": "field,procedure", "tokens": "none"})
        response.raise_for_status()
    return {str(row.key["procedure"]): row.key["field"] for row in decoded(response.content, Rows, "reporting").rows}


def name_of(key: Mapping[str, Any], by: Grouping) -> str:
    """The name of the row with this key."""
    return ", ".join(UNKNOWN if key[dimension] is None else str(key[dimension]) for dimension in by)


def row_of(by: Grouping, fields: Fields) -> RowOf:
    """The name of the row that counts a dossier."""

    def name(dossier: Dossier) -> str:
        field = fields.get(dossier.procedure) if "field" in by else None
        key = {"department": dossier.department, "procedure": dossier.procedure, "channel": dossier.channel.value, "field": field}
        return name_of(key, by)

    return (lambda dossier: dossier.department) if by == DEPARTMENT else name
