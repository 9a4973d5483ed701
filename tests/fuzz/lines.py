"""Bad lines, each between two good ones: whatever the bad one is, its neighbours are taken, and the reader of events
says what is wrong and raises nothing else."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from random import Random
from typing import Any

import httpx

from services.intake.accepting.parsing import parse
from shared.domain.errors import Refusal
from tests.builders.wire import FULL_DATA
from tests.fuzz.tally import Tally
from tests.support.service import HEADERS

FIRST, LAST_SERIAL = date(2020, 1, 1), 4999  # good lines have serials up to here, bad ones those above
TRIPLES = 40
NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 1e308, "", " ", "\0", "\u202e", "\ud800", "😀" * 3000, "../..", "<script>", "{{7*7}}",
    "%s%n", "'; --", [], {}, [[]], {"": {}}, "2999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00",
    "H59.15-000000-0000", "vn.motcua.dossier.received.v1",
)  # fmt: skip


def _event(kind: str, code: str, number: int, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{code}-{kind}-{number}",
        "source": "/fuzz",
        "type": f"vn.motcua.dossier.{kind}.v1",
        "subject": code,
        "time": "2026-11-25T08:00:00+07:00",
        "data": data,
    }


def good(number: int) -> bytes:
    """A dossier of its own."""
    day = FIRST + timedelta(days=number // LAST_SERIAL)
    code = f"H59.15-{day:%y%m%d}-{number % LAST_SERIAL + 1:04d}"
    data = {"department": "H59.15", "procedure": "2.000635", "channel": "in_person"}
    return json.dumps(_event("received", code, number, data)).encode()


def bad(random: Random) -> bytes:
    """An event of any kind with something wrong in it, mostly; never a line break, which would make two lines of it."""
    kind, full = random.choice(list(FULL_DATA.items()))
    event = _event(
        kind.value, f"H59.15-261125-{random.randint(LAST_SERIAL + 1, 9999)}", random.getrandbits(60), dict(full)
    )
    for _ in range(random.randint(1, 3)):
        _spoil(event, random)
    line = json.dumps(event, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    return random.choice(_BYTES)(line, random).replace(b"\n", b" ").replace(b"\r", b" ")


def _spoil(event: dict[str, Any], random: Random) -> None:
    place = random.choice([event, event["data"]]) if isinstance(event.get("data"), dict) else event
    name = random.choice([*place, "unknown", "", "__proto__"])
    if random.random() < 0.2:
        place.pop(name, None)
    else:
        place[name] = deepcopy(random.choice(NASTY))


def _cut(line: bytes, random: Random) -> bytes:
    return line[: random.randrange(len(line))]


def _flipped(line: bytes, random: Random) -> bytes:
    spoilt = bytearray(line)
    for _ in range(random.randint(1, 4)):
        spoilt[random.randrange(len(spoilt))] = random.randrange(256)
    return bytes(spoilt)


def _nested(line: bytes, random: Random) -> bytes:
    depth = random.choice([50, 300, 5000])
    return line[:-1] + b',"x":' + b"[" * depth + b"]" * random.choice([depth, depth - 1]) + b"}"


def _twice(line: bytes, random: Random) -> bytes:
    return random.choice([line + line, line[:-1] + b',"id":"again"}', b"[" + line + b"]", b"\xef\xbb\xbf" + line])


_BYTES: tuple[Callable[[bytes, Random], bytes], ...] = (lambda line, _: line, _cut, _flipped, _nested, _twice)


def lines(url: str, calls: int, number: int) -> Tally:
    """So many bulk calls of bad lines between good ones."""
    tally, random = Tally("bulk: bad lines between two good ones"), Random(number)
    with httpx.Client(base_url=url, headers={**HEADERS, "Content-Type": "application/x-ndjson"}, timeout=120) as client:
        for call in range(calls):
            first = (number * 1_000 + call) * 2 * TRIPLES
            body = [
                line
                for place in range(first, first + 2 * TRIPLES, 2)
                for line in (good(place), bad(random) or b"?", good(place + 1))
            ]
            answer = client.post("/v1/events", content=b"\n".join(body))
            tally.tried += TRIPLES
            if answer.status_code != httpx.codes.OK:
                tally.faults.append(f"bulk call {number}.{call}: {answer.status_code} {answer.text[:200]}")
                continue
            refused = {one["line"]: one["detail"] for one in answer.json()["rejections"]}
            tally.lost += [
                f"bulk call {number}.{call}, line {at}: {detail}" for at, detail in refused.items() if at % 3 != 2
            ]
    return tally


def events(attempts: int, number: int) -> Tally:
    """So many bad lines given to the reader of events."""
    tally, random = Tally("the reader of events"), Random(number)
    for _ in range(attempts):
        line = bad(random)
        tally.tried += 1
        try:
            parse(line, b"a key for pseudonyms")
        except Refusal:
            continue
        except Exception as unforeseen:  # noqa: BLE001 - that is what is looked for
            tally.faults.append(f"{unforeseen!r} of {line[:200]!r}")
    return tally
