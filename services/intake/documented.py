"""How the API documents show refusals: as the problem details they are."""

from typing import Any

from shared.problems import MEDIA_TYPE

SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong and what to do"},
        "code": {"type": "string", "description": "for machines, such as transition_not_allowed"},
    },
}
Documented = dict[int | str, dict[str, Any]]


def documented(descriptions: dict[int, str]) -> Documented:
    """The `responses` of a route, by status."""
    return {status: {"description": text, "content": {MEDIA_TYPE: {"schema": SCHEMA}}} for status, text in descriptions.items()}
