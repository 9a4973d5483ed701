"""What is answered over HTTP, each message declared once: the service encodes it, its API documents and clients follow from it.

An answer's golden file (`<name>.json`) is what has been published; tests hold the two together.
"""

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from shared.contract.http.attention import AttentionAnswer
from shared.contract.http.figures import ChangesAnswer, DefinitionsAnswer, DossierList, FiguresAnswer, FormAnswer
from shared.contract.http.rebuilds import CheckedLine, CheckProgressLine, InconsistencyLine, RebuildAnswer, SwapAnswer

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REF = "#/components/schemas/{name}"
Message = type[msgspec.Struct]

REPORTING: dict[str, Message] = {
    "attention": AttentionAnswer,
    "changes": ChangesAnswer,
    "consistency.difference": InconsistencyLine,
    "consistency.end": CheckedLine,
    "consistency.progress": CheckProgressLine,
    "definitions": DefinitionsAnswer,
    "dossiers": DossierList,
    "figures": FiguresAnswer,
    "form": FormAnswer,
    "rebuild": RebuildAnswer,
    "swap": SwapAnswer,
}


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every message by its name."""
    return {
        name: {"$schema": DIALECT, "$id": f"urn:motcua:http:{name}"} | _tidy(msgspec.json.schema(message))
        for name, message in REPORTING.items()
    }


def answered(message: Message) -> dict[str, Any]:
    """How the API documents show a JSON answer: by the name of its message, which `components` declares."""
    schema = {"$ref": REF.format(name=message.__name__)}
    return {"description": inspect.getdoc(message), "content": {"application/json": {"schema": schema}}}


def components(messages: Iterable[Message]) -> dict[str, Any]:
    """The schemas of messages and of what they hold, by name, as API documents declare them."""
    _, declared = msgspec.json.schema_components(messages, ref_template=REF)
    return {name: _tidy(schema) for name, schema in sorted(declared.items())}


def _tidy(schema: Any) -> Any:
    """The schema, its descriptions without the indentation of the code they come from."""
    if isinstance(schema, dict):
        return {
            key: inspect.cleandoc(value) if key == "description" and isinstance(value, str) else _tidy(value)
            for key, value in schema.items()
        }
    return [_tidy(each) for each in schema] if isinstance(schema, list | tuple) else schema
