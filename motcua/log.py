"""Intake's log over HTTP, and how much of it the other services have taken in."""

import time
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from motcua.client import LONG, ServiceClient, Services, reading
from shared.contract.http.log import LogHead, Resent, RestoreAnswer
from shared.contract.http.rebuilds import ReadModelHead
from shared.service.pacing import Backoff

LEDGER = "/v1/ledger"
DOSSIERS = "/v1/dossiers"
PAGE_EVENTS = 10_000
LONGEST_PAUSE_SECONDS = 2.0
Observer = Callable[[str, int, int], None]  # what is being done, how much of it, of how much


class _Snapshot(Struct):
    """Of a dossier's snapshot, only how many events it has seen."""

    sequence: int


_decode_snapshot = msgspec.json.Decoder(_Snapshot).decode


def log_head(intake: ServiceClient) -> LogHead:
    """Where intake's log stands now."""
    return intake.answer(LogHead, "GET", "/v1/log/head")


def log_page(intake: ServiceClient, after: int, limit: int = PAGE_EVENTS) -> list[bytes]:
    """The next lines of the log after a position; empty at its end."""
    return [line for line in intake.get("/v1/log", {"after": after, "limit": limit}).content.split(b"\n") if line]


def resend(services: Services) -> int:
    """Have intake send its whole log into Kafka again; how many events those are."""
    with reading(services, "intake") as intake:
        return intake.answer(Resent, "POST", "/v1/log/resend", timeout=LONG).events


def restore(services: Services) -> int:
    """Have intake take back from Kafka what its log lost; how many events came back."""
    with reading(services, "intake") as intake:
        return intake.answer(RestoreAnswer, "POST", "/v1/log/restore", timeout=LONG).restored


def events_held(holders: Sequence[ServiceClient], path: str) -> int:
    """How many events a service's instances hold: the sum of the sequences in its readable snapshots."""
    return sum(_sequence(line) for holder in holders for line in holder.lines(path))


def _sequence(line: bytes) -> int:
    try:
        return _decode_snapshot(line).sequence
    except ValueError:  # not JSON, or not UTF-8
        return 0


def events_read(reporting: ServiceClient, refused: int = 0) -> int:
    """How many events of the log reporting has had its chance to count, whether its model still has them or not.

    `refused` of the log became dead letters; their place is in no status until another one follows them.
    """
    head = reporting.answer(ReadModelHead, "GET", f"{DOSSIERS}/head")
    return max((head.events or 0) + refused, head.log_events or 0)


def wait_until_seen(look: Callable[[], int], events: int, observe: Callable[[int], None], seconds: float) -> None:
    """Look, for so many seconds at most, until so many events have been taken in; `observe` hears how many were."""
    give_up_at = time.monotonic() + seconds
    backoff = Backoff(longest_s=LONGEST_PAUSE_SECONDS)
    while True:
        seen = look()
        observe(seen)
        left = give_up_at - time.monotonic()
        if seen >= events or left <= 0:
            return
        time.sleep(min(backoff.next_s(), left))
