"""What every service answers alike: how it is, and why it refuses."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contract.http.log import Conflict, Rejection


class HealthAnswer(Struct, frozen=True, kw_only=True):
    """`GET /healthz/live` and `GET /healthz/ready`: whether all is well."""

    status: Annotated[str, Meta(description="ok, or what is amiss", examples=["ok"])]
    poison_in_a_row: (
        Annotated[int, Meta(description="of reporting: records in a row that it can't use", examples=[3])] | UnsetType
    ) = UNSET
    access: (
        Annotated[
            str,
            Meta(
                description="what is amiss with the folder of keys, while the service goes on with those it had",
                examples=["the file of keys can't be used; the keys that it held before go on, and no change is seen"],
            ),
        ]
        | UnsetType
    ) = UNSET


class FieldMistake(Struct, frozen=True):
    """What is wrong in which field of a request, and the fix."""

    field: Annotated[str, Meta(description="the field's path", examples=["days.0.works"])]
    detail: Annotated[
        str,
        Meta(description="what is wrong and what to write", examples=["is neither true nor false; write one of them"]),
    ]


class ProblemDetails(Struct, frozen=True, kw_only=True):
    """A refusal or a failure as problem details (RFC 9457); some say more than the first six members."""

    type: Annotated[str, Meta(description="always about:blank: `code` tells problems apart", examples=["about:blank"])]
    title: Annotated[str, Meta(description="the phrase of the status", examples=["Conflict"])]
    status: Annotated[int, Meta(description="the status code", examples=[409])]
    detail: Annotated[
        str,
        Meta(
            description="what is wrong and what to do",
            examples=["a dossier that is resolved can't be withdrawn; allowed now: returned"],
        ),
    ]
    code: Annotated[
        str,
        Meta(description="for machines, such as transition_not_allowed", examples=["transition_not_allowed"]),
    ]
    field: Annotated[
        str | None,
        Meta(description="the field at fault, such as data.due_at; null when none is", examples=["event"]),
    ]
    allowed: (
        Annotated[
            list[str],
            Meta(description="of transition_not_allowed: the events allowed now", examples=[["returned"]]),
        ]
        | UnsetType
    ) = UNSET
    errors: (
        Annotated[list[FieldMistake], Meta(description="of a malformed request: each field at fault", examples=[[]])]
        | UnsetType
    ) = UNSET
    parameter: (
        Annotated[str, Meta(description="the parameter at fault, the same as `field`", examples=["as_of"])] | UnsetType
    ) = UNSET
    position: (
        Annotated[
            int,
            Meta(description="of a rebuild's part out of turn: how far the log has been read", examples=[80121]),
        ]
        | UnsetType
    ) = UNSET
    dossier: (
        Annotated[str, Meta(description="the dossier that can't be counted", examples=["H59.15-231208-0001"])]
        | UnsetType
    ) = UNSET
    conflicts: (
        Annotated[
            list[Conflict],
            Meta(description="of log_diverged: the first events with another one in their place", examples=[[]]),
        ]
        | UnsetType
    ) = UNSET
    count: Annotated[int, Meta(description="of log_diverged: how many those are", examples=[12])] | UnsetType = UNSET
    accepted: (
        Annotated[int, Meta(description="of a bulk call: events that are in the log now", examples=[998])] | UnsetType
    ) = UNSET
    duplicates: (
        Annotated[int, Meta(description="of a bulk call: events that were in the log before", examples=[1])] | UnsetType
    ) = UNSET
    rejected: Annotated[int, Meta(description="of a bulk call: events that were refused", examples=[1])] | UnsetType = (
        UNSET
    )
    rejections: (
        Annotated[list[Rejection], Meta(description="of a bulk call: the first of the rejected", examples=[[]])]
        | UnsetType
    ) = UNSET
    rejections_omitted: (
        Annotated[int, Meta(description="of a bulk call: rejected and not listed", examples=[12])] | UnsetType
    ) = UNSET
