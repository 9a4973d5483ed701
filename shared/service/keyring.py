"""The keys that a service takes, as its folder has them now: what is revoked there stops here within a second."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.access.folder import BrokenKeys, KeyFolder
from shared.access.keys import ApiKey
from shared.access.roles import Principal
from shared.service.clock import Clock, system_clock
from shared.service.metric_catalogue import KEY_EXPIRES

LOOK_AGAIN_S = 1.0
NOTED_EVERY_S = 60.0
LATELY_S = 26 * 3600.0  # who sends its key once a night is seen; whose key was replaced is forgotten
log = structlog.get_logger()


class KeyRing:
    """Reads the folder again when its file has changed, looking at most once a second.

    A file that is broken changes nothing: the last good one holds, and `trouble` says so. When a key was last used is
    noted in the folder at most once a minute, where the service may write there.
    """

    def __init__(
        self, path: Path, service: str, clock: Clock = system_clock, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises BrokenKeys: a service does not start without knowing who may call it."""
        self._folder = KeyFolder(path)
        self._name = f"{service}-{socket.gethostname()}"
        self._clock, self._elapsed = clock, elapsed
        self.trouble: str | None = None
        self._said = ""
        self._looked_at, self._stamp = elapsed(), self._folder.stamp()
        self._take()
        self._used: dict[str, datetime] = {}
        self._used_at: dict[str, float] = {}  # of each key, the last time
        self._noted_at = -NOTED_EVERY_S
        self._noting: asyncio.TimerHandle | None = None
        self._cannot_note = False

    def of_token(self, token: str) -> Principal | None:
        """Whose token it is, while its key holds; the use is noted."""
        self._look()
        now = self._clock()
        key = self._keys.of_token(token, now)
        if key is None:
            self._look(at_once=True)  # it may have been made just now
            key = self._keys.of_token(token, now)
        if key is None:
            return None
        self._used[key.id] = now
        self._used_at[key.id] = self._elapsed()
        self._note_soon()
        return self._principals[key.id]

    def with_id(self, principal_id: str) -> Principal | None:
        """Who it is whose key has this id, while it holds."""
        self._look()
        principal = self._principals.get(principal_id.removeprefix("key:"))
        if principal is None or principal.id != principal_id:
            return None
        return principal if self._by_id[principal_id.removeprefix("key:")].holds_at(self._clock()) else None

    @property
    def next_expiry(self) -> datetime | None:
        """When the first of the keys expires that were used lately and hold; None where none does."""
        self._look()
        now, since = self._clock(), self._elapsed() - LATELY_S
        held = (self._by_id[key_id] for key_id, at in self._used_at.items() if at >= since and key_id in self._by_id)
        return min((key.expires_at for key in held if key.expires_at is not None and key.holds_at(now)), default=None)

    def past(self, token: str) -> ApiKey | None:
        """The key that the token is, or was before it expired or was revoked."""
        return self._keys.any_of_token(token)

    def _look(self, *, at_once: bool = False) -> None:
        now = self._elapsed()
        if now - self._looked_at < LOOK_AGAIN_S and not at_once:
            return
        self._looked_at = now
        stamp = self._folder.stamp()
        if stamp == self._stamp:
            return
        try:
            self._take()
        except BrokenKeys as broken:  # it may be this process that is short of something: it looks again
            self.trouble = "the file of keys can't be used; the keys that it held before go on, and no change is seen"
            if str(broken) != self._said:
                self._said = str(broken)
                log.error("keys_not_read", error=self._said)  # noqa: TRY400 - the sentence says it all
        else:
            self._stamp, self.trouble, self._said = stamp, None, ""
            log.info("keys_read", keys=len(self._keys.all))

    def _take(self) -> None:
        self._keys = self._folder.read()
        self._by_id = {key.id: key for key in self._keys.all}
        self._principals = {key.id: key.principal() for key in self._keys.all}

    def _note_soon(self) -> None:
        if self._noting is None and not self._cannot_note:
            wait_s = max(0.0, self._noted_at + NOTED_EVERY_S - self._elapsed())
            self._noting = asyncio.get_running_loop().call_later(wait_s, self._note)

    def _note(self) -> None:
        self._noting, self._noted_at = None, self._elapsed()
        used, self._used = self._used, {}
        try:
            self._folder.note_used(self._name, used)
        except OSError as error:
            self._cannot_note = True
            log.warning("key_use_not_noted", error=str(error), fix="let the service write into its access folder")


class ExpiringKeys(Collector):
    """When the next key ends that somebody uses: Prometheus' own among them, after whose end no metric tells."""

    def __init__(self, keys: KeyRing | None) -> None:
        self._keys = keys

    def collect(self) -> Iterator[GaugeMetricFamily]:
        expiry = None if self._keys is None else self._keys.next_expiry
        yield KEY_EXPIRES.family(None if expiry is None else expiry.timestamp())
