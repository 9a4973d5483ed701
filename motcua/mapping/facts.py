"""What rows and snapshots say happened: facts with ids of their own making, in an order that the lifecycle allows."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from shared.contract.accepted import ACCEPTED, FILLED_IN
from shared.contract.envelope import JSON, SPEC_VERSION, event_type
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.events import Event
from shared.domain.lifecycle import place_at_one_instant
from shared.domain.localtime import LOCAL
from shared.domain.transitions import apply

ASSIGNED = "assigned"
CLOSING = frozenset({"declined", "withdrawn", "stopped", "transferred", "resolved", "returned"})
ONCE = CLOSING | {"submitted", "received", "voided"}
PAUSING = frozenset(
    {
        "supplement_requested",
        "supplemented",
        "supplement_lapsed",
        "payment_requested",
        "payment_settled",
        "suspended",
        "resumed",
    }
)
FUTURE_ALLOWED = timedelta(minutes=5)
encode = msgspec.json.Encoder().encode


class UnusableRow(Exception):
    """A row that can't be sent: which column is at fault, what is wrong with it, and the fix."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(f"{column}: {what}" if column else what)


class Fact(Struct, frozen=True, gc=False):
    """Something that happened to a dossier; `key` tells it from all else that happened, whenever it is told again.

    `number` is the row that says it, `column` where its date stands.
    """

    event: str
    at: datetime
    data: dict[str, Any]
    key: str
    number: int
    column: str = ""

    @property
    def place(self) -> int:
        """Its place among what happened to the dossier at the same instant."""
        return place_at_one_instant(self.event)


def fact(event: str, at: datetime, data: dict[str, Any], number: int, column: str) -> Fact:
    """A fact whose key is its event, where that happens once; else also its instant and, but for pauses, its data.

    The deadline of a step is no part of the key: told with another one, it is the same step.
    """
    key = event
    if event not in ONCE:
        key += f"@{at.astimezone(LOCAL):%Y-%m-%dT%H:%M:%S}"
        telling = {name: value for name, value in data.items() if (event, name) != (ASSIGNED, "due_at")}
        if event not in PAUSING and telling:
            key += "~" + hashlib.blake2b(encode(telling), digest_size=5).hexdigest()
    return Fact(event, at, data, key, number, column)


def cloud_event(source: str, code: str, told: Fact) -> bytes:
    """The fact as a line of NDJSON; told again it has the same id."""
    return (
        encode(
            {
                "specversion": SPEC_VERSION,
                "id": f"{source}/{code}/{told.key}",
                "source": source,
                "type": event_type(told.event),
                "subject": code,
                "time": told.at,
                "datacontenttype": JSON,
                "data": told.data,
            }
        )
        + b"\n"
    )


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """By time; of one instant in the lifecycle's order, else as they were given."""
    return sorted(facts, key=lambda told: (told.at, told.place))


def follow(code: str, facts: Iterable[Fact]) -> Iterator[tuple[Fact, Refusal | None, Dossier | None]]:
    """Each fact of a dossier's life with what the rules say against it, and the dossier before it.

    Of one instant, those that can't come first are tried again after the others: papers that are asked for and come at
    midnight, as dates alone have it, are told in any order.
    """
    dossier: Dossier | None = None
    for same_instant in _by_instant(in_order(facts)):
        waiting = same_instant
        while waiting:
            left = []
            for told in waiting:
                before, refusal = dossier, None
                try:
                    dossier = apply(dossier, code, _event(told), told.at)
                except Refusal as refused:
                    refusal = refused
                if refusal is None:
                    yield told, None, before
                else:
                    left.append((told, refusal))
            if len(left) == len(waiting):
                yield from ((told, refusal, dossier) for told, refusal in left)
                break
            waiting = [told for told, _ in left]


def _event(told: Fact) -> Event:
    """What the fact says as an event; a deadline that intake computes is any, for nothing is judged by it here."""
    filled_in = dict.fromkeys(FILLED_IN.get(told.event, ()), told.at)
    return msgspec.convert(filled_in | told.data, ACCEPTED[told.event])


def _by_instant(facts: list[Fact]) -> Iterator[list[Fact]]:
    group: list[Fact] = []
    for told in facts:
        if group and group[0].at != told.at:
            yield group
            group = []
        group.append(told)
    if group:
        yield group
