"""What intake takes as an event's data:
the fields of the contract and no other, and `x` for what a vendor wants to keep.

Readers stay lenient, for the logs of earlier versions hold fields that nobody knows; whoever writes today is told.
"""

from typing import Annotated, Any, cast, get_type_hints

import msgspec
from msgspec import Meta

from shared.domain.events import EVENT_TYPES, Event
from shared.domain.localtime import Instant

EXTENSION = "x"
EXTENSION_KEY = r"^[a-z][a-z0-9_]{0,39}$"
MOST_EXTENSION_KEYS, LONGEST_EXTENSION_TEXT, LARGEST_EXTENSION_BYTES = 20, 500, 4096
LONGEST_NAME = 300  # of what the status carries: an agency, an officer, a unit
NAMES = frozenset({"officer", "unit", "agency"})
TERMS = ("term", "by")
DETAILED = {"received": "applicant", "submitted": "applicant", "corrected": "new_value"}
"""The fields that may hold an applicant's details as an object (ApplicantDetails), which no event ever carries."""
FREE_TEXTS = frozenset({"reason", "missing", "legal_ground", "ground"})

Extension = Annotated[
    dict[
        Annotated[str, Meta(pattern=EXTENSION_KEY.removesuffix("$") + r"(?!\n)$")],
        Annotated[str, Meta(max_length=LONGEST_EXTENSION_TEXT)] | bool | int | float | None,
    ]
    | None,
    Meta(
        description=f"the sender's own facts: at most {MOST_EXTENSION_KEYS} keys with texts, numbers, true, false or "
        f"null, {LARGEST_EXTENSION_BYTES} bytes in all; kept and passed on, in no figure. "
        "Nothing that tells who a person is"
    ),
]

REQUIRED_BY_LAW: dict[str, tuple[str, ...]] = {
    "declined": ("reason",),
    "withdrawn": ("reason",),
    "stopped": ("reason",),
    "transferred": ("reason",),
    "apologised": ("reason",),
    "corrected": ("reason",),
    "extended": ("legal_ground",),
    "suspended": ("ground",),
    "deadline_set": ("ground",),
    "reopened": ("reason", "legal_ground"),
    "voided": ("reason",),
}
"""The fields that an event must have to be taken; events logged before this was asked for may lack them."""

FILLED_IN = {"extended": ("due_at",), "deadline_set": ("due_at",)}
"""Fields that every logged event has and a sender may leave out, for intake computes them."""


def _optional(contents: type[Event], instant: str) -> Any:
    """The type of an instant that may be left out, described as it is."""
    described = get_type_hints(contents, include_extras=True)[instant].__metadata__[-1]
    return Annotated[Instant | None, described]


def _as_sent(contents: type[Event], filled_in: tuple[str, ...]) -> type[Event]:
    """The event without what intake fills in."""
    if not filled_in:
        return contents
    fields = [(name, _optional(contents, name), None) for name in filled_in]
    own = {"__doc__": contents.__doc__}
    made = msgspec.defstruct(contents.__name__, fields, bases=(contents,), namespace=own, frozen=True, kw_only=True)
    return cast("type[Event]", made)


def _only(contents: type[Event]) -> type[Event]:
    options: dict[str, Any] = {
        "frozen": True,
        "kw_only": True,
        "forbid_unknown_fields": True,
        "namespace": {"__doc__": contents.__doc__},
    }
    return cast(
        "type[Event]",
        msgspec.defstruct(contents.__name__, [(EXTENSION, Extension, None)], bases=(contents,), **options),
    )


AS_SENT: dict[str, type[Event]] = {name: _as_sent(cls, FILLED_IN.get(name, ())) for name, cls in EVENT_TYPES.items()}
"""The events as their senders write them, whatever else stands beside their fields."""

ACCEPTED: dict[str, type[Event]] = {name: _only(cls) for name, cls in AS_SENT.items()}
