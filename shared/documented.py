"""How the API documents show refusals: as the problem details they are."""

from typing import Any

from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST

from shared.problems import MEDIA_TYPE

SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "field"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong and what to do"},
        "code": {"type": "string", "description": "for machines, such as transition_not_allowed"},
        "field": {"type": ["string", "null"], "description": "the field at fault, such as data.due_at; null when none is"},
        "allowed": {"type": "array", "items": {"type": "string"}, "description": "of transition_not_allowed: the events allowed now"},
    },
}
Documented = dict[int | str, dict[str, Any]]


def documented(descriptions: dict[int, str]) -> Documented:
    """The `responses` of a route, by status."""
    return {status: {"description": text, "content": {MEDIA_TYPE: {"schema": SCHEMA}}} for status, text in descriptions.items()}


KEYLESS = documented({401: "no key, or another one"})
OPENMETRICS: Documented = {200: {"description": "the metrics", "content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}}
