"""What intake takes as an event's data:
the fields of the contract and no other, and `x` for what a vendor wants to keep.

Readers stay lenient, for the logs of earlier versions hold fields that nobody knows; whoever writes today is told.
"""

from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta

from shared.domain.events import EVENT_TYPES, Event

EXTENSION = "x"
EXTENSION_KEY = r"^[a-z][a-z0-9_]{0,39}$"
MOST_EXTENSION_KEYS, LONGEST_EXTENSION_TEXT, LARGEST_EXTENSION_BYTES = 20, 500, 4096
LONGEST_NAME = 300  # of what the status carries: an agency, an officer, a unit
NAMES = frozenset({"officer", "unit", "agency"})
FREE_TEXTS = frozenset({"reason", "missing", "legal_ground"})

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

REQUIRED_BY_LAW: dict[str, str] = {
    "declined": "reason",
    "withdrawn": "reason",
    "stopped": "reason",
    "apologised": "reason",
    "corrected": "reason",
    "extended": "legal_ground",
}
"""The field that an event must have to be taken; events logged before this was asked for may lack it."""


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


ACCEPTED: dict[str, type[Event]] = {name: _only(cls) for name, cls in EVENT_TYPES.items()}
