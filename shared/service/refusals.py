"""The trace that refused calls leave: a counter, and a line in the log now and then."""

import re
import time
from collections import OrderedDict
from enum import StrEnum

import structlog
from fastapi import Request
from prometheus_client import Counter

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


_OF_STATUS = {401: WhyRefused.NO_KEY, 403: WhyRefused.OUT_OF_SCOPE}


class Refusals:
    """Counts calls that were refused for who made them, or for how many there were. The log has one line for an address
    and a reason at most every few seconds, with how many there were: whoever tries keys can't fill the disk."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self._said: OrderedDict[tuple[str, WhyRefused], tuple[float, int]] = OrderedDict()

    def note(self, request: Request, reason: WhyRefused, who: str | None = None, *, token: str | None = None) -> None:
        """A call was refused: `who` was recognised, or the token says which key it claims to be."""
        request.state.refusal_noted = True
        self.counter.labels(reason.value).inc()
        peer = "" if request.client is None else request.client.host
        now = time.monotonic()
        said_at, unsaid = self._said.pop((peer, reason), (-SAID_AGAIN_AFTER_S, 0))
        if now - said_at < SAID_AGAIN_AFTER_S:
            self._said[peer, reason] = (said_at, unsaid + 1)
            return
        self._said[peer, reason] = (now, 0)
        if len(self._said) > MOST_REMEMBERED:
            self._said.popitem(last=False)
        claimed = None if token is None else _ID_OF_TOKEN.match(token)
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
