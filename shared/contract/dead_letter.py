"""The dead letter of a record: the one way in which every consumer puts aside what it can't process."""

import hashlib
from datetime import datetime
from typing import Any, Protocol

from shared.contract.status import DeadLetterV1

LONGEST_VALUE_BYTES = 64 * 1024  # a letter in base64 then stays far below what a broker takes
LONGEST_KEY_BYTES = 1024
LONGEST_DETAIL = 1000


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
    """Where the record was, why it failed, and its raw bytes, of a large one the beginning, with the length and digest of the whole."""
    key, value = record.key, record.value
    whole = value is None or len(value) <= LONGEST_VALUE_BYTES
    return DeadLetterV1(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
        detail=detail[:LONGEST_DETAIL],
        failed_at=failed_at,
        key=None if key is None else key[:LONGEST_KEY_BYTES],
        value=value if whole else value[:LONGEST_VALUE_BYTES],
        value_bytes=None if whole else len(value),
        value_sha256=None if whole else hashlib.sha256(value).hexdigest(),
    )
