"""Published documents as they are kept and handed over: publications, revisions, later notes.

A document travels as its canonical bytes (shared/publishing): a reader checks these before it trusts a member.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec import field as member

from shared.contract.http.figures import (
    AsOf,
    Code,
    DefinitionName,
    First,
    Identities,
    Last,
    Organised,
)
from shared.contract.http.rows import FigureRow, KeyedRow
from shared.domain.fields import Channel
from shared.domain.localtime import Instant

FORMAT = "motcua-publication/1"
PUBLICATION, REVISION, NOTE = "publication", "revision", "note"

SHA256 = "3f1c9e0a7d52b86410cfa3e2d9b7485e6a1f0c2d3b4a59687f8e9d0c1b2a3948"
Sha256 = Annotated[
    str, Meta(description="the document's hash: over its canonical bytes without this member", examples=[SHA256])
]
Number = Annotated[int, Meta(description="the publication's number: 1, 2, 3 … of this installation", examples=[1])]
Cell = Annotated[
    str,
    Meta(
        max_length=500,
        description="a number: `total.<column>`, or `<dimension>.<value>.<column>`, with `-` for the value of what is "
        "not in the catalogue",
        examples=["total.resolved_overdue", "department.H59.15.resolved_overdue"],
    ),
]
Cells = Annotated[list[Cell], Meta(description="by their names", examples=[["total.resolved_overdue"]])]
Title = Annotated[str, Meta(description="what it is called", examples=["Quý I năm 2023"])]
PublishedAt = Annotated[Instant, Meta(description="when it was published", examples=["2023-04-03T08:00:02+07:00"])]
KnownAt = Annotated[
    Instant,
    Meta(
        description="the figures are of what was known at this instant", examples=["2023-04-03T08:00:00.999999+07:00"]
    ),
]
Provisional = Annotated[
    bool, Meta(description="whether it was published before its period had ended", examples=[False])
]
NamedPeriod = Annotated[
    str | None, Meta(description="the statutory period; null unless it was asked for by name", examples=["2023-Q1"])
]
Dimensions = Annotated[
    list[str], Meta(description="the dimensions, each of which has a table", examples=[["department", "field"]])
]
NoteText = Annotated[
    str, Meta(min_length=1, max_length=2000, description="the note", examples=["Gồm 3 hồ sơ chờ giám định."])
]
Author = Annotated[
    Annotated[str, Meta(min_length=1, max_length=100)] | None,
    Meta(description="whose note it is, a pseudonym or an office", examples=["cb-0417"]),
]


EVERY_DOSSIER: dict[str, list[str] | None] = {"departments": [], "procedures": None, "channels": [], "received_by": []}
FIRST_QUARTER = {
    "from": "2022-12-15",
    "to": "2023-03-14",
    "period": "2023-Q1",
    "definition": "by-date/1",
    "as_of": "2023-04-03T08:00:00+07:00",
    "as_known_at": "2023-04-03T08:00:00.999999+07:00",
    "organised": "then",
    "by": ["department", "field"],
    "filters": EVERY_DOSSIER,
}
WHOLE_LOG = {"events": 318023, "position": 318023, "set_aside": 0}


class PublishedFilters(Struct, frozen=True, kw_only=True):
    """Which dossiers were counted; an empty list is all."""

    departments: Annotated[list[str], Meta(description="of these departments", examples=[[]])]
    procedures: Annotated[
        list[str] | None,
        Meta(description="of these procedures, as fields and levels named them then; null for all", examples=[None]),
    ]
    channels: Annotated[list[Channel], Meta(description="that came in by these channels", examples=[[]])]
    received_by: Annotated[list[str], Meta(description="that these units took in", examples=[[]])]


class PublishedQuery(Struct, frozen=True, kw_only=True):
    """What the figures are of, complete: the same question gives them again."""

    first: First = member(name="from")
    last: Last = member(name="to")
    period: NamedPeriod
    definition: DefinitionName
    as_of: AsOf
    as_known_at: KnownAt
    organised: Organised
    by: Dimensions
    filters: Annotated[PublishedFilters, Meta(description="which dossiers", examples=[EVERY_DOSSIER])]


class CountedLog(Struct, frozen=True, kw_only=True):
    """Of which events the figures were made: all that intake's log held."""

    events: Annotated[int, Meta(description="events of the log, all of them read", examples=[318023])]
    position: Annotated[int, Meta(description="the position of the last of them", examples=[318023])]
    set_aside: Annotated[int, Meta(description="of these, events that could not be used (dead letters)", examples=[0])]


class FrozenTable(Struct, frozen=True, kw_only=True):
    """The rows of one dimension."""

    by: Annotated[str, Meta(description="the dimension", examples=["department"])]
    rows: Annotated[list[KeyedRow], Meta(description="by key", examples=[[]])]
    identities: Identities


