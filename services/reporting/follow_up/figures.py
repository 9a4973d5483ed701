"""What became of slips: each number is counted by the very condition that lists what it counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.tables import follow_ups

MOVES_WITHIN = timedelta(hours=24)
_OF = follow_ups.c
_WITHIN_US = MOVES_WITHIN // timedelta.resolution


class SlipFate(StrEnum):
    """Which slips: of those that were made, sent of them, and of those how it went."""

    MADE = "made"
    UNSENT = "unsent"
    SENT = "sent"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    UNDER_WAY = "under_way"
    JUDGED = "judged"
    MOVED = "moved"
    NOT_MOVED = "not_moved"


@dataclass(frozen=True, slots=True)
class FollowUpFigures:
    """How many slips of each: sent = answered + unanswered = under way + judged, judged = moved + not moved."""

    made: int = 0
    unsent: int = 0
    sent: int = 0
    answered: int = 0
    unanswered: int = 0
    under_way: int = 0
    judged: int = 0
    moved: int = 0
    not_moved: int = 0


def condition(which: SlipFate, now: datetime) -> ColumnElement[bool]:
    """What makes a slip one of them. Judged are those that were sent 24 hours ago; moved, by an event within them."""
    was_sent, was_answered = _OF.sent_at.is_not(None), _OF.answered_at.is_not(None)
    is_judged = and_(was_sent, _OF.sent_at <= microseconds(now - MOVES_WITHIN))
    has_moved = and_(_OF.moved_at.is_not(None), _OF.moved_at <= _OF.sent_at + _WITHIN_US)
    match which:
        case SlipFate.MADE:
            return true()
        case SlipFate.UNSENT:
            return _OF.sent_at.is_(None)
        case SlipFate.SENT:
            return was_sent
        case SlipFate.ANSWERED:
            return and_(was_sent, was_answered)
        case SlipFate.UNANSWERED:
            return and_(was_sent, _OF.answered_at.is_(None))
        case SlipFate.UNDER_WAY:
            return and_(was_sent, _OF.sent_at > microseconds(now - MOVES_WITHIN))
        case SlipFate.JUDGED:
            return is_judged
        case SlipFate.MOVED:
            return and_(is_judged, has_moved)
        case SlipFate.NOT_MOVED:
            return and_(is_judged, or_(_OF.moved_at.is_(None), not_(has_moved)))


async def figures(connection: AsyncConnection, now: datetime, *conditions: ColumnElement[bool]) -> FollowUpFigures:
    """The numbers of the slips that the conditions choose."""
    counted = select(*(func.count(case((condition(which, now), 1))).label(which.value) for which in SlipFate))
    row = (await connection.execute(counted.where(*conditions))).one()
    return FollowUpFigures(**{which.value: number for which, number in zip(SlipFate, row, strict=True)})
