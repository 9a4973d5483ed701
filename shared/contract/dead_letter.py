"""The dead letter of a record: the one way in which every consumer puts aside what it can't process."""

from datetime import datetime
from typing import Any, Protocol

from shared.contract.status import DeadLetterV1


class Record(Protocol):
    """A Kafka record, as aiokafka and Faust deliver it."""

    @property
    def topic(self) -> Any: ...

    @property
    def partition(self) -> Any: ...

    @property
    def offset(self) -> Any: ...

    @property
    def key(self) -> Any: ...

    @property
    def value(self) -> Any: ...


def dead_letter(record: Record, *, reason: str, detail: str, failed_at: datetime) -> DeadLetterV1:
    """Where the record was, why it failed, and its raw bytes."""
    return DeadLetterV1(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
        detail=detail,
        failed_at=failed_at,
        key=record.key,
        value=record.value,
    )
