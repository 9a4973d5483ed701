"""What became of a candidate: logged now, logged before, or refused."""

from msgspec import Struct

from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal


class Accepted(Struct, frozen=True):
    """The event is in the log; `dossier` is the dossier after it."""

    event_id: str
    name: str
    dossier: Dossier


class Duplicate(Struct, frozen=True):
    """The same event was logged before, as the dossier's event number `sequence`."""

    event_id: str
    name: str
    code: str
    sequence: int


class Refused(Struct, frozen=True):
    """Nothing was logged; the refusal says why. `name` is the event's when it could be read."""

    event_id: str | None
    name: str | None
    refusal: Refusal


Outcome = Accepted | Duplicate | Refused
