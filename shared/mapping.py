"""The one place where wire values and domain values meet."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import msgspec

from shared.contract import events as wire
from shared.contract.envelope import CloudEvent, event_name
from shared.contract.status import DeadlineV1, HopV1, StatusV1, SuspensionV1
from shared.domain import events as domain
from shared.domain.dossier import DeadlineChange, Dossier, Suspension
from shared.domain.events import Channel, CorrectableField, OnlineLevel, Outcome
from shared.domain.hops import Hop
from shared.domain.lifecycle import EventKind, State
from shared.domain.localtime import local
from shared.domain.terms import Term, TermUnit
from shared.domain.timeliness import Standing, closed_timeliness, standing

NO_LEAD = timedelta(0)
VERSIONS_AN_EVENT = 4
_RANKS = {Standing.DUE_SOON.value: 1, Standing.OVERDUE.value: 2}


class UnknownEventType(ValueError):
    """The envelope's type is not an event of the lifecycle."""


_DATA_DECODERS = {name: msgspec.json.Decoder(cls).decode for name, cls in wire.EVENT_DATA.items()}


def decode_data(envelope: CloudEvent) -> wire.EventData:
    """The typed data of an event; raises UnknownEventType, or msgspec.ValidationError naming the field."""
    name = event_name(envelope.type)
    decoder = _DATA_DECODERS.get(name) if name is not None else None
    if decoder is None:
        msg = f"type {envelope.type!r} is not an event of the lifecycle; expected vn.motcua.dossier.<event>.v1"
        raise UnknownEventType(msg)
    return decoder(envelope.data)


def to_event(data: wire.EventData, occurred_at: datetime) -> domain.Event:
    """The domain event of wire data that happened at `occurred_at`."""
    convert = _CONVERTERS[type(data).name]
    return convert(data, occurred_at)


def _term(term: wire.Term | None) -> Term | None:
    return None if term is None else Term(term.amount, TermUnit(term.unit))


_LEVELS: dict[str | None, OnlineLevel | None] = {None: None, **{level.value: level for level in OnlineLevel}}
_RENAMED = {"corrected_field": "field", "old": "old_value", "new": "new_value"}
_TURNED: dict[str, Callable[[Any], Any]] = {
    "channel": {channel.value: channel for channel in Channel}.__getitem__,
    "online_level": _LEVELS.__getitem__,
    "outcome": {outcome.value: outcome for outcome in Outcome}.__getitem__,
    "corrected_field": {field.value: field for field in CorrectableField}.__getitem__,
    "term": _term,
}


def _converter(kind: EventKind) -> Callable[[wire.EventData, datetime], domain.Event]:
    """Fills the event by position: every event of every service passes here."""
    cls = domain.EVENT_TYPES[kind]
    names = [name for name in cls.__struct_fields__ if name != "occurred_at"]
    read = [_RENAMED.get(name, name) for name in names]
    turned = [(place, _TURNED[name]) for place, name in enumerate(names) if name in _TURNED]

    def convert(data: wire.EventData, at: datetime) -> domain.Event:
        values = [getattr(data, name) for name in read]
        for place, turn in turned:
            values[place] = turn(values[place])
        return cls(at, *values)

    return convert


_CONVERTERS = {kind.value: _converter(kind) for kind in EventKind}


def timeliness_of(dossier: Dossier, at: datetime) -> str | None:
    """The class once closed, else how the dossier stands at `at`; None before receipt and when declined."""
    found: Enum | None = closed_timeliness(dossier) or standing(dossier, at, NO_LEAD)
    return None if found is None else str(found.value)


def timeliness_after(dossier: Dossier, alerted: Mapping[str, datetime]) -> str | None:
    """The timeliness of a snapshot: as it was at the latest event, or what has been announced since of the deadline in force."""
    if dossier.is_open and dossier.suspended_since is None:
        for threshold in (Standing.OVERDUE, Standing.DUE_SOON):
            if dossier.due_at is not None and alerted.get(threshold.value) == dossier.due_at:
                return threshold.value
    return timeliness_of(dossier, dossier.last_occurred_at)


def version_of(sequence: int, alerted: Mapping[str, datetime], due_at: datetime | None) -> int:
    """The version of a snapshot: a function of its content, the event and what has been announced since of the deadline in force."""
    return sequence * VERSIONS_AN_EVENT + sum(_RANKS.get(threshold, 0) for threshold, due in alerted.items() if due == due_at)


def to_status(dossier: Dossier, *, version: int, recordedtime: datetime, alerted: dict[str, datetime]) -> StatusV1:
    """The snapshot of a dossier after its latest event."""
    term = dossier.term
    return StatusV1(
        code=dossier.code,
        version=version,
        sequence=dossier.sequence,
        state=dossier.state.value,
        department=dossier.department,
        procedure=dossier.procedure,
        channel=dossier.channel.value,
        last_occurred_at=dossier.last_occurred_at,
        recordedtime=recordedtime,
        timeliness=timeliness_after(dossier, alerted),
        online_level=None if dossier.online_level is None else dossier.online_level.value,
        submitted_at=dossier.submitted_at,
        received_at=dossier.received_at,
        term=None if term is None else wire.Term(term.amount, term.unit.value),
        due_original=dossier.due_original,
        due_at=dossier.due_at,
        deadlines=tuple(DeadlineV1(at=change.at, due_at=change.due_at) for change in dossier.deadlines),
        suspensions=tuple(
            SuspensionV1(kind=pause.kind.value, started_at=pause.started_at, ended_at=pause.ended_at) for pause in dossier.suspensions
        ),
        closed_at=dossier.closed_at,
        closed_as=None if dossier.closed_as is None else dossier.closed_as.value,
        returned_at=dossier.returned_at,
        return_channel=None if dossier.return_channel is None else dossier.return_channel.value,
        apologised_at=dossier.apologised_at,
        officer=dossier.officer,
        alerted=alerted,
        hops=tuple(_hop_v1(hop) for hop in dossier.hops),
    )


def _hop_v1(hop: Hop) -> HopV1:
    return HopV1(agency=hop.agency, forwarded_at=hop.forwarded_at, due_at=hop.due_at, answered_at=hop.answered_at)


def to_dossier(status: StatusV1) -> Dossier:
    """The dossier of a snapshot."""
    return Dossier(
        code=status.code,
        sequence=status.sequence,
        state=State(status.state),
        department=status.department,
        procedure=status.procedure,
        channel=Channel(status.channel),
        last_occurred_at=local(status.last_occurred_at),
        online_level=None if status.online_level is None else OnlineLevel(status.online_level),
        submitted_at=_local(status.submitted_at),
        received_at=_local(status.received_at),
        term=_term(status.term),
        due_original=_local(status.due_original),
        deadlines=tuple(DeadlineChange(local(change.at), local(change.due_at)) for change in status.deadlines),
        suspensions=tuple(Suspension(State(pause.kind), local(pause.started_at), _local(pause.ended_at)) for pause in status.suspensions),
        hops=tuple(Hop(hop.agency, local(hop.forwarded_at), _local(hop.due_at), _local(hop.answered_at)) for hop in status.hops),
        closed_at=_local(status.closed_at),
        closed_as=None if status.closed_as is None else State(status.closed_as),
        returned_at=_local(status.returned_at),
        return_channel=None if status.return_channel is None else Channel(status.return_channel),
        apologised_at=_local(status.apologised_at),
        officer=status.officer,
    )


def _local(instant: datetime | None) -> datetime | None:
    return None if instant is None else local(instant)
