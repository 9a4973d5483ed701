"""Intake's answers about its log."""

from dataclasses import dataclass

from msgspec import Struct

from shared.contract.envelope import CloudEvent


class LogLine(Struct, frozen=True):
    """One line of `GET /v1/log`: an event at its position."""

    position: int
    event: CloudEvent


@dataclass(frozen=True, slots=True)
class LogHead:
    """How far the log goes: its last position, how many events it holds, and up to which position Kafka has them."""

    position: int
    events: int
    relayed: int
