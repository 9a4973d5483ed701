"""Records that nobody of ours wrote, of every kind: from bytes that are no text to numbers that no database holds."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.faults.dossiers import now
from tests.faults.topics import EVENTS, STATUS, TICKS, Record

DEEP = 200_000
LARGE = 900_000
LONG_KEY = 300_000
BEYOND_64_BITS = 2**64 + 1
PLAIN: tuple[bytes | None, ...] = (
    None,
    b"",
    b"garbage",
    b"\xff\xfe\x00",
    b"{}",
    b"[]",
    b"null",
    b"0",
    b'"',
    b'{"a":' * 30,
    b"NaN",
    b"-1e999999",
)


def _deep(field: bytes) -> bytes:
    return b'{"%b":' % field + b"[" * DEEP + b"]" * DEEP + b"}"


def bytes_of_all_kinds(random: Random) -> list[bytes | None]:
    """What no topic of ours can mean, whatever its records are."""
    odd_text = b'{"code":"H59.15-260101-9500","subject":"\xc3\x28","x":"\xed\xa0\x80"}'
    noise = random.randbytes(2_000)
    return [
        *PLAIN,
        odd_text,
        noise,
        b"x" * LARGE,
        b'{"x":"' + b"y" * LARGE + b'"}',
        b"[" * DEEP,
        _deep(b"data"),
        _deep(b"x"),
        b'{"x":' * DEEP,
    ]


def events(random: Random) -> list[Record]:
    """Poison for the events: unreadable, unnumbered, unknown, out of the ranges that anything behind can hold."""
    recorded = now().isoformat()
    receipt = {"department": "H59.15", "procedure": "9.000635", "channel": "online"}
    serial = iter(range(random.randrange(1_000, 900_000) * 100, 10**9))

    def event(kind: str = "received", facts: Any = receipt, **envelope: Any) -> bytes:
        code = f"H59.15-260101-{next(serial)}"
        name = f"vn.motcua.dossier.{kind}.v1"
        own = {
            "specversion": "1.0",
            "id": f"poison/{code}",
            "source": "/poison",
            "type": name,
            "subject": code,
            "time": recorded,
        }
        return json.dumps(own | {"recordedtime": recorded, "sequence": 1, "data": facts} | envelope).encode()

    of_events = [
        event(sequence=7),
        event(sequence=None),
        event(recordedtime=None),
        event(sequence=0),
        event(sequence=-1),
        event(sequence=BEYOND_64_BITS),
        event(sequence=10**30),
        event(sequence="many"),
        event("nonsense"),
        event("resolved", {}),
        event("corrected", {"field": "colour", "old_value": None, "new_value": None}),
        event(facts={"department": 5}),
        event(facts=receipt | {"channel": "pigeon"}),
        event(facts=receipt | {"due_at": "9999-12-31T23:59:59-14:00"}),
        event(facts=receipt | {"due_at": "tomorrow"}),
        event(facts=receipt | {"term": {"amount": BEYOND_64_BITS, "unit": "working_days"}}),
        event(time="0001-01-01T00:00:00+14:00"),
        event(time="9999-12-31T23:59:59-14:00"),
        event(recordedtime="9999-12-31T23:59:59-14:00"),
        event(subject="no code\u0000at all"),
        event(subject=""),
        event(facts=receipt | {"department": "H59.15\u0000"}),
        event().replace(b'"/poison"', b'"\xc3\x28"'),
        event().replace(b'"data": {', b'"data": {"x": ' + b"[" * DEEP + b"]" * DEEP + b", "),
    ]
    return _placed(EVENTS, [*bytes_of_all_kinds(random), *of_events], random)


def ticks(random: Random) -> list[Record]:
    """Poison for the processor's own ticks."""
    of_ticks = [
        b'{"code":1}',
        b'{"code":"H59.15-260101-9501","threshold":"due_soon","due_at":"9999-12-31T23:59:59-14:00"}',
        b'{"code":"H59.15-260101-\xff\xff","threshold":"overdue","due_at":"2026-01-01T00:00:00+07:00"}',
        b'{"code":"a","threshold":7,"due_at":null}',
    ]
    return _placed(TICKS, [*bytes_of_all_kinds(random), *of_ticks], random)


def statuses(random: Random) -> list[Record]:
    """Poison for the status topic, which is the processor's own memory and what reporting counts from."""
    at = now().isoformat()
    serial = iter(range(random.randrange(1_000, 900_000) * 100, 10**9))

    def status(**facts: Any) -> bytes:
        about = {"department": "H59.15", "procedure": "9.000635", "channel": "online", "state": "received"}
        times = {"last_occurred_at": at, "recordedtime": at, "received_at": at}
        return json.dumps(
            {"code": f"H59.15-260101-{next(serial)}", "version": 4, "sequence": 1} | about | times | facts
        ).encode()

    of_statuses = [
        status(version=BEYOND_64_BITS),
        status(version=-1),
        status(sequence=BEYOND_64_BITS),
        status(sequence=2**63 - 1, version=2**63 - 1),
        status(state="nowhere"),
        status(received_at="9999-12-31T23:59:59-14:00"),
        status(due_original="9999-12-31T23:59:59-14:00"),
        status(deadlines=[{"at": at, "due_at": "9999-12-31T23:59:59-14:00"}]),
        status(recordedtime="0001-01-01T00:00:00+14:00"),
        status(state="resolved", closed_at="0001-01-01T00:00:00+14:00", closed_as="resolved"),
        status(state="resolved", closed_at=at),
        status(channel="pigeon"),
        status(department="H59\u0000.15"),
        status(code=""),
        status(alerted={"due_soon": "9999-12-31T23:59:59-14:00"}),
        status().replace(b'"code"', b'"x": ' + b"[" * DEEP + b"]" * DEEP + b', "code"'),
        status(officer="z" * LARGE, channel="pigeon"),
    ]
    return _placed(STATUS, [*bytes_of_all_kinds(random), *of_statuses], random)


def flood(topic: str, number: int, random: Random) -> list[Record]:
    """The same nonsense many times over."""
    return _placed(topic, [b"many"] * number, random)


def _placed(topic: str, values: list[bytes | None], random: Random) -> list[Record]:
    return [Record(topic, value, key, random.randrange(4)) for value, key in zip(values, _keys(random), strict=False)]


def _keys(random: Random) -> Iterator[bytes | None]:
    """Keys as odd as the values; a record without a key is not taken by a compacted topic, so every one has some."""
    while True:
        yield random.choice((b"k", b"\x00", b"\xff\xfe", b"H59.15-260101-0001", b"k" * 2_000))


def long_keys(topic: str) -> list[Record]:
    """Keys of several hundred kilobytes."""
    return [Record(topic, b"x", b"k" * LONG_KEY), Record(topic, b"{}", b"\xff" * LONG_KEY, 1)]
