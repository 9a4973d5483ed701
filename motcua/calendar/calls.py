"""The calls about the calendar that the command line makes of intake."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

import httpx
import msgspec

from motcua.client import Services, sync_client, told_plainly

PATH = "/v1/calendar/announcements"
LOOK_AGAIN_S = 0.2
Answer = dict[str, Any]
_Days = Annotated[list[Answer], msgspec.Meta(min_length=1)]  # a period has a day


class Calendar:
    """Intake's calendar over HTTP; what goes wrong comes as a `Failure`."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def preview(self, body: Answer, limit: int) -> Answer:
        """What an announcement would move."""
        found: Answer = self._asked("POST", PATH, json=body, params={"dry_run": "true", "limit": limit})
        return found

    def announce(self, body: Answer) -> Answer:
        """Put it into force; the answer comes when it is known what moves."""
        found: Answer = self._asked("POST", PATH, json=body, params={"limit": 1})
        return found

    def follow(self, announcement: str, observe: Callable[[Answer], None]) -> Answer:
        """The announcement when all is moved, shown to `observe` on the way."""
        while True:
            found: Answer = self._asked("GET", f"{PATH}/{announcement}", params={"limit": 1})
            observe(found)
            if found["state"] == "done":
                return found
            time.sleep(LOOK_AGAIN_S)

    def days(self, first: date, last: date, department: str | None) -> list[Answer]:
        """Each day of a period, as it holds for a department."""
        asked = {"from": first.isoformat(), "to": last.isoformat()} | ({} if department is None else {"department": department})
        return msgspec.convert(self._asked("GET", "/v1/calendar", params=asked), _Days)

    def _asked(self, method: str, path: str, **arguments: Any) -> Any:
        return self._client.request(method, path, **arguments).raise_for_status().json()


@contextmanager
def calendar(services: Services) -> Iterator[Calendar]:
    """The calendar of the intake that the services name."""
    with sync_client(services.intake, services) as client, told_plainly("intake", services.intake):
        yield Calendar(client)
