"""What intake itself refuses before the lifecycle is asked, each with a stable code and a message that says what to do."""

from shared.domain.errors import Refusal


class Malformed(Refusal):
    """Not an event of the contract: the message names the field."""

    code = "malformed"


class PersonalData(Refusal):
    """A text tells who a person is; the message never repeats it."""

    code = "personal_data"


class NoPause(Refusal):
    """A deadline given with an event that ends no pause: it would move nothing."""

    code = "no_pause"
    usual_field = "data.due_at"


class HeldBack(Refusal):
    """The content of an earlier event of the dossier was refused: once this one is in the log, its correction may come too late."""

    code = "held_back"
    usual_field = "subject"


class UnknownType(Refusal):
    """The type is not an event of the lifecycle."""

    code = "unknown_type"
    usual_field = "type"


class UnknownDepartment(Refusal):
    """The department is not in the catalogue."""

    code = "unknown_department"
    usual_field = "data.department"


class WrongDepartment(Refusal):
    """The catalogue gives the procedure to another department."""

    code = "wrong_department"
    usual_field = "data.department"


class ChannelNotOffered(Refusal):
    """The procedure is not offered by this channel, or not at this online level."""

    code = "channel_not_offered"
    usual_field = "data.channel"


class OnlineLevelNotOnline(Refusal):
    """A dossier that did not come in online has no online level."""

    code = "online_level_not_online"
    usual_field = "data.online_level"


class UnknownProcedure(Refusal):
    """The procedure is not in the catalogue, and the event does not carry the deadline it would give."""

    code = "unknown_procedure"
    usual_field = "data.procedure"


class InFuture(Refusal):
    """The event says it happens later than the clock allows."""

    code = "in_future"
    usual_field = "time"


class IdReused(Refusal):
    """The id was accepted before with other content."""

    code = "id_reused"
    usual_field = "id"


class KeyReused(Refusal):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_key_reused"
    usual_field = "Idempotency-Key"


class TooLarge(Refusal):
    """The event is larger than the service takes."""

    code = "too_large"


class DossierChanged(Refusal):
    """What intake computed from a dossier is out of date: the dossier has had another event since. Compute it again."""

    code = "dossier_changed"