class _ChainedDocument(Struct, frozen=True, kw_only=True):
    format: Annotated[str, Meta(description="how the document is made", examples=[FORMAT])] = FORMAT
    place: Annotated[
        int, Meta(description="its place in the chain of all documents of this installation, from 1", examples=[7])
    ]
    previous: Annotated[
        str | None, Meta(description="the hash of the document before it; null for the first", examples=[SHA256])
    ]
    published_at: PublishedAt
    number: Number
    sha256: Sha256 | UnsetType = UNSET


class FrozenFigures(_ChainedDocument, frozen=True, kw_only=True):
    """Figures as they were frozen, with what they rest on."""

    query: Annotated[PublishedQuery, Meta(description="what they are of", examples=[FIRST_QUARTER])]
    total: FigureRow
    open_before: Annotated[
        int, Meta(description="dossiers in progress at the end of the day before the period", examples=[12])
    ]
    tables: Annotated[list[FrozenTable], Meta(description="one for each dimension of `query.by`", examples=[[]])]
    log: Annotated[CountedLog, Meta(description="which events they were made of", examples=[WHOLE_LOG])]
    rules: Annotated[int, Meta(description="the version of the rules that counted (RULES_VERSION)", examples=[4])]
    catalogue: Annotated[
        str,
        Meta(
            description="hash of the procedures, and of what became of units, by which rows were made", examples=["9b"]
        ),
    ]
    software: Annotated[str, Meta(description="which software made it", examples=["motcua 0.3.0"])]


class PublishedNote(Struct, frozen=True, kw_only=True):
    """A note with the number that it is about."""

    cell: Cell
    count: Annotated[int, Meta(description="the published number, in dossiers", examples=[3])]
    text: NoteText
    author: Author


class PublicationDocument(FrozenFigures, frozen=True, kw_only=True):
    """`GET /v1/publications/{number}`: the figures of a period, frozen."""

    kind: Annotated[str, Meta(description="publication", examples=[PUBLICATION])] = PUBLICATION
    title: Title
    provisional: Provisional
    notes: Annotated[list[PublishedNote], Meta(description="notes kept with figures from the beginning", examples=[[]])]


class ChangedCell(Struct, frozen=True, kw_only=True):
    """A number that is another one now."""

    cell: Cell
    before: Annotated[int, Meta(description="as it was published last", examples=[12])]
    after: Annotated[int, Meta(description="as it is now", examples=[13])]
    recounted: Annotated[
        int,
        Meta(description="of the difference, what no dossier explains: see `recounted_because`", examples=[0]),
    ] = 0


class MovedDossier(Struct, frozen=True, kw_only=True):
    """A dossier that is no longer in the same numbers, and what has become known of it."""

    code: Code
    left: Cells
    entered: Cells
    known_at: Annotated[
        Instant, Meta(description="since when it is known to count so", examples=["2023-04-07T09:12:00+07:00"])
    ]
    events: Annotated[
        list[str] | None,
        Meta(
            description="the events that became known in between; null when intake was not asked or did not answer",
            examples=[["corrected"]],
        ),
    ]


class RevisionDocument(FrozenFigures, frozen=True, kw_only=True):
    """`GET /v1/publications/{number}/revisions/{revision}`: the same figures by what is known now, and what moved."""

    kind: Annotated[str, Meta(description="revision", examples=[REVISION])] = REVISION
    revision: Annotated[int, Meta(description="which revision of the publication, from 1", examples=[1])]
    revises: Annotated[
        str, Meta(description="the hash of the document it is compared with: the last one before it", examples=[SHA256])
    ]
    known_before: KnownAt
    changes: Annotated[list[ChangedCell], Meta(description="the numbers that are others now", examples=[[]])]
    moved: Annotated[list[MovedDossier], Meta(description="the dossiers that explain it, by code", examples=[[]])]
    recounted_because: Annotated[
        list[str],
        Meta(
            description="why numbers differ beyond the dossiers that moved: `rules`, `catalogue`, or `history` when "
            "what was known then is not known as it was",
            examples=[[]],
        ),
    ]


class NoteDocument(_ChainedDocument, frozen=True, kw_only=True):
    """`POST /v1/publications/{number}/notes`: a note kept with a published number."""

    kind: Annotated[str, Meta(description="note", examples=[NOTE])] = NOTE
    note: Annotated[int, Meta(description="which later note of the publication, from 1", examples=[1])]
    about: Annotated[str, Meta(description="the hash of the document that holds the number", examples=[SHA256])]
    cell: Cell
    count: Annotated[int, Meta(description="the published number, in dossiers", examples=[3])]
    text: NoteText
    author: Author
