"""The trace that refused calls leave: a counter, and a line in the log now and then."""

import re
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from enum import StrEnum

import structlog
from fastapi import Request
from prometheus_client import Counter as RefusalCounter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.service.metric_kinds import DeclaredMetric

SAID_AGAIN_AFTER_S = 10.0
MOST_REMEMBERED = 1000
_ID_OF_TOKEN = re.compile(r"motcua_([0-9a-f]{12})_")
log = structlog.get_logger()


class WhyRefused(StrEnum):
    """Why a call was refused."""

    NO_KEY = "no_key"
    UNKNOWN_KEY = "unknown_key"
    EXPIRED_KEY = "expired_key"
    REVOKED_KEY = "revoked_key"
    NOT_PERMITTED = "not_permitted"
    OUT_OF_SCOPE = "out_of_scope"
    NOT_VOUCHED_FOR = "not_vouched_for"
    FOREIGN_PAGE = "foreign_page"
    HOST = "host"
    RATE = "rate"
    CROWD = "crowd"
    BUSY = "busy"
    MEMORY = "memory"


LAPSED = (WhyRefused.EXPIRED_KEY, WhyRefused.REVOKED_KEY)
OFTEN, WITHIN_S = 3, 1800.0
_OF_STATUS = {401: WhyRefused.NO_KEY, 403: WhyRefused.OUT_OF_SCOPE}


class LapsedKeys(Collector):
    """Known keys that hold no more and are sent all the same: a program at a counter that did not get its new one posts
    in vain, however seldom it does. Whoever guesses at keys has none of these; a key's number is no label of it."""

    def __init__(self, declared: DeclaredMetric, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._declared, self._elapsed = declared, elapsed
        self._refused: dict[tuple[WhyRefused, str], deque[float]] = {}  # the last times, of keys that were known once

    def note(self, reason: WhyRefused, key: str) -> None:
        """It was refused."""
        self._refused.setdefault((reason, key), deque(maxlen=OFTEN)).append(self._elapsed())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family, since = self._declared.family(), self._elapsed() - WITHIN_S
        self._refused = {of: times for of, times in self._refused.items() if times[-1] >= since}
        in_use = Counter(why for (why, _), times in self._refused.items() if len(times) == OFTEN and times[0] >= since)
        for reason in LAPSED:
            family.add_metric([reason.value], in_use[reason])
        yield family


class Refusals:
    """Counts calls that were refused for who made them, or for how many there were. The log has one line for an address
    and a reason at most every few seconds, with how many there were: whoever tries keys can't fill the disk."""

    def __init__(self, counter: RefusalCounter, lapsed_keys: LapsedKeys) -> None:
        self.counter, self.lapsed_keys = counter, lapsed_keys
        self._said: OrderedDict[tuple[str, WhyRefused], tuple[float, int]] = OrderedDict()

    def note(self, request: Request, reason: WhyRefused, who: str | None = None, *, token: str | None = None) -> None:
        """A call was refused: `who` was recognised, or the token says which key it claims to be."""
        request.state.refusal_noted = True
        self.counter.labels(reason.value).inc()
        claimed = None if token is None else _ID_OF_TOKEN.match(token)
        if reason in LAPSED and claimed is not None:
            self.lapsed_keys.note(reason, claimed[1])
        peer = "" if request.client is None else request.client.host
        now = time.monotonic()
        said_at, unsaid = self._said.pop((peer, reason), (-SAID_AGAIN_AFTER_S, 0))
        if now - said_at < SAID_AGAIN_AFTER_S:
            self._said[peer, reason] = (said_at, unsaid + 1)
            return
        self._said[peer, reason] = (now, 0)
        if len(self._said) > MOST_REMEMBERED:
            self._said.popitem(last=False)
        key = who if claimed is None else f"key:{claimed[1]}"
        log.warning("request_refused", reason=reason.value, peer=peer, key=key, method=request.method, unsaid=unsaid)

    def note_answer(self, request: Request, status: int) -> None:
        """An answer of 401 or 403 goes out: whoever made it may have noted why. A 403 that nobody noted is about
        dossiers that are not the caller's."""
        reason = _OF_STATUS.get(status)
        if reason is None or getattr(request.state, "refusal_noted", False):
            return
        caller = getattr(request.state, "caller", None)
        self.note(request, reason, None if caller is None else caller.principal.id)
