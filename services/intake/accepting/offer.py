"""Whether an application fits what the catalogue offers: department, channel and level of its procedure."""

from datetime import date, datetime
from typing import Any, NamedTuple

from services.intake.accepting.refusals import (
    ChannelNotOffered,
    OnlineLevelNotOnline,
    UnknownChannel,
    WrongDepartment,
    wrong_field,
)
from shared.catalogue import Catalogue, Procedure
from shared.domain import events as domain
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.fields import Channel, CorrectableField
from shared.domain.localtime import local_date
from shared.domain.transitions import OPENING


class Application(NamedTuple):
    """Which procedure is applied for, where and how; None for a level that is not said."""

    department: str
    procedure: str
    channel: str
    online_level: str | None


_CHECKED = (
    CorrectableField.DEPARTMENT,
    CorrectableField.PROCEDURE,
    CorrectableField.CHANNEL,
    CorrectableField.ONLINE_LEVEL,
)


def check_offer(event: domain.Event, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> None:
    """Checks department and channel by the procedure of the day; one that the catalogue lacks is offered everywhere."""
    if isinstance(event, OPENING):
        application = Application(event.department, event.procedure, event.channel, event.online_level)
        procedure = catalogue.procedure(event.procedure, local_date(at))
        _check_handled(application, procedure, local_date(at), catalogue)
        _check_channel(application, procedure, catalogue)
        if event.channel_class not in (None, catalogue.class_of(event.channel)):
            fix = "leave it out"
            raise wrong_field(
                "data.channel_class", f"{event.channel_class} is not how the catalogue counts {event.channel}", fix
            )
    elif isinstance(event, domain.Corrected) and dossier is not None and event.field in _CHECKED:
        _check_corrected_offer(event, dossier, catalogue)


def _check_corrected_offer(event: domain.Corrected, dossier: Dossier, catalogue: Catalogue) -> None:
    """Checks what the correction changes against the rest; what was wrong before may be set right by the next one."""
    before = Application(dossier.department, dossier.procedure, dossier.channel, dossier.online_level)
    changed: dict[str, Any] = {event.field.value: event.new_value}
    application = before._replace(**changed)
    day = local_date(dossier.received_at or dossier.last_occurred_at)
    procedure = catalogue.procedure(application.procedure, day)
    try:
        if event.field in (CorrectableField.DEPARTMENT, CorrectableField.PROCEDURE):
            _check_handled(application, procedure, day, catalogue)
        if event.field is not CorrectableField.DEPARTMENT:
            _check_channel(application, procedure, catalogue)
    except Refusal as refusal:
        raise refusal.about("data.new_value") from refusal


def _check_handled(application: Application, procedure: Procedure | None, day: date, catalogue: Catalogue) -> None:
    """Refuses a department that the procedure does not belong to; one that the catalogue lacks belongs to all."""
    if procedure is not None and not catalogue.may_handle(procedure, application.department, day):
        handlers = catalogue.handlers(procedure, day)
        allowed = ", ".join(code for code in handlers if catalogue.end_of(code, day) is None)
        msg = (
            f"department {application.department} does not handle procedure {procedure.code}; "
            f"that is for {allowed}: correct one of the two"
        )
        raise WrongDepartment(msg)


def _check_channel(application: Application, procedure: Procedure | None, catalogue: Catalogue) -> None:
    """Refuses a channel that the office does not have, a level without an online one, and what the procedure lacks."""
    channel, level = application.channel, application.online_level
    counted_as = catalogue.class_of(channel)
    if counted_as is None:
        msg = f"channel {channel} is not in the catalogue; choose one of {', '.join(catalogue.channels)}"
        raise UnknownChannel(msg)
    if level is not None and counted_as is not Channel.ONLINE:
        msg = (
            f"online_level {level} does not go with channel {channel}; "
            "leave online_level out (a correction sets it to null first)"
        )
        raise OnlineLevelNotOnline(msg)
    if procedure is None:
        return
    if procedure.channels and channel not in procedure.channels and counted_as not in procedure.channels:
        msg = (
            f"channel {channel} is not offered for procedure {procedure.code}; "
            f"choose one of {', '.join(procedure.channels)}"
        )
        raise ChannelNotOffered(msg)
    if procedure.online_levels and level is not None and level not in procedure.online_levels:
        msg = (
            f"online_level {level} is not offered for procedure {procedure.code}; "
            f"choose one of {', '.join(procedure.online_levels)}"
        )
        raise ChannelNotOffered(msg, "data.online_level")
