"""What breaks a reader or a writer of the published version: a minor change only adds an optional field."""

from collections.abc import Iterator
from typing import Any

ANNOTATIONS = frozenset({"title", "description", "examples", "$schema", "$id"})


def breaks(published: dict[str, Any], changed: dict[str, Any]) -> list[str]:
    """Why `changed` is no minor change of `published`; empty when old and new understand each other both ways."""
    return list(_breaks(published, changed, "$"))


def _breaks(published: Any, changed: Any, path: str) -> Iterator[str]:
    if not isinstance(published, dict) or not isinstance(changed, dict):
        if published != changed:
            yield f"{path}: {published!r} became {changed!r}"
        return
    for word in sorted((published.keys() | changed.keys()) - ANNOTATIONS - {"properties", "required", "$defs"}):
        yield from _breaks(published.get(word), changed.get(word), f"{path}.{word}")
    yield from _properties(published.get("properties", {}), changed.get("properties", {}), path)
    yield from _required(published, changed, path)
    for name in published.get("$defs", {}).keys() & changed.get("$defs", {}).keys():
        yield from _breaks(published["$defs"][name], changed["$defs"][name], f"{path}.{name}")


def _properties(published: dict[str, Any], changed: dict[str, Any], path: str) -> Iterator[str]:
    for name, schema in published.items():
        if name not in changed:
            yield f"{path}.{name}: the field was removed; a reader may rely on it"
        else:
            yield from _breaks(schema, changed[name], f"{path}.{name}")


def _required(published: dict[str, Any], changed: dict[str, Any], path: str) -> Iterator[str]:
    before, after = set(published.get("required", ())), set(changed.get("required", ()))
    for name in sorted(after - before):
        yield f"{path}.{name}: the field became required; what was written before lacks it"
    for name in sorted(before - after):
        yield f"{path}.{name}: the field is no longer required; a reader may rely on it"
