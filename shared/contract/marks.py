"""The Kafka headers of records: numbers by which a reader knows that it has skipped nothing.

An event carries its number: 1, 2, 3 ... among the log's events of its partition. It is a function of the log, so an
event that is sent again has the number it had. A status carries the mark of the ledger that wrote it. In a partition,
neither number ever jumps.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

NUMBER = "motcua-number"
ADDED = "motcua-added"
MORE = "motcua-more"
MARK = "motcua-ledger"
Headers = list[tuple[str, bytes]]  # aiokafka takes no other sequence
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]  # what JSON, SQLite and PostgreSQL all carry


class LedgerMark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one partition of the ledger stood for right after a status was decided.

    `events`: how many events it holds, the sum of its dossiers' sequences. `number`: the highest event number it has
    read. `quarantined`: numbered events that became dead letters, so that number = events + quarantined when nothing
    was skipped. `next_offset`: where, in the events' partition, whoever has this ledger goes on reading. `rules`: the
    RULES_VERSION it was derived by.
    """

    events: Count
    number: Count
    quarantined: Count
    next_offset: Count
    rules: Count


_encode = msgspec.json.Encoder().encode
_decode_mark = msgspec.json.Decoder(LedgerMark).decode


def number_header(number: int, added: str = "", *, more: bool = False) -> Headers:
    """The headers of an event record; `added` names the fields of its data that intake put in,
    for who gets it back from the topic.

    `more`: later events of the log follow at once, for the relay is behind:
    after a flood, or because it fills an emptied topic again.
    """
    headers: Headers = [(NUMBER, b"%d" % number)]
    if added:
        headers.append((ADDED, added.encode()))
    if more:
        headers.append((MORE, b"1"))
    return headers


def says_more(headers: Iterable[tuple[str, bytes]]) -> bool:
    """Whether later events follow at once."""
    return any(name == MORE for name, _ in headers)


def added_of(headers: Iterable[tuple[str, bytes]]) -> str:
    """The fields that intake put into an event's data, with commas between them."""
    return next((value.decode(errors="replace") for name, value in headers if name == ADDED), "")


def mark_header(mark: LedgerMark) -> Headers:
    """The headers of a status record."""
    return [(MARK, _encode(mark))]


def number_of(headers: Iterable[tuple[str, bytes]]) -> int | None:
    """The number of an event record; None when intake did not number it (another producer, an earlier version)."""
    for name, value in headers:
        if name == NUMBER and value and value.isdigit() and len(value) < 19:  # noqa: PLR2004 - what fits into 63 bits
            return int(value)
    return None


def number_that_fits(headers: Iterable[tuple[str, bytes]], offset: int) -> int | None:
    """The number of an event record at an offset with room for the events before it;
    another is not where the relay put it."""
    number = number_of(headers)
    return number if number is not None and number <= offset + 1 else None


def mark_of(headers: Iterable[tuple[str, bytes]]) -> LedgerMark | None:
    """The mark of a status record; None when it has none that can be read."""
    for name, value in headers:
        if name == MARK:
            try:
                return _decode_mark(value)
            except Exception:  # noqa: BLE001 - bytes alone decide this, and a header may have none
                return None
    return None
