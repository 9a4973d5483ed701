"""The benchmark measures what the product would have written:
its read model is that of the same dossiers, projected one by one."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.fates import OF_A_THOUSAND, Fate
from bench.generated import FIRST, Generated
from bench.loading import load
from services.reporting.read_model.tables import dossiers, history, sums
from services.reporting.read_model.versions import NewVersion
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from tests.reporting.delivery import Sent, Topic, empty

DAYS = [FIRST - timedelta(days=3), FIRST + timedelta(days=9), date(2023, 12, 27)]
REVISIONS = {"since_revision", "until_revision"}  # how many transactions there were is not part of what was written


async def stored(engine: AsyncEngine, table: Table) -> set[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return {
            tuple(row)
            for row in await connection.execute(select(*(column for column in table.c if column.name not in REVISIONS)))
        }


def records(generated: Generated) -> Iterator[Sent]:
    for multiple, office, codes in generated.named():
        for code in codes:
            for version in multiple.story.versions:
                yield sent(version, code=code, department=office.department, procedure=office.procedure)


def sent(version: NewVersion, **names: str) -> Sent:
    return Sent(names["code"].encode(), encode(msgspec.structs.replace(version.status, **names)))


async def test_it_is_what_the_projector_writes(engine: AsyncEngine, shipped: Catalogue) -> None:
    generated = Generated(500, shipped, DAYS)
    await load(engine, generated)
    found: Sequence[set[tuple[Any, ...]]] = [await stored(engine, table) for table in (dossiers, history, sums)]
    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM plain"))).scalar_one() == 500
    await empty(engine)
    await Topic(engine).deliver(records(generated))
    assert [await stored(engine, table) for table in (dossiers, history, sums)] == found
    assert len(found[0]) == 500


def test_every_fate_has_its_share(shipped: Catalogue) -> None:
    found = dict.fromkeys(Fate, 0)
    for multiple, _, count in Generated(100_000, shipped, DAYS).shares():
        found[multiple.story.fate] += count
    assert sum(OF_A_THOUSAND.values()) == 1000
    assert {fate: round(count / 100) for fate, count in found.items()} == OF_A_THOUSAND
