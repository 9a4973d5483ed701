"""Reporting's rebuild routes; a part whose answer was lost is asked about, for sending it blindly again would fail."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus

import httpx
from msgspec import Struct

from motcua.client import CONNECT_SECONDS, told_plainly
from motcua.verify.drift import Drift
from motcua.verify.remote import decoded

PATH = "/v1/rebuilds"
SWAP_SECONDS = 3600.0  # all dossiers are compared in it
TRIES = 5


class Stands(Struct):
    """How far a rebuild is."""

    id: int
    position: int
    events: int


class Refused(Struct):
    """An event of the log that the rules do not allow."""

    position: int
    code: str
    detail: str


class Taken(Struct):
    """After a part; `refused` are its events that count nowhere."""

    position: int
    events: int
    refused: list[Refused]


class Moved(Struct):
    """The answer to a part that does not follow the last one: where to go on."""

    position: int


class Difference(Struct):
    """A dossier of the live model that was not the log's."""

    code: str
    detail: str


class Outcome(Struct):
    """What the comparison found: how many, and the first of each kind."""

    swapped: bool
    dossiers: int
    events: int
    dossiers_differing: int
    sums_differing: int
    differences: list[Difference]
    sums: list[Drift]


@dataclass(slots=True)
class Rebuild:
    """One rebuild in reporting."""

    reporting: httpx.Client
    number: int
    events: int = 0
    position: int = 0

    def send(self, lines: list[bytes]) -> list[Refused]:
        """Send the lines after `position`; which of them reporting refused. `position` is where to go on afterwards."""
        with self._told():
            response = self._post_events(b"\n".join(lines))
        if response.status_code == HTTPStatus.CONFLICT:  # an answer was lost on its way: the part had been taken
            self.position = decoded(response.content, Moved, "reporting").position
            return []
        with self._told():
            response.raise_for_status()
        taken = decoded(response.content, Taken, "reporting")
        self.position, self.events = taken.position, taken.events
        return taken.refused

    def _post_events(self, body: bytes) -> httpx.Response:
        """The last of the tries raises what it met."""
        for _ in range(TRIES - 1):
            try:
                return self._post("events", content=body, params={"after": self.position})
            except httpx.TransportError:
                continue
        return self._post("events", content=body, params={"after": self.position})

    def settle(self) -> None:
        """The read model has had time to see what was sent."""
        with self._told():
            self._post("settled").raise_for_status()

    def swap(self, *, dry_run: bool) -> Outcome:
        """Compare, and swap unless `dry_run`."""
        patient = httpx.Timeout(SWAP_SECONDS, connect=CONNECT_SECONDS)
        with self._told():
            response = self._post("swap", params={"dry_run": dry_run}, timeout=patient)
            response.raise_for_status()
        return decoded(response.content, Outcome, "reporting")

    def drop(self) -> None:
        """End it without a trace."""
        with self._told():
            self.reporting.delete(f"{PATH}/{self.number}").raise_for_status()

    def _post(self, what: str, **arguments: object) -> httpx.Response:
        return self.reporting.post(f"{PATH}/{self.number}/{what}", **arguments)  # type: ignore[arg-type]

    def _told(self) -> AbstractContextManager[None]:
        return told_plainly("reporting", str(self.reporting.base_url))


def begin(reporting: httpx.Client) -> Rebuild:
    """A new rebuild; reporting drops an unfinished one."""
    with told_plainly("reporting", str(reporting.base_url)):
        response = reporting.post(PATH)
        response.raise_for_status()
    return Rebuild(reporting, decoded(response.content, Stands, "reporting").id)
