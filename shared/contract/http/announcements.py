"""Intake's messages about days off and swapped days announced late: what is announced, and which open dossiers move."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from shared.contract.http.dossiers import ProcedureCode
from shared.contract.http.figures import Code, Department
from shared.domain.localtime import Instant

Works = Annotated[
    bool,
    Meta(
        description="false: a day off; true: a day that is worked, such as a swapped Saturday",
        examples=[False],
    ),
]
DayName = Annotated[
    str, Meta(min_length=1, max_length=200, description="what the day is called", examples=["Quốc khánh"])
]
Decree = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        description="the decree, as it is cited: it is the legal ground of every move",
        examples=["Quyết định 99/QĐ-TTg ngày 10/12/2023"],
    ),
]


class NewDays(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One day (`day`) or several in a row (`first`, `last`, inclusive), off or worked."""

    day: Annotated[date | None, Meta(description="the day, when it is one", examples=["2023-12-13"])] = None
    first: Annotated[date | None, Meta(description="the first of several days", examples=["2024-02-08"])] = None
    last: Annotated[date | None, Meta(description="the last of them, inclusive", examples=["2024-02-14"])] = None
    works: Works
    name: DayName


class NewAnnouncement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days off and swapped days that an authority announced."""

    id: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)] | None,
        Meta(description="the same id again is a repeat; made when missing", examples=["decree-99"]),
    ] = None
    source: Decree
    announced_at: Annotated[
        Instant | None,
        Meta(description="when it was made known; now when missing", examples=["2023-12-10T16:00:00+07:00"]),
    ] = None
    days: Annotated[
        list[NewDays],
        Meta(
            min_length=1,
            max_length=400,
            description="the days, off or worked",
            examples=[[{"day": "2023-12-13", "works": False, "name": "Nghỉ bão"}]],
        ),
    ]
    applies_to: Annotated[
        list[str],
        Meta(
            max_length=500,
            description="codes of provinces or departments; none: everywhere",
            examples=[["H59", "H59.15"]],
        ),
    ] = []


class AnnouncedDay(Struct, frozen=True):
    """One day off, or one day that is worked."""

    day: Annotated[date, Meta(description="the day", examples=["2023-12-13"])]
    works: Works
    name: Annotated[str, Meta(description="what the day is called", examples=["Nghỉ bão"])]


class MoveView(Struct, frozen=True, kw_only=True):
    """An open dossier whose deadline the announcement affects."""

    code: Code
    department: Department
    procedure: ProcedureCode
    received_at: Annotated[Instant, Meta(description="when it was received", examples=["2023-12-08T08:31:00+07:00"])]
    due_at: Annotated[
        Instant, Meta(description="the deadline before the announcement", examples=["2023-12-15T08:31:00+07:00"])
    ]
    new_due_at: Annotated[
        Instant | None,
        Meta(
            description="the deadline after it; null when it can't be computed", examples=["2023-12-18T08:31:00+07:00"]
        ),
    ]
    outcome: Annotated[str, Meta(description="planned or moved; else why it stays where it is", examples=["moved"])]
    reason: Annotated[str, Meta(description="why, in words", examples=["2023-12-13 is a day off"])]


class AnnouncementView(Struct, frozen=True, kw_only=True):
    """Announced days and how far the moves are: everything a reader needs to build the same calendar."""

    id: Annotated[str, Meta(description="the announcement's id", examples=["decree-99"])]
    source: Annotated[
        str, Meta(description="the decree, as it is cited", examples=["Quyết định 99/QĐ-TTg ngày 10/12/2023"])
    ]
    announced_at: Annotated[Instant, Meta(description="when it was made known", examples=["2023-12-10T16:00:00+07:00"])]
    announced: Annotated[date, Meta(description="the local day of that", examples=["2023-12-10"])]
    applies_to: Annotated[
        tuple[str, ...], Meta(description="codes of provinces or departments; none: everywhere", examples=[["H59"]])
    ]
    days: Annotated[
        tuple[AnnouncedDay, ...],
        Meta(description="its days, in order", examples=[[{"day": "2023-12-13", "works": False, "name": "Nghỉ bão"}]]),
    ]
    recorded_at: Annotated[
        Instant | None,
        Meta(
            description="every decision recorded later was made with it; null in a dry run",
            examples=["2023-12-10T16:05:12+07:00"],
        ),
    ]
    state: Annotated[
        str,
        Meta(description="dry_run; announced until the dossiers are found, then moving, done", examples=["done"]),
    ]
    open_dossiers_examined: Annotated[
        int | None,
        Meta(description="open dossiers of the departments covered; null until they are found", examples=[1200]),
    ]
    to_move: Annotated[int, Meta(description="dossiers whose deadline moves", examples=[310])]
    moved: Annotated[int, Meta(description="how many of them have moved", examples=[310])]
    stays: Annotated[
        dict[str, int],
        Meta(description="affected dossiers whose deadline stays, by why", examples=[{"overdue": 4}]),
    ]


class AnnouncementAnswer(AnnouncementView, frozen=True, kw_only=True):
    """One announcement with a page of the dossiers it affects, by code."""

    not_affected: Annotated[
        dict[str, int] | None,
        Meta(
            description=(
                "of a dry run, the open dossiers whose deadline is the same with these days, by why: `no_deadline`, "
                "`given_by_sender`, `same_deadline` (no such day in their time, or it makes no difference); null when "
                "it is not a dry run"
            ),
            examples=[{"same_deadline": 890}],
        ),
    ] = None
    notes: Annotated[
        list[str],
        Meta(description="days that were so already", examples=[["2023-12-16 is a day off already"]]),
    ] = []
    moves: Annotated[list[MoveView], Meta(description="the page, by code", examples=[[]])]
    next_cursor: Annotated[
        str | None,
        Meta(
            description="give it as `cursor` for the next page; null on the last one", examples=["H59.15-231208-0001"]
        ),
    ]
