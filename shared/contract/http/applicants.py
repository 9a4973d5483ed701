"""Intake's messages about applicants: what is kept of one, and what became of it."""

from typing import Annotated

from msgspec import Meta, Struct

from shared.contract.applicants import ApplicantDetails
from shared.contract.http.figures import Code
from shared.domain.localtime import Instant

Pseudonym = Annotated[
    str, Meta(description="the applicant's pseudonym", examples=["p-0f1e2d3c4b5a69788796a5b4c3d2e1f0"])
]
ErasedAt = Annotated[
    Instant | None, Meta(description="when the details were erased; null when never", examples=["2026-12-01T09:00:00Z"])
]


class ApplicantView(Struct, frozen=True, kw_only=True):
    """`GET /v1/dossiers/{code}/applicant`: what is kept of who applied; `details` is null when nothing is."""

    code: Code
    applicant: Annotated[
        str | None,
        Meta(
            description="the applicant's pseudonym; null for a dossier that names nobody",
            examples=["p-0f1e2d3c4b5a69788796a5b4c3d2e1f0"],
        ),
    ]
    details: Annotated[
        ApplicantDetails | None,
        Meta(
            description="who it is; null when nothing is kept",
            examples=[{"id_number": "084180001234", "name": "Nguyễn Thị Hoa"}],
        ),
    ]
    stored_at: Annotated[
        Instant | None, Meta(description="when the details were last stored", examples=["2026-11-30T09:00:00Z"])
    ] = None
    kept_until: Annotated[
        Instant | None,
        Meta(
            description="until when they are kept, by the retention of the procedures; null when no end is known",
            examples=["2031-11-30T09:00:00Z"],
        ),
    ] = None
    erased_at: ErasedAt = None


class Erasure(Struct, frozen=True, kw_only=True):
    """That an applicant was erased: what is left of it."""

    applicant: Pseudonym
    erased_at: Annotated[Instant, Meta(description="when", examples=["2026-12-01T09:00:00Z"])]
    erased_by: Annotated[str, Meta(description="who asked for it", examples=["key:3f9a1c"])]
    reason: Annotated[str, Meta(description="why", examples=["yêu cầu xóa dữ liệu ngày 30/11/2026"])]


class ErasureAnswer(Struct, frozen=True, kw_only=True):
    """`DELETE /v1/applicants/{pseudonym}`: the erasure, and whether there was anything to erase this time."""

    erasure: Annotated[
        Erasure,
        Meta(
            description="what is left: that it was erased",
            examples=[
                {
                    "applicant": "p-0f1e2d3c4b5a69788796a5b4c3d2e1f0",
                    "erased_at": "2026-12-01T09:00:00Z",
                    "erased_by": "key:3f9a1c",
                    "reason": "yêu cầu xóa dữ liệu ngày 30/11/2026",
                }
            ],
        ),
    ]
    erased: Annotated[bool, Meta(description="whether details were there; false for a repeat", examples=[True])]


class RotationAnswer(Struct, frozen=True, kw_only=True):
    """`POST /v1/applicants/rotate`: every data key is wrapped by the first master key, but for the unreadable ones."""

    key: Annotated[str, Meta(description="the id of the first master key", examples=["5d41402abc4b2a76"])]
    wrapped: Annotated[int, Meta(ge=0, description="data keys that were wrapped anew", examples=[1204])]
    unreadable: Annotated[
        int, Meta(ge=0, description="data keys whose master key is not among those that are set", examples=[0])
    ]


class ExpiryAnswer(Struct, frozen=True, kw_only=True):
    """`POST /v1/applicants/expire`: who was erased because every dossier has been closed long enough."""

    looked_at: Annotated[int, Meta(ge=0, description="applicants of whom details were kept", examples=[5210])]
    erased: Annotated[int, Meta(ge=0, description="applicants who were erased", examples=[17])]
