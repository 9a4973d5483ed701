"""Sends what could not be read to the dead-letter topic and waits until it is there."""

from datetime import datetime

from aiokafka import AIOKafkaProducer

from services.reporting.projecting.batch import Unreadable
from shared.contract.codec import encode
from shared.contract.dead_letter import dead_letter
from shared.contract.topics import DEAD_LETTERS


async def send(producer: AIOKafkaProducer, unreadable: list[Unreadable], failed_at: datetime) -> None:
    """Returns when the broker has acknowledged every letter; a repeat after a crash is possible and names the same offset."""
    for one in unreadable:
        letter = dead_letter(one.record, reason=one.reason, detail=one.detail, failed_at=failed_at)
        await producer.send_and_wait(DEAD_LETTERS.name, encode(letter), key=one.record.key)
