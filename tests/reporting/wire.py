"""Domain events as they travel, for the recount."""

from enum import Enum
from typing import Any

from shared.contract.envelope import event_type
from shared.domain.events import Corrected, Event
from shared.domain.terms import Term


def travelling(code: str, event: Event) -> dict[str, Any]:
    """The CloudEvent of a domain event, as a dict."""
    data = {name: _written(getattr(event, name)) for name in event.__struct_fields__ if name != "occurred_at"}
    if isinstance(event, Corrected):
        data = {"field": event.corrected_field.value, "old_value": event.old, "new_value": event.new}
    return {"subject": code, "type": event_type(event.kind.value), "time": event.occurred_at.isoformat(), "data": data}


def _written(value: Any) -> Any:
    if isinstance(value, Term):
        return {"amount": value.amount, "unit": value.unit.value}
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if hasattr(value, "isoformat") else value
