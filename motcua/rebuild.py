"""Rebuilding the read model: intake's log sent to reporting in parts, the live model let catch up, then the swap."""

from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from motcua.client import LONG, ServiceClient, Services
from motcua.failure import Failure
from motcua.log import Observer, events_read, log_head, log_page, wait_until_seen
from shared.contract.http.rebuilds import PartOutOfTurn, RebuildAnswer, SwapAnswer, UncountedEvent

PATH = "/v1/rebuilds"
PART_EVENTS = 2000  # short enough that reporting answers others between two steps of one
TRIES = 5


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of it; `refused` are events of the log that the rules do not allow."""

    answer: SwapAnswer
    refused: list[UncountedEvent]


def run(services: Services, observe: Observer, wait_seconds: float, *, dry_run: bool) -> Rebuilt:
    """Rebuild and swap, or with `dry_run` compare only; the live model gets `wait_seconds` to see what was sent."""
    with ExitStack() as stack:
        intake = stack.enter_context(ServiceClient("intake", services.intake, services.key))
        reporting = stack.enter_context(ServiceClient("reporting", services.reporting, services.key))
        if not log_head(intake).events:
            raise Failure(
                f"the log of intake at {services.intake} is empty, there is nothing to rebuild from: is --intake right?"
            )
        rebuild = Rebuild(intake, reporting, observe)
        try:
            refused = rebuild.send_the_log()
            rebuild.let_catch_up(len(refused), wait_seconds)
            refused += rebuild.send_the_log()
            return Rebuilt(rebuild.swap(dry_run=dry_run), refused)
        except BaseException:
            rebuild.drop()
            raise


class Rebuild:
    """One rebuild in reporting, `events` of it sent so far; reporting drops an unfinished one when another begins."""

    def __init__(self, intake: ServiceClient, reporting: ServiceClient, observe: Observer) -> None:
        self._intake, self._reporting, self._observe = intake, reporting, observe
        self._path = f"{PATH}/{reporting.answer(RebuildAnswer, 'POST', PATH).id}"
        self._position = 0
        self.events = 0

    def send_the_log(self) -> list[UncountedEvent]:
        """Everything after what was sent, to the end of the log; which of it reporting refused."""
        total = log_head(self._intake).events
        refused: list[UncountedEvent] = []
        while lines := log_page(self._intake, self._position, PART_EVENTS):
            refused += self._send(lines)
            self._observe("rebuilding from the log", self.events, max(total, self.events))
        return refused

    def _send(self, lines: list[bytes]) -> list[UncountedEvent]:
        response = self._post_part(b"\n".join(lines))
        if response.status_code == HTTPStatus.CONFLICT:  # an answer was lost on its way: the part had been taken
            self._position = self._reporting.decoded(PartOutOfTurn, response.content).position
            return []
        taken = self._reporting.decoded(RebuildAnswer, response.content)
        self._position, self.events = taken.position, taken.events
        return taken.refused or []

    def _post_part(self, body: bytes) -> httpx.Response:
        """Try again when an answer is lost: a part that had been taken is answered with a conflict, and counts once."""
        tries_left = TRIES
        while True:
            try:
                return self._reporting.call(
                    "POST",
                    f"{self._path}/events",
                    expected={HTTPStatus.CONFLICT},
                    content=body,
                    params={"after": self._position},
                )
            except Failure as failure:
                tries_left -= 1
                if not isinstance(failure.__cause__, httpx.TransportError) or not tries_left:
                    raise

    def let_catch_up(self, refused: int, wait_seconds: float) -> None:
        """Give the live model time to see what was sent, and let reporting know that it had it.

        What the model has lost does not come again by waiting: it is waited for statuses, not for dossiers.
        """

        def seen(number: int) -> None:
            self._observe("waiting for reporting", min(number, self.events), self.events)

        wait_until_seen(lambda: events_read(self._reporting, refused), self.events, seen, wait_seconds)
        self._reporting.call("POST", f"{self._path}/settled")

    def swap(self, *, dry_run: bool) -> SwapAnswer:
        """Compare all dossiers, and swap unless `dry_run`."""
        self._observe("comparing and swapping", 0, 1)
        answer = self._reporting.answer(
            SwapAnswer, "POST", f"{self._path}/swap", params={"dry_run": dry_run}, timeout=LONG
        )
        self._observe("comparing and swapping", 1, 1)
        return answer

    def drop(self) -> None:
        """End it without a trace; when that cannot be done either, the next rebuild drops it."""
        try:
            self._reporting.call("DELETE", self._path)
        except Failure:
            return
