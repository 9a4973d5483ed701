"""Days off and swapped days that an authority announced, as they travel:
with the catalogue's days they make the calendar."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from shared.domain.localtime import ONE_DAY, Instant

LONGEST_RUN_DAYS = (
    367  # as many as one line of a decree may name, so a decree travels in no more lines than it was sent in
)
Day = tuple[date, bool, str]  # the day, whether it is worked, and its name


class AnnouncedDaysV1(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Days in a row that are off, or worked, for one reason. `last` is inclusive, and absent of a single day."""

    first: Annotated[date, Meta(description="the day, or the first of several in a row", examples=["2026-08-31"])]
    works: Annotated[bool, Meta(description="false: off; true: worked, such as a swapped Saturday", examples=[False])]
    name: Annotated[str, Meta(description="what the announcement calls them", examples=["Quốc khánh"])]
    last: Annotated[
        date | None, Meta(description="the last of several, inclusive; absent of one", examples=["2026-09-02"])
    ] = None

    @property
    def end(self) -> date:
        return self.last or self.first


class AnnouncementV1(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One announcement in force, for good. `number` is its place:
    of two for one day and scope the one with the higher number holds.

    Numbers are 1, 2, 3 ... without gaps, so a reader sees when one is missing. `days` are in order and do not overlap.
    """

    number: Annotated[int, Meta(description="its place in the order of taking effect, from 1", examples=[3])]
    id: Annotated[str, Meta(description="the announcement's id at intake", examples=["qd-99-2026"])]
    source: Annotated[str, Meta(description="the decree, as it is cited", examples=["Quyết định 99/QĐ-TTg"])]
    announced_at: Annotated[Instant, Meta(description="when it was made known", examples=["2026-08-03T09:00:00+07:00"])]
    recordedtime: Annotated[
        Instant,
        Meta(description="every event recorded later was decided with it", examples=["2026-08-03T10:12:07+07:00"]),
    ]
    days: Annotated[
        tuple[AnnouncedDaysV1, ...],
        Meta(
            description="what was announced, by day",
            examples=[[{"first": "2026-08-31", "works": False, "name": "Quốc khánh"}]],
        ),
    ]
    applies_to: Annotated[
        tuple[str, ...],
        Meta(description="codes of provinces or departments; none: everywhere", examples=[["H59", "H59.15"]]),
    ] = ()

    def each_day(self) -> Iterator[Day]:
        """The days one by one, in order."""
        for run in self.days:
            day = run.first
            while day <= run.end:
                yield day, run.works, run.name
                day += ONE_DAY


decode_announcement = msgspec.json.Decoder(AnnouncementV1).decode


def in_runs(days: Iterable[Day]) -> tuple[AnnouncedDaysV1, ...]:
    """Days, in order, as they travel: a year of them in one line keeps a decree far below what a broker takes."""
    runs: list[list[Day]] = []
    for day in days:
        if (
            runs
            and len(runs[-1]) < LONGEST_RUN_DAYS
            and runs[-1][-1][1:] == day[1:]
            and runs[-1][-1][0] + ONE_DAY == day[0]
        ):
            runs[-1].append(day)
        else:
            runs.append([day])
    return tuple(
        AnnouncedDaysV1(first=run[0][0], works=run[0][1], name=run[0][2], last=run[-1][0] if len(run) > 1 else None)
        for run in runs
    )
