"""What a clerk may choose from: departments, procedures, channels and places within the scope and on the day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from shared.access.roles import Scope
from shared.catalogue import Catalogue, Procedure
from shared.catalogue.model import ChannelEntry
from shared.domain.fields import UNKNOWN_CHANNEL, Channel, OnlineLevel
from shared.language.languages import Language
from shared.language.order import vietnamese_order
from shared.pages.site import begun

MOST_KEPT = 256


class Option(NamedTuple):
    """A value and what is shown for it; `more` is what a script needs to know of it."""

    value: str
    name: str
    more: str = ""


@dataclass(slots=True)
class Choices:
    """The options by catalogue and day; procedures of a department are looked for once."""

    _catalogue: Catalogue | None = None
    _procedures: dict[tuple[str, date], tuple[Procedure, ...]] = field(default_factory=dict)

    def procedures(self, catalogue: Catalogue, department: str, day: date) -> tuple[Procedure, ...]:
        """Those in force that the department, or the one it took over from, handles; in the catalogue's order."""
        if catalogue is not self._catalogue or len(self._procedures) > MOST_KEPT:
            self._catalogue, self._procedures = catalogue, {}
        key = (department, day)
        if key not in self._procedures:
            self._procedures[key] = tuple(
                each for each in catalogue.procedures_on(day) if catalogue.may_handle(each, department, day)
            )
        return self._procedures[key]


def departments(catalogue: Catalogue, scope: Scope, day: date) -> list[Option]:
    """Where a new dossier may be received by the scope: of a counter that is bound as a unit, for everybody."""
    own = None if scope.is_everything or scope.received_by else scope.departments
    found = [
        Option(code, each.name)
        for code, each in catalogue.departments.items()
        if (own is None or code in own)
        and (catalogue.ended_units_take_new_dossiers or catalogue.end_of(code, day) is None)
    ]
    return sorted(found, key=lambda option: vietnamese_order(option.name))


def places(catalogue: Catalogue, scope: Scope, department: str, day: date) -> list[Option]:
    """The units that may take a dossier of the department in; the department itself first, as "", where it may."""
    if scope.is_everything or department in (scope.departments or ()):
        others = [option for option in departments(catalogue, Scope(None), day) if option.value != department]
        return [Option("", ""), *others]
    return [
        Option("" if code == department else code, catalogue.departments[code].name)
        for code in sorted(scope.received_by)
        if code in catalogue.departments
    ]


def channels(catalogue: Catalogue, language: Language) -> list[Option]:
    """Every channel that a dossier can come by; `more` is the class of the form that it counts as."""
    return [
        Option(code, channel_name(entry, language), entry.counted_as.value)
        for code, entry in catalogue.channels.items()
        if code != UNKNOWN_CHANNEL
    ]


def channel_name(entry: ChannelEntry, language: Language) -> str:
    """Its name, as a line begins."""
    return begun(entry.name if language is Language.VIETNAMESE else entry.name_en)


def offered(procedure: Procedure, catalogue: Catalogue) -> list[str]:
    """The channels that the procedure is offered by."""
    return [
        code
        for code, entry in catalogue.channels.items()
        if code != UNKNOWN_CHANNEL
        and (not procedure.channels or code in procedure.channels or entry.counted_as in procedure.channels)
    ]


def levels(procedure: Procedure | None) -> Sequence[OnlineLevel]:
    """The online levels that the procedure is offered at."""
    return (procedure.online_levels if procedure is not None else ()) or tuple(OnlineLevel)


def is_online(catalogue: Catalogue, channel: str) -> bool:
    return catalogue.class_of(channel) is Channel.ONLINE
