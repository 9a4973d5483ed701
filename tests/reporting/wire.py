"""Domain events as they travel, for the recount."""

from typing import Any

import msgspec

from shared.contract.envelope import event_type
from tests.builders.events import Dated


def travelling(code: str, event: Dated) -> dict[str, Any]:
    """The CloudEvent of a domain event, as a dict."""
    data = msgspec.to_builtins(event.event)
    return {"subject": code, "type": event_type(event.kind.value), "time": event.occurred_at.isoformat(), "data": data}
