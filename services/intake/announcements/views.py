"""Announcements and their moves as HTTP answers."""

from collections import Counter as Tally
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from services.intake.announcements.known import AnnouncedDay, Announcement, Stored
from services.intake.announcements.moves import MOVING, STAYING, Move, Outcome, Untouched, reason
from services.intake.announcements.planning import Plan
from services.intake.announcements.schemas import AnnouncementAnswer, AnnouncementView, DayAnnounced, MoveView
from shared.domain.localtime import local_date


@dataclass(frozen=True, slots=True)
class Page:
    """Which of the affected dossiers an answer lists: up to `limit` of those with the outcomes, after a code."""

    outcomes: Collection[Outcome]
    after: str
    limit: int


def summary(stored: Stored, counts: dict[str, int]) -> AnnouncementView:
    """An announcement and how many dossiers it affects."""
    return AnnouncementView(**_summary(stored, counts))


def answer(stored: Stored, counts: dict[str, int], moves: Sequence[Move], limit: int) -> AnnouncementAnswer:
    """The same with a page of dossiers; one more than `limit` says that there is another page."""
    return AnnouncementAnswer(**_summary(stored, counts), **_page(moves, stored.announcement.days, limit))


def planned_answer(announcement: Announcement, plan: Plan, notes: list[str], page: Page) -> AnnouncementAnswer:
    """What a dry run found."""
    counts = Tally(move.outcome.value for move in plan.moves)
    listed = [move for move in plan.moves if move.outcome in page.outcomes and move.code > page.after]
    return AnnouncementAnswer(
        **_about(announcement),
        recorded_at=None,
        state="dry_run",
        open_dossiers_examined=plan.examined,
        **_counted(counts),
        not_affected={why.value: plan.untouched[why] for why in Untouched if why in plan.untouched},
        notes=notes,
        **_page(listed[: page.limit + 1], announcement.days, page.limit),
    )


def _summary(stored: Stored, counts: dict[str, int]) -> dict[str, Any]:
    own = {"recorded_at": stored.recorded_at, "state": stored.state.value, "open_dossiers_examined": stored.examined}
    return {**_about(stored.announcement), **own, **_counted(counts)}


def _about(announcement: Announcement) -> dict[str, Any]:
    return {
        "id": announcement.id,
        "source": announcement.source,
        "announced_at": announcement.announced_at,
        "announced": local_date(announcement.announced_at),
        "applies_to": list(announcement.applies_to),
        "days": [DayAnnounced(day=each.day, works=each.works, name=each.name) for each in announcement.days],
    }


def _counted(counts: dict[str, int]) -> dict[str, Any]:
    return {
        "to_move": sum(counts.get(outcome.value, 0) for outcome in MOVING),
        "moved": counts.get(Outcome.MOVED.value, 0),
        "stays": {outcome.value: counts[outcome.value] for outcome in STAYING if counts.get(outcome.value)},
    }


def _page(moves: Sequence[Move], days: Sequence[AnnouncedDay], limit: int) -> dict[str, Any]:
    page = moves[:limit]
    return {"moves": [_view(move, days) for move in page], "next_cursor": page[-1].code if len(moves) > limit else None}


def _view(move: Move, days: Sequence[AnnouncedDay]) -> MoveView:
    return MoveView(
        code=move.code,
        department=move.department,
        procedure=move.procedure,
        received_at=move.received_at,
        due_at=move.due_at,
        new_due_at=move.new_due_at,
        outcome=move.outcome.value,
        reason=reason(move, days),
    )
