"""What an announcement must be to take effect: days the calendar has, places it knows, and at least one day that becomes another."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from services.intake.announcements.known import AnnouncedDay, Announcement, covered
from services.intake.announcements.schemas import NewAnnouncement, NewDays
from services.intake.decide import FUTURE_ALLOWED
from services.intake.identity import new_event_id
from shared.catalogue import Catalogue
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR, ONE_DAY, local
from shared.service.problems import Problem


class Wrong(NamedTuple):
    """What is wrong in which field of a request, and the fix."""

    field: str
    detail: str


def unprocessable(wrong: list[Wrong]) -> Problem:
    """The refusal that names each field."""
    detail = "; ".join(f"{field}: {why}" for field, why in wrong)
    return Problem(422, "Unprocessable Content", detail, code="malformed", field=wrong[0].field, errors=[each._asdict() for each in wrong])


def composed(body: NewAnnouncement, now: datetime) -> Announcement:
    """The announcement of a request, its days one by one in order; raises the `Problem` that says which field contradicts itself."""
    announced_at = body.announced_at or now
    wrong = [*_contradictions(body), *_wrong_instant(announced_at, now)]
    if wrong:
        raise unprocessable(wrong)
    days = sorted((AnnouncedDay(day, each.works, each.name) for each in body.days for day in _dates(each)), key=lambda each: each.day)
    return Announcement(
        id=body.id or new_event_id(),
        source=body.source,
        announced_at=local(announced_at),
        days=tuple(days),
        applies_to=tuple(sorted(set(body.applies_to))),
    )


def check(body: NewAnnouncement, announcement: Announcement, catalogue: Catalogue) -> list[str]:
    """A note for each day that is so already, which does no harm.

    Raises a `Problem` when the catalogue can't take a day or a place, or when nothing would change.
    """
    wrong = [*_unknown_places(body, catalogue), *_unknown_days(body, catalogue)]
    if wrong:
        raise unprocessable(wrong)
    departments = covered(catalogue.departments, announcement.applies_to)
    notes, changed = [], False
    for each in announcement.days:
        if any(catalogue.calendar(code).is_working_day(each.day) != each.works for code in departments):
            changed = True
        else:
            notes.append(f"{each.day} is {'a working day' if each.works else 'a day off'} already")
    if not changed:
        raise unprocessable([Wrong("days", f"nothing would change: {', '.join(notes)}; correct the days, or `works`")])
    return notes


def _contradictions(body: NewAnnouncement) -> Iterator[Wrong]:
    seen: dict[date, int] = {}
    for number, each in enumerate(body.days):
        if (each.day is None) == (each.first is None and each.last is None) or (each.first is None) != (each.last is None):
            yield Wrong(f"days.{number}", "give either `day`, or `first` and `last`")
        elif each.first is not None and each.last is not None and each.last < each.first:
            yield Wrong(f"days.{number}.last", f"{each.last} lies before `first` ({each.first}); swap them")
        elif each.first is not None and each.last is not None and (each.last - each.first).days > 366:  # noqa: PLR2004 - a year
            yield Wrong(f"days.{number}.last", f"{each.last} lies more than a year after `first`; check the year")
        else:
            for day in _dates(each):
                if seen.setdefault(day, number) != number:
                    yield Wrong(f"days.{number}", f"{day} stands in days.{seen[day]} already; keep one")


def _wrong_instant(announced_at: datetime, now: datetime) -> Iterator[Wrong]:
    if not FIRST_YEAR <= announced_at.year <= LAST_YEAR:
        why = f"lies outside the years {FIRST_YEAR}-{LAST_YEAR}; correct the year, or leave it out for now"
        yield Wrong("announced_at", f"{announced_at.isoformat()} {why}")
    elif announced_at > now + FUTURE_ALLOWED:
        yield Wrong("announced_at", f"{local(announced_at).isoformat()} has not come yet; it takes effect when it is sent")


def _unknown_places(body: NewAnnouncement, catalogue: Catalogue) -> Iterator[Wrong]:
    for number, scope in enumerate(body.applies_to):
        if not covered(catalogue.departments, [scope]):
            fix = "write a province as H59 or a department as H59.15 (GET /v1/departments lists them), or leave applies_to out for all"
            yield Wrong(f"applies_to.{number}", f"{scope!r} covers no department of the catalogue; {fix}")


def _unknown_days(body: NewAnnouncement, catalogue: Catalogue) -> Iterator[Wrong]:
    first, last = catalogue.calendar_first_day, catalogue.calendar_last_day
    for number, each in enumerate(body.days):
        outside = [day for day in _dates(each) if not first <= day <= last]
        if outside:
            fix = "correct the year, or add the whole year to calendar.toml: one day does not make it known"
            yield Wrong(f"days.{number}", f"{outside[0]} lies outside the calendar, {first} to {last}; {fix}")


def _dates(days: NewDays) -> Iterator[date]:
    day, last = days.day or days.first, days.day or days.last
    while day is not None and last is not None and day <= last:
        yield day
        day += ONE_DAY
