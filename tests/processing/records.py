"""Event records as intake's relay writes them, built from short histories."""

from datetime import datetime
from typing import Any

import msgspec

from shared.contract.envelope import CloudEvent, encode, event_type
from tests.builders.times import at

ACCEPTED = at("2023-12-01 12:00")
ABOUT = {"department": "H59.15", "procedure": "2.000635", "channel": "online"}
CARRIED = {"submitted": ABOUT, "received": ABOUT | {"due_at": "2023-12-15T08:31:00+07:00"}}


def envelope(
    code: str, sequence: int, name: str, when: str, *, recordedtime: datetime = ACCEPTED, **data: Any
) -> CloudEvent:
    """An accepted event as it stands on the events topic."""
    return CloudEvent(
        specversion="1.0",
        id=f"{code}/{sequence}",
        source="/tests",
        type=event_type(name),
        subject=code,
        time=at(when),
        data=msgspec.Raw(encode(CARRIED.get(name, {}) | data)),
        sequence=sequence,
        recordedtime=recordedtime,
    )
