"""What intake itself refuses before the lifecycle is asked, each with a stable code and a message that says what to do."""

from shared.domain.errors import Refusal


class Malformed(Refusal):
    """Not an event of the contract: the message names the field."""

    code = "malformed"


class UnknownType(Refusal):
    """The type is not an event of the lifecycle."""

    code = "unknown_type"


class UnknownDepartment(Refusal):
    """The department is not in the catalogue."""

    code = "unknown_department"


class UnknownProcedure(Refusal):
    """The procedure is not in the catalogue, and the event does not carry the deadline it would give."""

    code = "unknown_procedure"


class InFuture(Refusal):
    """The event says it happens later than the clock allows."""

    code = "in_future"


class IdReused(Refusal):
    """The id was accepted before with other content."""

    code = "id_reused"


class KeyReused(Refusal):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_key_reused"


class TooLarge(Refusal):
    """The event is larger than the service takes."""

    code = "too_large"


class DossierChanged(Refusal):
    """What intake computed from a dossier is out of date: the dossier has had another event since. Compute it again."""

    code = "dossier_changed"
