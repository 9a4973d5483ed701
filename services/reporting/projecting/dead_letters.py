"""Sends what could not be read to the dead-letter topic and waits until it is there."""

import asyncio
from datetime import datetime

from aiokafka import AIOKafkaProducer

from services.reporting.projecting.batch import Unreadable
from shared.contract.codec import encode
from shared.contract.topics import DEAD_LETTERS
from shared.service.dead_letters import dead_letter


async def send(producer: AIOKafkaProducer, unreadable: list[Unreadable], failed_at: datetime) -> None:
    """Returns when the broker has acknowledged every letter; a repeat after a crash is possible and names the same offset."""
    sent = []
    for one in unreadable:
        detail = one.detail.encode(errors="backslashreplace").decode()  # half a surrogate pair can't be written
        letter = dead_letter(one.record, reason=one.reason, detail=detail, failed_at=failed_at)
        sent.append(await producer.send(DEAD_LETTERS.name, encode(letter), key=letter.key))
    await asyncio.gather(*sent)
