"""Sends what could not be read to the dead-letter topic and waits until it is there."""

from datetime import datetime

from aiokafka import AIOKafkaProducer

from services.reporting.batch import Unreadable
from shared.contract.codec import encode
from shared.contract.status import DeadLetterV1
from shared.contract.topics import DEAD_LETTERS


def dead_letter(unreadable: Unreadable, failed_at: datetime) -> DeadLetterV1:
    """The letter of an unreadable record."""
    record = unreadable.record
    return DeadLetterV1(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=unreadable.reason,
        detail=unreadable.detail,
        failed_at=failed_at,
        key=record.key,
        value=record.value,
    )


async def send(producer: AIOKafkaProducer, unreadable: list[Unreadable], failed_at: datetime) -> None:
    """Returns when the broker has acknowledged every letter; a repeat after a crash is possible and names the same offset."""
    for one in unreadable:
        letter = encode(dead_letter(one, failed_at))
        await producer.send_and_wait(DEAD_LETTERS.name, letter, key=one.record.key)
