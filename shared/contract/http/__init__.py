"""What is answered over HTTP, each message declared once: the service encodes it, API documents and clients follow."""

import inspect
from typing import Any

import msgspec

from shared.contract.http.attention import AttentionAnswer
from shared.contract.http.figures import ChangesAnswer, DefinitionsAnswer, DossierList, FiguresAnswer, FormAnswer
from shared.contract.http.rebuilds import CheckedLine, CheckProgressLine, InconsistencyLine, RebuildAnswer, SwapAnswer

REFERENCE = "#/components/schemas/{name}"
REPORTING: dict[str, type[msgspec.Struct]] = {
    "http.attention.v1": AttentionAnswer,
    "http.changes.v1": ChangesAnswer,
    "http.consistency-difference.v1": InconsistencyLine,
    "http.consistency-end.v1": CheckedLine,
    "http.consistency-progress.v1": CheckProgressLine,
    "http.definitions.v1": DefinitionsAnswer,
    "http.dossiers.v1": DossierList,
    "http.figures.v1": FiguresAnswer,
    "http.form.v1": FormAnswer,
    "http.rebuild.v1": RebuildAnswer,
    "http.swap.v1": SwapAnswer,
}
"""Reporting's answers by the names of their golden files (shared/contract/schemas)."""


def answered(message: type[msgspec.Struct]) -> dict[str, Any]:
    """How the API documents show a JSON answer: by the name of its message, which their components declare."""
    schema = {"$ref": REFERENCE.format(name=message.__name__)}
    return {"description": inspect.getdoc(message), "content": {"application/json": {"schema": schema}}}
