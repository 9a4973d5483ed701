"""What the services hold, read as streams: intake's log, the processor's ledger, reporting's dossiers."""

from collections.abc import Iterator
from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from motcua.client import told_plainly
from motcua.failure import Failure

LEDGER = "/v1/ledger"
DOSSIERS = "/v1/dossiers"
LOG = "/v1/log"
HEAD = "/v1/log/head"
PAGE_EVENTS = 10_000
READ_BYTES = 1 << 18
T = TypeVar("T")


class Head(Struct):
    """How far intake's log goes and how much of it is relayed to the broker."""

    position: int
    events: int
    relayed: int


class Progressed(Struct):
    """Of a snapshot, only how many events it has seen."""

    sequence: int


_decode_progressed = msgspec.json.Decoder(Progressed).decode


def head(intake: httpx.Client) -> Head:
    """Where intake's log stands now."""
    with told_plainly("intake", str(intake.base_url)):
        response = intake.get(HEAD)
        response.raise_for_status()
    return decoded(response.content, Head, "intake")


def log_page(intake: httpx.Client, after: int, limit: int = PAGE_EVENTS) -> list[bytes]:
    """The next lines of the log after a position; empty at its end."""
    with told_plainly("intake", str(intake.base_url)):
        response = intake.get(LOG, params={"after": after, "limit": limit})
        response.raise_for_status()
    return [line for line in response.content.split(b"\n") if line]


def snapshots(service: str, client: httpx.Client, path: str) -> Iterator[bytes]:
    """The lines of an NDJSON answer, as they arrive."""
    with told_plainly(service, str(client.base_url)), client.stream("GET", path) as response:
        if response.is_error:
            response.read()
        response.raise_for_status()
        rest = b""
        for part in response.iter_bytes(READ_BYTES):
            *lines, rest = (rest + part).split(b"\n")
            yield from (line for line in lines if line)
        if rest:
            yield rest


def events_seen(service: str, client: httpx.Client, path: str) -> int:
    """How many events the service has taken in: the sum of its dossiers' sequences, but for snapshots that can't be read."""
    return sum(_sequence(line) for line in snapshots(service, client, path))


def _sequence(line: bytes) -> int:
    try:
        return _decode_progressed(line).sequence
    except ValueError:  # not JSON, or not UTF-8
        return 0


def decoded(content: bytes, cls: type[T], service: str) -> T:
    """The answer as a value; Failure when it is not one."""
    try:
        return msgspec.json.decode(content, type=cls)
    except msgspec.DecodeError as error:
        msg = f"{service} does not answer as this version expects ({error})"
        raise Failure(msg) from error
