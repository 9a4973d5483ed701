"""A read model of any size: the rows that the projector writes of each story, by its own code,
multiplied over codes and offices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

from bench.fates import CODE, DEPARTMENT, OF_A_THOUSAND, PROCEDURE, Story, stories
from services.reporting.read_model.contributions import Contributions, add_to
from services.reporting.read_model.sums import Amounts, Group, day_number, rolled_up
from services.reporting.read_model.tables import dossiers, history
from services.reporting.read_model.versions import RowsToWrite, Version
from shared.catalogue import Catalogue
from shared.domain.localtime import LOCAL, local_date
from shared.domain.timeliness import closed_timeliness

FIRST, LAST = date(2023, 1, 1), date(2023, 12, 31)
BEFORE = timedelta(days=15)  # something must be carried over
CUT = datetime.combine(LAST, time(23, 59), LOCAL)
A_REVISION = timedelta(minutes=10)  # the projector's transactions, as if it had followed along
START = datetime.combine(FIRST - BEFORE, time(), LOCAL)

Row = tuple[Any, ...]
PLAIN = ("department", "procedure", "channel", "online_full", "received_day", "due_day", "closed_day", "closed_as",
         "outcome", "class", "returned_day", "returned_by", "paused_day")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Office:
    """A procedure at the department that handles it."""

    department: str
    procedure: str


def offices(catalogue: Catalogue) -> list[Office]:
    """Every procedure of the catalogue; those that any department may handle at one that has none of its own."""
    own = {procedure.department for procedure in catalogue.procedures.values()}
    spare = next(code for code in catalogue.departments if code not in own)
    return [Office(procedure.department or spare, code) for code, procedure in catalogue.procedures.items()]


@dataclass(slots=True)
class Multiple:
    """A story as rows with its names left open, to be filled in for any number of dossiers."""

    story: Story
    entry: Contributions = field(init=False)
    live: Row = field(init=False)
    superseded: list[Row] = field(init=False)
    plain: Row = field(init=False)

    def __post_init__(self) -> None:
        stored: Version | None = None
        self.superseded = []
        for version in self.story.versions:
            rows = RowsToWrite(revision_of(version.status.recordedtime))
            rows.take(stored, [version])
            self.superseded += rows.history
            (self.live,) = rows.dossiers
            stored = Version(*self.live[: len(Version._fields)])
        self.entry = self.story.versions[-1].contributions
        self.plain = _plain(self.story)


def revision_of(known_at: datetime) -> int:
    return (known_at - START) // A_REVISION + 1


def _plain(story: Story) -> Row:
    """What a straightforward table would hold; judged when written, as the sums are."""
    dossier = story.dossier
    judged = closed_timeliness(dossier)
    paused = dossier.suspended_since if dossier.is_open else None
    days = (dossier.due_at, dossier.closed_at, dossier.returned_at, paused)
    due, closed, returned, paused_day = (
        None if instant is None else day_number(local_date(instant)) for instant in days
    )
    closed_as = None if dossier.closed_as is None else dossier.closed_as.value
    outcome = None if dossier.outcome is None else dossier.outcome.value
    by = None if dossier.return_channel is None else dossier.return_channel.value
    full = int(dossier.online_level is not None)
    received = day_number(story.day)
    return (
        dossier.channel,
        full,
        received,
        due,
        closed,
        closed_as,
        outcome,
        judged and judged.value,
        returned,
        by,
        paused_day,
    )


DAYS = tuple(FIRST - BEFORE + timedelta(number) for number in range((LAST - FIRST + BEFORE).days + 1))


@dataclass(slots=True)
class Generated:
    """`size` dossiers, spread evenly over days, channels and offices, their fates by OF_A_THOUSAND;
    the same every time."""

    size: int
    catalogue: Catalogue
    days: Sequence[date] = DAYS
    multiples: list[Multiple] = field(init=False)
    offices: list[Office] = field(init=False)

    def __post_init__(self) -> None:
        calendar = self.catalogue.calendar(next(iter(self.catalogue.departments)))
        self.multiples = [Multiple(story) for story in stories(self.days, calendar, CUT)]
        self.offices = offices(self.catalogue)

    @property
    def revision(self) -> int:
        return revision_of(CUT) + 1

    def shares(self) -> Iterator[tuple[Multiple, Office, int]]:
        """How many dossiers each office has of each story."""
        cells = sum(OF_A_THOUSAND[multiple.story.fate] for multiple in self.multiples) * len(self.offices)
        passed = given = 0
        for multiple in self.multiples:
            for office in self.offices:
                passed += OF_A_THOUSAND[multiple.story.fate]
                count = self.size * passed // cells - given
                given += count
                if count:
                    yield multiple, office, count

    def named(self) -> Iterator[tuple[Multiple, Office, list[str]]]:
        """The codes of these dossiers."""
        serials: dict[tuple[str, date], int] = {}
        for multiple, office, count in self.shares():
            day = multiple.story.day
            first = serials.get((office.department, day), 0) + 1
            serials[office.department, day] = first + count - 1
            yield (
                multiple,
                office,
                [f"{office.department}-{day:%y%m%d}-{number:04}" for number in range(first, first + count)],
            )

    def rows(self, at_once: int) -> Iterator[tuple[list[Row], list[Row], list[Row]]]:
        """Rows of `dossiers`, `history` and the plain table, in parts of about `at_once` dossiers."""
        live: list[Row] = []
        past: list[Row] = []
        plain: list[Row] = []
        for multiple, office, codes in self.named():
            live += _filled(multiple.live, dossiers.c.keys(), office, codes)
            for version in multiple.superseded:
                past += _filled(version, history.c.keys(), office, codes)
            plain += [(office.department, office.procedure, *multiple.plain)] * len(codes)
            if len(live) >= at_once:
                yield live, past, plain
                live, past, plain = [], [], []
        yield live, past, plain

    def sums(self) -> list[tuple[int, str, str, int, int, str, int]]:
        """The sums of all that the dossiers add."""
        changes: dict[Group, Amounts] = {}
        for multiple, office, count in self.shares():
            add_to(changes, with_names(multiple.entry, office), count)
        return rolled_up(changes)


def with_names(entry: Contributions, office: Office) -> Contributions:
    return msgspec.structs.replace(entry, department=office.department, procedure=office.procedure)


def _filled(template: Row, columns: Sequence[str], office: Office, codes: list[str]) -> list[Row]:
    """The template for each code; the names of the office are written once for all of them."""
    values = dict(zip(columns, template, strict=True))
    values |= {"department": office.department, "procedure": office.procedure, "received_by": office.department}
    values["contributions"] = _with_office(values["contributions"], office)
    rest = tuple(values[name] for name in columns[1:])
    if "snapshot" not in values:
        return [(code, *rest) for code in codes]
    before, after = _with_office(values["snapshot"], office).split(CODE.encode())
    assert columns[-1] == "snapshot"
    return [(code, *rest[:-1], before + code.encode() + after) for code in codes]


def _with_office(text: bytes, office: Office) -> bytes:
    return text.replace(DEPARTMENT.encode(), office.department.encode()).replace(
        PROCEDURE.encode(), office.procedure.encode()
    )
