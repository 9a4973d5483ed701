"""What an applicant asks with a slip, and what is told: nothing about a person, nothing about who works on it."""

from typing import Annotated

from msgspec import Meta, Struct

from shared.domain.localtime import Instant

LONGEST_TYPED = 100


class NewLookUp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/look-up`: the code and the secret of a slip, as somebody types them."""

    code: Annotated[
        str, Meta(max_length=LONGEST_TYPED, description="the dossier's code", examples=["H59.15-231208-0001"])
    ]
    secret: Annotated[str, Meta(max_length=LONGEST_TYPED, description="the slip's secret", examples=["K7M4P-9XQTC"])]


class LookUpAnswer(Struct, frozen=True, kw_only=True):
    """How the dossier stands, for the person who applied."""

    code: Annotated[str, Meta(description="the dossier's code, as it was given out", examples=["H59.15-231208-0001"])]
    state: Annotated[str, Meta(description="where it is in its lifecycle", examples=["processing"])]
    text: Annotated[
        str,
        Meta(
            description="the same in plain words, in the language of Accept-Language (vi or en)",
            examples=["Your dossier is being worked on."],
        ),
    ]
    procedure: Annotated[str, Meta(description="the procedure's name", examples=["Cấp bản sao trích lục hộ tịch"])]
    department: Annotated[str, Meta(description="the agency that answers for it", examples=["Sở Tư pháp"])]
    submitted_at: Annotated[
        Instant | None, Meta(description="when it was handed in online", examples=["2023-12-08T07:55:00+07:00"])
    ] = None
    received_at: Annotated[
        Instant | None, Meta(description="when it was received", examples=["2023-12-08T08:31:00+07:00"])
    ] = None
    promised_at: Annotated[
        Instant | None,
        Meta(
            description="when the result is promised for: the deadline, or the new date of the last apology; null once "
            "closed, while the clock stands, and where no date was given",
            examples=["2023-12-15T08:31:00+07:00"],
        ),
    ] = None
    missing: Annotated[
        str | None, Meta(description="what the applicant is to bring", examples=["bản sao giấy khai sinh"])
    ] = None
    missing_until: Annotated[
        Instant | None, Meta(description="until when it is to be brought", examples=["2023-12-29T17:00:00+07:00"])
    ] = None
    result_at: Annotated[
        Instant | None, Meta(description="since when the result is ready", examples=["2023-12-14T10:00:00+07:00"])
    ] = None
    returned_at: Annotated[
        Instant | None, Meta(description="when the result was handed over", examples=["2023-12-14T14:00:00+07:00"])
    ] = None
