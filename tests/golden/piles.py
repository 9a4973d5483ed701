"""The second derivation of the cells: a clerk sorts the folders into piles and counts them, sharing no code with the
product."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.golden.by_hand import Paper, class_of, here, standing_at_end_of
from tests.golden.paper_calendar import DAY

OUTCOMES = {"refused": "refused", "in_part": "granted_in_part", "by_law": "granted_by_law", "not_needed": "not_needed"}


def piles(papers: list[Paper], first: date, last: date, definition: str) -> dict[str, int]:
    """Every column of the row that has a folder on its pile."""
    return dict(Counter(name for paper in papers for name in _piles_of(paper, first, last, definition)))


def _piles_of(paper: Paper, first: date, last: date, definition: str) -> Iterator[str]:
    if paper.torn_up:
        return
    yield from _in_tray(paper, first, last)
    if paper.received is None:
        return
    if first <= paper.received.date() <= last:
        yield from _came_in(paper)
    elif standing_at_end_of(first - DAY, paper, definition) != "not_open":
        yield from ("received_total", "carried_over")
    if paper.closing and first <= here(paper.closing["at"]).date() <= last:
        yield from _closed(paper, paper.closing, definition)
    if paper.handed_out and first <= here(paper.handed_out["at"]).date() <= last:
        yield from ("returned_total", f"returned_{paper.handed_out.get('channel', 'in_person')}")
    if _lies_to_be_fetched(paper, last):
        yield "awaiting_return"
    yield from _on_the_desk(paper, last, definition)


def _came_in(paper: Paper) -> Iterator[str]:
    counted = paper.counted_channel
    yield from ("received_total", f"received_{counted}")
    if counted != "online":
        yield "received_in_person_or_postal"
    elif paper.case.get("online_level") == "full":
        yield "received_online_full"
    if paper.channel == "unknown":
        yield "received_unknown"


def _closed(paper: Paper, closing: dict[str, Any], definition: str) -> Iterator[str]:
    yield from ("resolved_total", f"resolved_{class_of(paper, definition)}")
    if closing["event"] in ("withdrawn", "stopped", "transferred"):
        yield str(closing["event"])
    if closing["event"] == "stopped" and closing.get("reason") == "administrative":
        yield "stopped_administrative"
    if closing["event"] == "resolved" and closing.get("outcome") in OUTCOMES:
        yield OUTCOMES[closing["outcome"]]


def _lies_to_be_fetched(paper: Paper, day: date) -> bool:
    if not paper.closing or paper.closing["event"] != "resolved" or here(paper.closing["at"]).date() > day:
        return False
    return paper.handed_out is None or here(paper.handed_out["at"]).date() > day


def _on_the_desk(paper: Paper, day: date, definition: str) -> Iterator[str]:
    standing = standing_at_end_of(day, paper, definition)
    if standing == "not_open":
        return
    yield "in_progress_total"
    yield "in_progress_overdue" if standing == "overdue" else "in_progress_within"
    if any(begun.date() <= day and not (ended and ended[0].date() <= day) for begun, *ended in paper.pauses):
        yield "in_progress_suspended"


def _in_tray(paper: Paper, first: date, last: date) -> Iterator[str]:
    for number, (laid, until, answered) in enumerate(paper.in_tray if paper.counted_channel == "online" else []):
        assert laid is not None
        if laid.date() <= last and (answered is None or answered.date() > last):
            yield "awaiting_acceptance"
            if until and until.date() < last:
                yield "awaiting_acceptance_late"
        if number == 0 and until and answered and first <= answered.date() <= last:
            yield "accepted_in_time" if answered <= until else "accepted_late"
