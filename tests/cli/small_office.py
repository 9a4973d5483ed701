"""A real reporting with a handful of dossiers, served over HTTP, for the commands that read figures."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import text

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import migrate, open_engine
from shared import catalogue
from shared.domain.fields import Channel
from shared.service.sql import writing
from tests.builders.events import Dated, event, received
from tests.builders.times import at
from tests.cli.recording_intake import serving
from tests.reporting.delivery import Topic, statuses

KEY = "a-key-for-this-test-only"
NOW = at("2023-06-20 15:00")
FIELD = "Dược phẩm"
OFFICE: tuple[tuple[Dated, ...], ...] = (
    (
        received(at("2023-05-03 08:00"), due_at=at("2023-05-10 08:00")),
        event("resolved", "2023-05-12 10:00"),
        event("returned", "2023-05-15 09:30"),
    ),
    (
        received(
            at("2023-05-04 08:00"),
            due_at=at("2023-05-11 08:00"),
            department="H59.02",
            procedure="1.004616",
            channel=Channel.POSTAL,
        ),
        event("resolved", "2023-05-12 11:00"),
    ),
    (received(at("2023-05-05 08:00"), due_at=at("2023-06-30 08:00"), channel=Channel.IN_PERSON),),
)


def code(number: int) -> str:
    return f"H59.15-230503-{number:04}"


def _now() -> datetime:
    return NOW


@contextmanager
def office(folder: Path, *damage: str) -> Iterator[str]:
    """Its address while it is served; `damage` is SQL run on the read model before."""
    database = f"sqlite+aiosqlite:///{folder}/reporting.db"
    asyncio.run(_fill(database, damage))
    engine, registry = open_engine(database), CollectorRegistry()
    gauges = FigureGauges(engine, _now, None)
    with serving(
        create_app(Reporting(engine, catalogue.load(), _now, SecretStr(KEY), ProjectorHealth(), registry, gauges))
    ) as url:
        yield url
    asyncio.run(engine.dispose())


async def _fill(database: str, damage: tuple[str, ...]) -> None:
    engine = open_engine(database)
    await migrate(engine)
    await Topic(engine).deliver(
        record for number, events in enumerate(OFFICE) for record in statuses(code(number), events)
    )
    async with writing(engine) as connection:
        for statement in damage:
            await connection.execute(text(statement))
    await engine.dispose()
