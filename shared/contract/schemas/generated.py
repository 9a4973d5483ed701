"""JSON Schemas as the code has them now; the golden files beside this module are what has been published."""

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from shared.contract.envelope import CloudEvent
from shared.contract.events import EVENT_DATA
from shared.contract.status import AlertV1, DeadLetterV1, StatusV1

Schema = dict[str, Any]

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"

PUBLISHED: dict[str, type[msgspec.Struct]] = {
    "envelope.v1": CloudEvent,
    "status.v1": StatusV1,
    "alert.v1": AlertV1,
    "dead-letter.v1": DeadLetterV1,
    **{f"dossier.{name}.v1": data for name, data in EVENT_DATA.items()},
}


def schemas() -> dict[str, Schema]:
    """Every published schema by its name (`dossier.received.v1`: the data of that event)."""
    return {name: {"$schema": DIALECT, "$id": f"urn:motcua:{name}"} | tidy(msgspec.json.schema(cls)) for name, cls in PUBLISHED.items()}


def read_golden(folder: Path = FOLDER) -> dict[str, Schema]:
    """The schemas that have been published."""
    return {path.name.removesuffix(".json"): json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def document_text(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def tidy(schema: Any) -> Any:
    """The same schema, its descriptions without the indentation of the code they come from."""
    match schema:
        case dict():
            return {
                key: inspect.cleandoc(value) if key == "description" and isinstance(value, str) else tidy(value)
                for key, value in schema.items()
            }
        case list() | tuple():
            return [tidy(each) for each in schema]
        case _:
            return schema
