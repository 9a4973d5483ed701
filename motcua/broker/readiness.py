"""Whether a broker serves: asked of the broker itself by a client, never read from a log line."""

import asyncio
import logging
import socket

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

ATTEMPT_S = 5.0


def listening(bootstrap: str) -> bool:
    """Whether something accepts connections there: cheaper than a client, and silent."""
    host, _, port = bootstrap.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


async def lists_topics(bootstrap: str) -> bool:
    """Whether the broker answers a client that asks for its topics."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(ATTEMPT_S * 1000))
    try:
        async with asyncio.timeout(ATTEMPT_S):
            await client.start()
            await client.list_topics()
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
    return True


async def serves(bootstrap: str) -> bool:
    """Whether the broker is there and answers."""
    return await asyncio.to_thread(listening, bootstrap) and await lists_topics(bootstrap)
