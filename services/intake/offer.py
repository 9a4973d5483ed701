"""What a procedure is offered by: its departments, its channels, its online levels, as the catalogue has them on a day."""

from typing import NamedTuple

from services.intake.refusals import ChannelNotOffered, OnlineLevelNotOnline, WrongDepartment
from shared.catalogue import Procedure
from shared.domain.events import Channel


class Asked(NamedTuple):
    """What a receipt, a submission or a correction asks for, in the words that travel; None for a level that is not said."""

    department: str
    procedure: str
    channel: str
    online_level: str | None


def check_department(asked: Asked, procedure: Procedure | None) -> None:
    """Refuses a department that the procedure does not belong to; one that the catalogue does not know on the day belongs to all."""
    if procedure is not None and not procedure.may_be_handled_by(asked.department):
        allowed = ", ".join(code for code in (procedure.department, *procedure.departments) if code is not None)
        msg = f"department {asked.department} does not handle procedure {procedure.code}; that is for {allowed}: correct one of the two"
        raise WrongDepartment(msg)


def check_channel(asked: Asked, procedure: Procedure | None) -> None:
    """Refuses a level without the online channel, and a channel or a level by which the procedure is not offered."""
    channel, level = asked.channel, asked.online_level
    if level is not None and channel != Channel.ONLINE:
        msg = f"online_level {level} does not go with channel {channel}; leave online_level out (a correction sets it to null first)"
        raise OnlineLevelNotOnline(msg)
    if procedure is None:
        return
    if procedure.channels and channel not in procedure.channels:
        msg = f"channel {channel} is not offered for procedure {procedure.code}; choose one of {', '.join(procedure.channels)}"
        raise ChannelNotOffered(msg)
    if procedure.online_levels and level is not None and level not in procedure.online_levels:
        msg = f"online_level {level} is not offered for procedure {procedure.code}; choose one of {', '.join(procedure.online_levels)}"
        raise ChannelNotOffered(msg, "data.online_level")
