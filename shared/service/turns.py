"""Sharing what there is little of: turns at work, taken in a fair order, and requests a second."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

MOST_REMEMBERED = 10_000


class NoTurn(Exception):
    """There was none to be had in time: `own` when it is the caller's own crowd that stands in its way."""

    def __init__(self, *, own: bool) -> None:
        super().__init__("of this caller" if own else "of all callers")
        self.own = own


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much goes on at once, and how much may wait for it: in all, and of one caller."""

    at_once: int
    of_one: int
    waiting: int
    waiting_of_one: int
    wait_s: float = 30.0


class Turns:
    """A semaphore that a crowd cannot keep from others: callers take turns, however many requests each has waiting."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.at_work = 0
        self.waiting = 0
        self._of: Counter[Hashable] = Counter()  # at work, by caller
        self._rows: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, caller: Hashable) -> AsyncIterator[None]:
        """One turn; raises NoTurn."""
        await self.take(caller)
        try:
            yield
        finally:
            self.give_back(caller)

    async def take(self, caller: Hashable, *, patient: bool = False) -> None:
        """Wait for a turn; raises NoTurn. Who is `patient` was at work before: it is not turned away."""
        if self.at_work < self.bounds.at_once and self._of[caller] < self.bounds.of_one:
            self._begin(caller)
            return
        if not patient:
            if len(self._rows.get(caller, ())) >= self.bounds.waiting_of_one:
                raise NoTurn(own=True)
            if self.waiting >= self.bounds.waiting:
                raise NoTurn(own=False)
        place = self._queue(caller)
        try:
            async with asyncio.timeout(None if patient else self.bounds.wait_s):
                await place
        except BaseException as ended:
            if place.cancelled():
                self._leave(caller, place)
            else:
                self.give_back(caller)  # the turn came just then
            if isinstance(ended, TimeoutError):
                raise NoTurn(own=self._of[caller] >= self.bounds.of_one) from None
            raise

    def give_back(self, caller: Hashable) -> None:
        """The turn is over: the next caller's first has it."""
        self.at_work -= 1
        self._of[caller] -= 1
        if not self._of[caller]:
            del self._of[caller]
        for waiting in list(self._rows):
            if self.at_work >= self.bounds.at_once:
                return
            if self._of[waiting] < self.bounds.of_one:
                self._begin_first(waiting)

    def _begin(self, caller: Hashable) -> None:
        self.at_work += 1
        self._of[caller] += 1

    def _queue(self, caller: Hashable) -> "asyncio.Future[None]":
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rows.setdefault(caller, deque()).append(place)
        self.waiting += 1
        return place

    def _begin_first(self, caller: Hashable) -> None:
        place = next((place for place in self._rows[caller] if not place.done()), None)
        if place is None:
            return  # all of them are just leaving
        self._leave(caller, place)
        if caller in self._rows:
            self._rows.move_to_end(caller)
        self._begin(caller)
        place.set_result(None)

    def _leave(self, caller: Hashable, place: "asyncio.Future[None]") -> None:
        row = self._rows[caller]
        row.remove(place)
        self.waiting -= 1
        if not row:
            del self._rows[caller]


class Rates:
    """A bucket of tokens for each caller: `per_second` drop in, `burst` it holds, a request takes one."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second, self._burst = per_second, burst
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # tokens, and when counted

    def wait_s(self, caller: Hashable, now: float) -> float:
        """0 when a token was taken; else how long until there is one."""
        tokens, counted_at = self._buckets.pop(caller, (self._burst, now))
        tokens = min(self._burst, tokens + (now - counted_at) * self._per_second)
        taken = tokens >= 1
        self._buckets[caller] = (tokens - taken, now)
        if len(self._buckets) > MOST_REMEMBERED:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1 - tokens) / self._per_second
