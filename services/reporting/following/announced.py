"""Reads intake's announcements into calendar entries; members that this version does not know are left aside."""

from datetime import date

import msgspec

from shared.catalogue import CalendarEntry


class Day(msgspec.Struct, frozen=True):
    day: date
    works: bool
    name: str


class Announcement(msgspec.Struct, frozen=True):
    source: str
    announced: date
    days: tuple[Day, ...]
    applies_to: tuple[str, ...] = ()


_decode = msgspec.json.Decoder(tuple[Announcement, ...]).decode


def entries_of(answer: bytes) -> list[CalendarEntry]:
    """The announced days in the order in which they took effect: of two for one day and place the later holds."""
    return [
        CalendarEntry(each.day, each.works, each.name, one.source, one.applies_to, one.announced)
        for one in _decode(answer)
        for each in one.days
    ]
