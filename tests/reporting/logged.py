"""The same office twice: as lines of intake's log, and as the status records that the processor makes of them."""

from datetime import datetime
from random import Random

import msgspec

from services.reporting.rebuild.fold import read_lines
from shared.contract.http.log import LogLine
from tests.builders.events import Dated
from tests.builders.histories import office
from tests.builders.wire import travelling
from tests.reporting.delivery import Sent, statuses
from tests.reporting.recorded import Recorded, recorded


def an_office(seed: int, size: int = 40) -> Recorded:
    rng = Random(seed)
    return recorded(rng, office(rng, size, days=20))


def log_of(recorded_office: Recorded) -> tuple[list[LogLine], list[Sent]]:
    """Every event's line and its status record, in the order in which they were recorded."""
    found: list[tuple[datetime, bytes, Sent]] = []
    for code, history in recorded_office.office.items():
        for number, (event, record) in enumerate(
            zip(history, statuses(code, history, recorded_office.at[code]), strict=True)
        ):
            at = recorded_office.at[code][number]
            found.append((at, event_of(code, event, number + 1, at), record))
    found.sort(key=lambda one: one[0])
    return read_lines(body_of([event for _, event, _ in found]), 0), [record for _, _, record in found]


def event_of(code: str, event: Dated, sequence: int, recordedtime: datetime) -> bytes:
    """The event as intake's log holds it."""
    envelope = {"specversion": "1.0", "id": f"{code}/{sequence}", "source": "/tests"}
    return msgspec.json.encode(
        envelope | travelling(code, event) | {"sequence": sequence, "recordedtime": recordedtime}
    )


def body_of(events: list[bytes], after: int = 0) -> bytes:
    """The NDJSON of a part of the log."""
    return b"".join(
        b'{"position":%d,"event":%s}\n' % (position, event) for position, event in enumerate(events, after + 1)
    )
