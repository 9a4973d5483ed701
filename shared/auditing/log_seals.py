"""The log held against what the audit says was logged: each entry's digest over the events at its positions."""

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from shared.auditing.entries import EVENTS_SHA256, POSITIONS


@dataclass(slots=True)
class Seal:
    """What an entry says of the log, and the events seen of it so far."""

    number: int
    ranges: list[list[int]]
    sha256: str
    digest: Any = field(default_factory=hashlib.sha256)
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = sum(last - first + 1 for first, last in self.ranges)

    def has(self, position: int) -> bool:
        return any(first <= position <= last for first, last in self.ranges)

    @property
    def where(self) -> str:
        """`position 7`, `positions 7 to 9`: the outermost ones."""
        first, last = self.ranges[0][0], self.ranges[-1][1]
        return f"position {first}" if first == last else f"positions {first} to {last}"


class LogSeals:
    """Takes entries of the audit and events of the log, each in their order, and tells where the two disagree.

    Events that no entry seals yet wait for the entries that are read next.
    """

    def __init__(self) -> None:
        self.compared = 0
        self._waiting: list[tuple[int, int, Seal]] = []  # by the first position
        self._open: list[Seal] = []
        self._sealed_to = 0
        self._ahead: deque[tuple[int, bytes]] = deque()

    def add(self, entry: Mapping[str, Any]) -> None:
        """The next entry of the audit; one that seals nothing is left aside."""
        details = entry["details"]
        if not details.get(POSITIONS) or EVENTS_SHA256 not in details:
            return
        seal = Seal(entry["number"], details[POSITIONS], details[EVENTS_SHA256])
        heappush(self._waiting, (seal.ranges[0][0], seal.number, seal))
        self._sealed_to = max(self._sealed_to, seal.ranges[-1][1])

    def take(self, position: int, event: bytes) -> Iterator[str]:
        """The log's next event, byte for byte."""
        self._ahead.append((position, event))
        yield from self.settle()

    def settle(self) -> Iterator[str]:
        """Hold the events that wait against the entries there are by now."""
        while self._ahead and self._ahead[0][0] <= self._sealed_to:
            yield from self._take(*self._ahead.popleft())

    def finish(self) -> Iterator[str]:
        """What only the end of both tells: events that nobody put in by the rules, and entries without their events."""
        if self._ahead:
            first, last = self._ahead[0][0], self._ahead[-1][0]
            where = f"position {first}" if first == last else f"positions {first} to {last}"
            yield f"{where}: no entry of the audit has them"
        for seal in [*self._open, *(seal for _, _, seal in self._waiting)]:
            yield _lacking(seal)

    def _take(self, position: int, event: bytes) -> Iterator[str]:
        while self._waiting and self._waiting[0][0] <= position:
            self._open.append(heappop(self._waiting)[2])
        sealing = [seal for seal in self._open if seal.has(position)]
        if not sealing:
            yield f"position {position}: no entry of the audit has it"
        for seal in sealing:
            seal.digest.update(event + b"\n")
            seal.left -= 1
        for seal in [seal for seal in self._open if seal.left == 0 or seal.ranges[-1][1] <= position]:
            self._open.remove(seal)
            self.compared += 1
            if seal.left:
                yield _lacking(seal)
            elif seal.digest.hexdigest() != seal.sha256:
                yield f"{seal.where}: not what entry {seal.number} of the audit says was logged"


def _lacking(seal: Seal) -> str:
    missing = "1 event is" if seal.left == 1 else f"{seal.left} events are"
    return f"{seal.where}: {missing} not there that entry {seal.number} of the audit has"


def event_in(line: bytes) -> bytes:
    """The event of a line of `GET /v1/log`, byte for byte."""
    return line[line.index(b'"event":') + 8 : -1]
