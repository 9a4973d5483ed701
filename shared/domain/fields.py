"""What the fields of events and dossiers hold: words, codes, texts, each with its description and an example."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from shared.domain.localtime import Instant
from shared.domain.terms import Term
from shared.domain.texts import DEPARTMENT_CODE, DOSSIER_CODE, PROCEDURE_CODE, exactly


class Channel(StrEnum):
    """The three classes of the statutory form: how a dossier comes in, and how a result goes out.

    Offices have more channels than classes (offices-2026 §3): the catalogue says the class of each, which is counted.
    """

    ONLINE = "online"
    IN_PERSON = "in_person"
    POSTAL = "postal"


class OnlineLevel(StrEnum):
    FULL = "full"
    PARTIAL = "partial"


class Outcome(StrEnum):
    GRANTED = "granted"
    REFUSED = "refused"
    IN_PART = "in_part"
    BY_LAW = "by_law"
    NOT_NEEDED = "not_needed"


class CorrectableField(StrEnum):
    CHANNEL = "channel"
    ONLINE_LEVEL = "online_level"
    DEPARTMENT = "department"
    PROCEDURE = "procedure"
    DUE_AT = "due_at"
    RECEIVED_AT = "received_at"
    RECEIVED_BY = "received_by"
    APPLICANT = "applicant"


def class_of(channel: str, given: Channel | None) -> Channel:
    """How the form counts a channel: as one of its own, or as intake said.

    What nobody said counts as in person, as the national portal does.
    """
    return given or _CLASSES.get(channel, Channel.IN_PERSON)


_CLASSES = {channel.value: channel for channel in Channel}


UNKNOWN_CHANNEL = "unknown"
ADMINISTRATIVE = "administrative"
"""The reason of a `stopped` that ends a dossier on which nothing was decided and nobody knows why (offices-2026 §7)."""
LONGEST_CODE = 64

Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Department = Annotated[str, Meta(pattern=exactly(DEPARTMENT_CODE), max_length=32)]
Procedure = Annotated[str, Meta(pattern=exactly(PROCEDURE_CODE))]
DossierCode = Annotated[str, Meta(pattern=exactly(DOSSIER_CODE), max_length=LONGEST_CODE)]
ChannelCode = Annotated[str, Meta(pattern=exactly(r"^[a-z][a-z0-9_]*$"), max_length=32)]
DUE = "2029-12-28T17:00:00+07:00"
Vnd = Annotated[int, Meta(ge=0, description="amount in VND")]
TERM = Meta(
    description="how long the answer may take; the procedure's own term when missing",
    examples=[{"amount": 5, "unit": "working_days"}],
)
ByDepartment = Annotated[
    Department,
    Meta(
        description="code of the agency that answers for the dossier, as GET /v1/departments lists it",
        examples=["H59.15"],
    ),
]
OfProcedure = Annotated[
    Procedure, Meta(description="code of the procedure, as GET /v1/procedures lists it", examples=["2.000635"])
]
ReceivedBy = Annotated[
    Department | None,
    Meta(
        description="code of the unit that took it in, where that is another one than the agency that answers for it",
        examples=["H59.20"],
    ),
]
CameBy = Annotated[
    ChannelCode,
    Meta(description="how the dossier came in, as GET /v1/channels lists it", examples=["online"]),
]
ClassOfChannel = Annotated[
    Channel | None,
    Meta(
        description="how the form counts the channel; added by intake where the channel does not say it",
        examples=["in_person"],
    ),
]
Follows = Annotated[
    DossierCode | None,
    Meta(
        description="code of the earlier dossier that this one appeals against or applies again for",
        examples=["H59.15-261002-0007"],
    ),
]
Level = Annotated[
    OnlineLevel | None,
    Meta(description="of an online dossier: the whole procedure online, or a part of it", examples=["full"]),
]
Applicant = Annotated[
    Text | None,
    Meta(description="who applies; only a pseudonym is kept, which can't be turned back", examples=["nguoi-nop-7f3a"]),
]
Reason = Annotated[
    Text | None,
    Meta(
        description="why, in words without a person's name, phone or identity number",
        examples=["thành phần hồ sơ không đúng quy định"],
    ),
]
Ground = Annotated[
    Text | None,
    Meta(description="why, as a law or a fact gives it", examples=["chờ ý kiến của cơ quan có thẩm quyền"]),
]
LegalGround = Annotated[
    Text | None,
    Meta(description="the law that allows it, as it is cited", examples=["khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP"]),
]
Unit = Annotated[Text | None, Meta(description="the office's unit that works on it", examples=["Phòng Hộ tịch"])]
Officer = Annotated[
    Text | None, Meta(description="the officer's pseudonym; never a person's name or number", examples=["o-17"])
]
MovedDue = Annotated[
    Instant | None,
    Meta(
        description="the deadline as the end of a pause moved it; computed by intake from the calendar when missing",
        examples=[DUE],
    ),
]


AcceptanceDue = Annotated[
    Instant | None,
    Meta(
        description="until when an online application is to be accepted, declined or sent back; computed by intake "
        "when missing",
        examples=["2026-11-03T07:55:00+07:00"],
    ),
]
Recompute = Annotated[
    bool,
    Meta(description="whether the deadline is to be counted again by what is right, its pauses kept", examples=[True]),
]
StartsAt = Annotated[
    Instant | None,
    Meta(
        description="from when the term is counted; when the event happened, if missing",
        examples=["2026-11-03T09:00:00+07:00"],
    ),
]
DuplicateOf = Annotated[
    DossierCode | None,
    Meta(description="the dossier that it was entered for a second time", examples=["H59.15-261102-0001"]),
]
ElectronicResult = Annotated[
    bool | None, Meta(description="whether the result is an electronic document", examples=[True])
]
ByTerm = Annotated[
    Term | None,
    Meta(
        description="by how much, counted from the deadline in force; intake computes due_at from it",
        examples=[{"amount": 5, "unit": "working_days"}],
    ),
]


class DeadlineChange(Struct, frozen=True, gc=False):
    """From `at` on, the dossier was due at `due_at`."""

    at: Annotated[Instant, Meta(description="since when the deadline holds", examples=["2026-11-02T08:31:00+07:00"])]
    due_at: Annotated[Instant, Meta(description="the deadline", examples=["2026-11-09T08:31:00+07:00"])]
