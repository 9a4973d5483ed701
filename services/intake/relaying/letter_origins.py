"""Who wrote the records that were put aside, as far as the log, its audit and the records themselves tell it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log import event_log
from services.intake.log.event_log import LoggedBytes
from shared.contract.http.dead_letters import LetterOrigin
from shared.contract.marks import MARK
from shared.contract.status import DeadLetterV1
from shared.contract.topics import EVENTS, STATUS
from shared.domain.localtime import LOCAL
from shared.service.audit import entries_about

UNKNOWN = LetterOrigin(author=None)


class _Named(msgspec.Struct):
    id: str


class _Audited(msgspec.Struct):
    number: int
    name: str
    requests: tuple[str, ...]


_decode_id = msgspec.json.Decoder(_Named).decode
_decode_entry = msgspec.json.Decoder(_Audited).decode


async def origins(reading: AsyncConnection, letters: Sequence[DeadLetterV1 | None]) -> list[LetterOrigin]:
    """Of each letter."""
    ids = {event_id for letter in letters if letter is not None and (event_id := event_id_of(letter)) is not None}
    logged = await event_log.logged_bytes(reading, ids)
    return [UNKNOWN if letter is None else _origin(letter, logged) for letter in letters]


async def with_accepting(reading: AsyncConnection, origin: LetterOrigin) -> LetterOrigin:
    """The origin with what the audit says of the event's acceptance."""
    if origin.author != "intake" or origin.position is None:
        return origin
    about = await entries_about(reading, origin.position)
    if not about:
        return origin
    entry = _decode_entry(about[0])
    return msgspec.structs.replace(
        origin, accepted_by=entry.name, requests=list(entry.requests), audit_entry=entry.number
    )


def event_id_of(letter: DeadLetterV1) -> str | None:
    """The id of the event that the letter holds whole; None where it holds none."""
    if letter.topic != EVENTS.name or letter.value is None or letter.value_bytes is not None:
        return None
    try:
        return _decode_id(letter.value).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _origin(letter: DeadLetterV1, logged: Mapping[str, LoggedBytes]) -> LetterOrigin:
    if letter.topic == STATUS.name and letter.headers is not None:
        return LetterOrigin(author="processing" if MARK in dict(letter.headers) else "another")
    if letter.topic != EVENTS.name or letter.value_bytes is not None:
        return UNKNOWN
    event_id = event_id_of(letter)
    event = None if event_id is None else logged.get(event_id)
    if event is None:
        return LetterOrigin(author="another", event_id=event_id)
    return LetterOrigin(
        author="intake" if event.event == letter.value else "another",
        event_id=event_id,
        position=event.position,
        recorded_at=datetime.fromtimestamp(event.recorded_at, LOCAL),
    )
