"""JSON Schemas as the code has them now; the golden files beside this module are what has been published."""

import inspect
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from shared.contract.envelope import CloudEvent
from shared.contract.status import AlertV1, DeadLetterV1, StatusV1
from shared.domain.dossier import DeadlineChange, Suspension
from shared.domain.events import EVENT_TYPES
from shared.domain.hops import Hop
from shared.domain.lifecycle import State

Schema = dict[str, Any]

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{name}"

PUBLISHED: dict[str, type[msgspec.Struct]] = {
    "envelope.v1": CloudEvent,
    "status.v1": StatusV1,
    "alert.v1": AlertV1,
    "dead-letter.v1": DeadLetterV1,
    **{f"dossier.{name}.v1": event for name, event in EVENT_TYPES.items()},
}
NAMES_IN_VERSION_1 = {Suspension.__name__: "SuspensionV1", DeadlineChange.__name__: "DeadlineV1", Hop.__name__: "HopV1"}


def schemas() -> dict[str, Schema]:
    """Every published schema by its name (`dossier.received.v1`: the data of that event)."""
    return {name: {"$schema": DIALECT, "$id": f"urn:motcua:{name}"} | schema_of(cls) for name, cls in PUBLISHED.items()}


def schema_of(cls: type[msgspec.Struct]) -> Schema:
    """The schema of one type, complete in itself."""
    return {"$ref": REFERENCE.format(name=cls.__name__), "$defs": components([cls], REFERENCE)}


def components(types: Iterable[type[msgspec.Struct]], reference: str) -> dict[str, Schema]:
    """The schemas of types and of what they hold, by name; `reference` is how one names another, such as `#/$defs/{name}`.

    The words of an enumeration stand where they are used. A state is any text to a reader: later versions may have more of them.
    """
    _, definitions = msgspec.json.schema_components(types, ref_template=reference)
    instead: dict[str, Schema] = {}
    for name, definition in definitions.items():
        if "enum" in definition:
            words = {"type": "string"} if name == State.__name__ else {"enum": definition["enum"]}
        else:
            words = {"$ref": reference.format(name=NAMES_IN_VERSION_1.get(name, name))}
        instead[reference.format(name=name)] = words
    found = {NAMES_IN_VERSION_1.get(name, name): definition for name, definition in definitions.items() if "enum" not in definition}
    return {name: _tidy(definition | {"title": name}, instead) for name, definition in found.items()}


def read_golden(folder: Path = FOLDER) -> dict[str, Schema]:
    """The schemas that have been published."""
    return {path.name.removesuffix(".json"): json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def document_text(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _tidy(schema: Any, instead: dict[str, Schema]) -> Any:
    """The same schema, its descriptions without the indentation of the code they come from, other words in place of some references."""
    match schema:
        case dict():
            tidied: Schema = {}
            for key, value in schema.items():
                if key == "$ref":
                    tidied |= instead[value]
                else:
                    tidied[key] = inspect.cleandoc(value) if key == "description" and isinstance(value, str) else _tidy(value, instead)
            return tidied
        case list() | tuple():
            return [_tidy(each, instead) for each in schema]
        case _:
            return schema
