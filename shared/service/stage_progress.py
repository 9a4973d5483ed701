"""How a stage of the chain stands against what waits for it: state, which outlasts the process that counted."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from shared.service.metric_catalogue import CONSUMER_LAG, PIPELINE_STALLED, PIPELINE_WAITING

Positions = Mapping[int, int]


class _Seen(NamedTuple):
    position: int
    waiting: int
    moved_at: float


class StageProgress(Collector):
    """Of each partition, where the stage stands, how much waits, and when it last moved or had nothing to do.

    `topic` is what it reads, none for the log; `is_known` says whether what was last seen still holds.
    """

    def __init__(
        self,
        stage: str,
        topic: str | None = None,
        is_known: Callable[[], bool] = lambda: True,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stage, self._topic, self._is_known, self._elapsed = stage, topic, is_known, elapsed
        self._seen: Mapping[int, _Seen] = {}

    def look(self, positions: Positions, ends: Positions) -> None:
        """Compare, where both are known."""
        now, before, seen = self._elapsed(), self._seen, {}
        for number in positions.keys() & ends.keys():
            position, waiting = positions[number], max(0, ends[number] - positions[number])
            last = before.get(number)
            stands = waiting and last is not None and last.position == position
            seen[number] = _Seen(position, waiting, last.moved_at if stands and last is not None else now)
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        waiting, stalled, lag = PIPELINE_WAITING.family(), PIPELINE_STALLED.family(), CONSUMER_LAG.family()
        if self._seen and self._is_known():
            now = self._elapsed()
            waiting.add_metric([self._stage], sum(one.waiting for one in self._seen.values()))
            stalled.add_metric(
                [self._stage], max(now - one.moved_at if one.waiting else 0.0 for one in self._seen.values())
            )
            if self._topic is not None:
                for number, one in sorted(self._seen.items()):
                    lag.add_metric([self._topic, str(number)], one.waiting)
        yield from (waiting, stalled)
        if self._topic is not None:
            yield lag
