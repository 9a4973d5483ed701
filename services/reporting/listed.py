"""What a list of dossiers shows of each, kept beside how it counts, so that a list tells of the time its figure was made."""

from datetime import datetime

import msgspec

from shared.domain.dossier import Dossier
from shared.domain.terms import counts_hours


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """The facts of a version; fields are only ever appended."""

    state: str
    received_at: datetime | None
    due_at: datetime | None
    in_hours: bool
    closed_at: datetime | None
    closed_as: str | None
    returned_at: datetime | None
    officer: str | None


def listed_of(dossier: Dossier) -> Listed:
    return Listed(
        dossier.state.value,
        dossier.received_at,
        dossier.due_at,
        counts_hours(dossier.term),
        dossier.closed_at,
        None if dossier.closed_as is None else dossier.closed_as.value,
        dossier.returned_at,
        dossier.officer,
    )


encode_listed = msgspec.json.Encoder().encode
decode_listed = msgspec.json.Decoder(Listed).decode
