"""Reporting's answers about its read model: a rebuild from intake's log, and the model's check of itself."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contract.http.figures import Code
from shared.contract.http.service import ProblemDetails

Detail = Annotated[str, Meta(description="what is wrong with it", examples=["was missing"])]


class ReadModelHead(Struct, frozen=True, kw_only=True):
    """How much of intake's log the live model has had its chance to count: what the ledger stood for in the statuses
    that were read. Both are null while they can't be known: a partition is being read from its beginning.
    """

    events: Annotated[int | None, Meta(description="events that the ledger held", examples=[80119])]
    log_events: Annotated[
        int | None,
        Meta(description="events of the log that it had read, those that became dead letters too", examples=[80121]),
    ]


class UncountedEvent(Struct, frozen=True, kw_only=True):
    """An event of the log that the rules do not allow, or that leads to a dossier that can't be counted."""

    position: Annotated[int, Meta(description="its position in the log", examples=[417])]
    code: Code
    detail: Annotated[
        str, Meta(description="why it is not counted", examples=["resolved is not allowed in state submitted"])
    ]


class RebuildAnswer(Struct, frozen=True, kw_only=True):
    """How far a rebuild is; of a part of the log also which of its events were `refused`."""

    id: Annotated[
        int, Meta(description="the rebuild's number, the generation that the new model will be", examples=[1702000000])
    ]
    position: Annotated[int, Meta(description="the log's position up to which it has been read", examples=[80121])]
    events: Annotated[int, Meta(description="how many events that were", examples=[80121])]
    settled: Annotated[
        bool, Meta(description="whether the live model has had time to see what was sent", examples=[False])
    ]
    refused: (
        Annotated[list[UncountedEvent], Meta(description="events that are not counted", examples=[[]])] | UnsetType
    ) = UNSET


class PartOutOfTurn(ProblemDetails, frozen=True, kw_only=True):
    """The 409 of a part of the log that does not follow the last one taken."""

    position: Annotated[int, Meta(description="how far the log has been read: go on after it", examples=[80121])]


class DossierDifference(Struct, frozen=True, kw_only=True):
    """A dossier that the live model held otherwise than the log."""

    code: Code
    detail: Detail


class SumDifference(Struct, frozen=True, kw_only=True):
    """A sum of the read model that is not what its dossiers make it."""

    span: Annotated[str, Meta(description="a day, a month or a year", examples=["2023-01"])]
    department: Annotated[str | None, Meta(description="null for all departments", examples=["H59.15"])]
    procedure: Annotated[str | None, Meta(description="null for all procedures", examples=["2.000635"])]
    channel: Annotated[
        str, Meta(description="online, in_person or postal; a number that means nothing as it is", examples=["online"])
    ]
    measure: Annotated[
        str, Meta(description="what was counted; a number that means nothing as it is", examples=["received"])
    ]
    definition: Annotated[
        str | None, Meta(description="by which definition, of what one judges", examples=["by-date/1"])
    ]
    off_by: Annotated[int, Meta(description="by how many dossiers it was too high", examples=[-1])]
    received_by: (
        Annotated[str, Meta(description="of those only that this other unit took in", examples=["H59.20"])] | UnsetType
    ) = UNSET


class SwapAnswer(Struct, frozen=True, kw_only=True):
    """What the live model and the one made from the log came to, and whether the new one took its place."""

    swapped: Annotated[bool, Meta(description="whether it did; false after a dry run", examples=[True])]
    generation: Annotated[int, Meta(description="the live model's generation now", examples=[1702000000])]
    dossiers: Annotated[int, Meta(description="dossiers of the new model", examples=[80121])]
    events: Annotated[int, Meta(description="events of the log that it was made from", examples=[412000])]
    dossiers_differing: Annotated[int, Meta(description="dossiers that the live model held otherwise", examples=[0])]
    sums_differing: Annotated[int, Meta(description="sums that were not those of the log", examples=[0])]
    differences: Annotated[list[DossierDifference], Meta(description="the first of those dossiers", examples=[[]])]
    sums: Annotated[list[SumDifference], Meta(description="the first of those sums", examples=[[]])]


class InconsistencyLine(Struct, frozen=True, kw_only=True):
    """A line of `GET /v1/consistency`: something that is wrong."""

    about: Annotated[
        str | SumDifference, Meta(description="the dossier's code, or the sum", examples=["H59.15-231208-0001"])
    ]
    detail: Detail


class CheckProgressLine(Struct, frozen=True, kw_only=True):
    """A line of `GET /v1/consistency`: how far the check is."""

    looked_at: Annotated[int, Meta(description="rows looked at so far", examples=[2000])]
    of: Annotated[int, Meta(description="rows in all", examples=[80121])]


class CheckedLine(Struct, frozen=True, kw_only=True):
    """The last line of `GET /v1/consistency`: how much was looked at."""

    dossiers: Annotated[int, Meta(description="dossiers looked at", examples=[80121])]
    sums: Annotated[int, Meta(description="sums looked at", examples=[31000])]
    differences: Annotated[int, Meta(description="lines that told of something wrong", examples=[0])]
