"""Publications over HTTP: what is asked for, and lists of what was published (published_documents.py)."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec import field as member

from shared.contract.http.figures import Cursor, DefinitionName, First, Last, ListedDossier, Organised
from shared.contract.http.published_documents import (
    Author,
    Cell,
    Dimensions,
    KnownAt,
    NamedPeriod,
    NoteDocument,
    NoteText,
    Number,
    Provisional,
    PublishedAt,
    Sha256,
    Title,
)

HASH = "Motcua-Sha256"
"""The header that carries the hash of what a document or a file of it is of."""

Words = Annotated[list[Annotated[str, Meta(max_length=500)]], Meta(max_length=500)]


class NewNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note to be kept with a figure."""

    cell: Cell
    text: NoteText
    author: Author = None


class NewPublication(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/publications`: the figures to freeze, asked for as those of `GET /v1/figures`."""

    title: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None,
        Meta(description="what it is called; the period when missing", examples=["Quý I năm 2023"]),
    ] = None
    period: Annotated[
        Annotated[str, Meta(max_length=20)] | None,
        Meta(description="a statutory period, instead of `from` and `to`", examples=["2023-Q1"]),
    ] = None
    first: Annotated[
        Annotated[str, Meta(max_length=20)] | None, Meta(description="the first day", examples=["2023-01-01"])
    ] = member(name="from", default=None)
    last: Annotated[
        Annotated[str, Meta(max_length=20)] | None,
        Meta(description="the last day, inclusive", examples=["2023-03-31"]),
    ] = member(name="to", default=None)
    definition: Annotated[
        Annotated[str, Meta(max_length=50)] | None,
        Meta(description="the definition of timeliness; by-date/1 when missing", examples=["by-date/1"]),
    ] = None
    as_of: Annotated[
        Annotated[str, Meta(max_length=50)] | None,
        Meta(description="judge as at the end of this day; now when missing", examples=["2023-03-31"]),
    ] = None
    as_known_at: Annotated[
        Annotated[str, Meta(max_length=50)] | None,
        Meta(
            description="freeze what was known at this instant; now when missing",
            examples=["2023-04-03T08:00:00+07:00"],
        ),
    ] = None
    organised: Annotated[
        Annotated[str, Meta(max_length=10)] | None,
        Meta(description="`then` or `now`: which units dossiers are counted for", examples=["then"]),
    ] = None
    by: Annotated[
        Words | None,
        Meta(
            description="a table for each of department, field, channel, level, procedure, month, received_by; "
            "department and field when missing",
            examples=[["department", "field"]],
        ),
    ] = None
    department: Annotated[Words | None, Meta(description="only these departments", examples=[["H59.15"]])] = None
    channel: Annotated[Words | None, Meta(description="only these channels", examples=[["online"]])] = None
    procedure: Annotated[Words | None, Meta(description="only these procedures", examples=[["2.000635"]])] = None
    field: Annotated[Words | None, Meta(description="only procedures of these fields", examples=[["Hộ tịch"]])] = None
    level: Annotated[Words | None, Meta(description="only procedures of these levels", examples=[["province"]])] = None
    received_by: Annotated[Words | None, Meta(description="only what these units took in", examples=[["H59.20"]])] = (
        None
    )
    provisional: Annotated[
        bool, Meta(description="publish although the period has not ended; the document says so", examples=[False])
    ] = False
    notes: Annotated[
        Annotated[list[NewNote], Meta(max_length=100)],
        Meta(description="notes to be kept with figures from the beginning", examples=[[]]),
    ] = []


PENDING = {"differs": True, "cells": 6, "dossiers": 1, "most": 20000, "since": "2023-04-03T08:00:00.999999+07:00"}


class PublicationSummary(Struct, frozen=True, kw_only=True):
    """A publication in a list."""

    number: Number
    title: Title
    first: First = member(name="from")
    last: Last = member(name="to")
    period: NamedPeriod
    definition: DefinitionName
    organised: Organised
    by: Dimensions
    provisional: Provisional
    as_known_at: KnownAt
    published_at: PublishedAt
    sha256: Sha256
    revisions: Annotated[int, Meta(description="how many revisions it has", examples=[0])] = 0
    notes: Annotated[int, Meta(description="how many notes were added to it later", examples=[0])] = 0


class PublicationList(Struct, frozen=True, kw_only=True):
    """`GET /v1/publications`: the newest first, page by page."""

    publications: Annotated[list[PublicationSummary], Meta(description="the newest first", examples=[[]])]
    cursor: Cursor


class RevisionSummary(Struct, frozen=True, kw_only=True):
    """A revision in a list."""

    revision: Annotated[int, Meta(description="its number", examples=[1])]
    as_known_at: KnownAt
    published_at: PublishedAt
    sha256: Sha256
    cells: Annotated[int, Meta(description="how many numbers changed", examples=[6])]
    dossiers: Annotated[int, Meta(description="how many dossiers moved", examples=[1])]


class PendingRevision(Struct, frozen=True, kw_only=True):
    """What has become known since the last document, and is not in it."""

    differs: Annotated[
        bool, Meta(description="whether any number, or any dossier behind one, is another one now", examples=[True])
    ]
    cells: Annotated[int, Meta(description="how many numbers are others now", examples=[6])]
    dossiers: Annotated[int, Meta(description="how many dossiers moved; at most `most`", examples=[1])]
    most: Annotated[int, Meta(description="how many dossiers one revision can list", examples=[20000])]
    since: KnownAt


class RevisionList(Struct, frozen=True, kw_only=True):
    """`GET /v1/publications/{number}/revisions`: those that were made, and whether another one is due."""

    number: Number
    revisions: Annotated[list[RevisionSummary], Meta(description="in their order", examples=[[]])]
    pending: Annotated[PendingRevision, Meta(description="what a revision would bring now", examples=[PENDING])]


class NoteList(Struct, frozen=True, kw_only=True):
    """`GET /v1/publications/{number}/notes`: the notes that were added to it later, in their order."""

    number: Number
    notes: Annotated[list[NoteDocument], Meta(description="in their order", examples=[[]])]


class PublishedDossiers(Struct, frozen=True, kw_only=True):
    """`GET /v1/publications/{number}/dossiers`: the dossiers behind a published number, as they counted then."""

    number: Number
    revision: Annotated[int | None, Meta(description="of which revision; null for the publication", examples=[None])]
    sha256: Sha256
    cell: Cell
    as_known_at: KnownAt
    published: Annotated[int, Meta(description="the published number, in dossiers", examples=[3])]
    counted: (
        Annotated[
            int,
            Meta(
                description="the same number counted again by today's rules and catalogue (on the first page); the "
                "list has so many dossiers",
                examples=[3],
            ),
        ]
        | UnsetType
    ) = UNSET
    dossiers: Annotated[
        list[ListedDossier],
        Meta(description="by day of receipt and code; applications by day of submission", examples=[[]]),
    ]
    cursor: Cursor


class RestoredDocuments(Struct, frozen=True, kw_only=True):
    """`POST /v1/publications/documents`: what came back into the chain; with a difference nothing does."""

    restored: Annotated[int, Meta(description="documents that the chain lacked and has again", examples=[12])]
    present: Annotated[int, Meta(description="documents that it had, the same byte for byte", examples=[3])]
