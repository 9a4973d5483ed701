"""The rebuild as a whole: the log sent, the live model let catch up, the rest of the log sent, the swap."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import httpx

from motcua.client import Services, sync_client
from motcua.failure import Failure
from motcua.rebuild.remote import Outcome, Rebuild, Refused, begin
from motcua.verify.remote import DOSSIERS, events_seen, head, log_page
from motcua.verify.wait import wait_until

PART_EVENTS = 2000  # short enough that reporting answers others between two steps of one
Observer = Callable[[str, int, int], None]  # what is being done, how much of it, of how much


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of it; `refused` are events of the log that the rules do not allow."""

    outcome: Outcome
    refused: list[Refused]


def run(services: Services, observe: Observer, wait_seconds: float, *, dry_run: bool) -> Rebuilt:
    """Rebuild and swap, or with `dry_run` compare only. The live model waits `wait_seconds` at most to have seen what was sent."""
    with ExitStack() as stack:
        intake, reporting = (stack.enter_context(sync_client(url, services)) for url in (services.intake, services.reporting))
        if not head(intake).events:
            msg = f"the log of intake at {services.intake} is empty, there is nothing to rebuild from: is --intake right?"
            raise Failure(msg)
        rebuild = begin(reporting)
        try:
            return _rebuilt(rebuild, intake, observe, wait_seconds, dry_run=dry_run)
        except BaseException:
            _leave_nothing(rebuild)
            raise


def _rebuilt(rebuild: Rebuild, intake: httpx.Client, observe: Observer, wait_seconds: float, *, dry_run: bool) -> Rebuilt:
    refused = _send_the_log(rebuild, intake, observe)

    def caught_up() -> bool:
        seen = events_seen("reporting", rebuild.reporting, DOSSIERS)
        observe("waiting for reporting", min(seen, rebuild.events), rebuild.events)
        return seen >= rebuild.events - len(refused)

    wait_until(caught_up, wait_seconds)
    rebuild.settle()
    refused += _send_the_log(rebuild, intake, observe)
    observe("comparing and swapping", 0, 1)
    outcome = rebuild.swap(dry_run=dry_run)
    observe("comparing and swapping", 1, 1)
    return Rebuilt(outcome, refused)


def _send_the_log(rebuild: Rebuild, intake: httpx.Client, observe: Observer) -> list[Refused]:
    """Everything after what was sent, to the end of the log."""
    total = head(intake).events
    refused: list[Refused] = []
    while lines := log_page(intake, rebuild.position, PART_EVENTS):
        refused += rebuild.send(lines)
        observe("rebuilding from the log", rebuild.events, max(total, rebuild.events))
    return refused


def _leave_nothing(rebuild: Rebuild) -> None:
    """Drop what was begun; when that cannot be done either, the next rebuild drops it."""
    try:
        rebuild.drop()
    except Failure:
        return
