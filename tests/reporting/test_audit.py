"""Reporting's audit of its own: what was published, rebuilt and exported, by whom; append-only, whatever is rebuilt."""

from typing import Any

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.auditing.entries import Act
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.service.sql import writing
from tests.intake.audited import Entry, audited
from tests.reporting.published import PERIOD, published, reporting_of, small_office


async def kept(engine: AsyncEngine) -> list[Entry]:
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT entry FROM audit ORDER BY number"))).scalars().all()
    return audited(b"\n".join(map(bytes, rows)), b"")


async def test_what_was_published_rebuilt_and_exported_is_in_the_audit(engine: AsyncEngine, shipped: Catalogue) -> None:
    office = small_office(engine, 21)
    half = len(office.lines) // 2
    await office.record(half)
    async with reporting_of(office, shipped) as client:
        document = await published(client)
        note = {"cell": "total.received_total", "text": "Gồm hồ sơ cũ."}
        assert (await client.post("/v1/publications/1/notes", json=note)).status_code == httpx.codes.CREATED
        refused = await client.post("/v1/publications/1/revisions")
        assert refused.status_code == httpx.codes.CONFLICT, "nothing changed, so nothing is said"
        export = (await client.get("/v1/publications/documents")).content
        dropped = (await client.post("/v1/rebuilds")).headers["Location"]
        assert (await client.delete(dropped)).status_code == httpx.codes.NO_CONTENT
        swapped = (await client.post("/v1/rebuilds")).headers["Location"]
        lines = b"\n".join(encode(line) for line in office.lines[:half])
        assert (await client.post(f"{swapped}/events?after=0", content=lines)).status_code == httpx.codes.OK
        await client.post(f"{swapped}/settled")
        answer = (await client.post(f"{swapped}/swap")).json()
        compared = (await client.post("/v1/rebuilds")).headers["Location"]
        await client.post(f"{compared}/settled")
        assert (await client.post(f"{compared}/swap?dry_run=true")).json()["swapped"] is False
        assert (await client.get("/v1/dossiers")).status_code == httpx.codes.OK
        restored = await client.post("/v1/publications/documents", content=export)
        assert restored.json()["restored"] == 0, "nothing was lost, so nothing is said"
        told = await client.get("/v1/audit", params={"subject": "publication 1"}, headers={"X-Request-Id": "who-asks"})
    entries = await kept(engine)
    assert [entry["act"] for entry in entries] == [
        "audit_begun", "published", "noted", "rebuild_begun", "rebuild_dropped", "rebuild_begun", "rebuild_swapped",
        "rebuild_begun", "rebuild_dropped", "snapshots_exported", "audit_exported",
    ]  # fmt: skip
    assert told.content.splitlines() == [
        line for line in told.content.splitlines() if b'"subject":"publication 1"' in line
    ]
    begun, first, noted, *_, swap, _, dry, _, asked = entries
    assert begun["details"] == {"publications": 0, "head": None}
    assert (first["subject"], first["details"]) == ("publication 1", {"place": 1, "sha256": document["sha256"]})
    assert (noted["details"]["place"], noted["details"]["note"], noted["who"]) == (2, 1, "settings")
    assert swap["details"] | {"dry_run": False} == swap["details"]
    assert swap["details"]["generation"] == answer["generation"]
    assert dry["details"]["dry_run"] is True
    assert (asked["requests"], asked["details"]) == (["who-asks"], {"subject": "publication 1"})


async def test_a_publication_that_is_refused_leaves_no_entry(engine: AsyncEngine, shipped: Catalogue) -> None:
    office = small_office(engine, 21)
    await office.record(len(office.lines) // 2)
    async with reporting_of(office, shipped) as client:
        future = PERIOD | {"from": "2098-01-15", "to": "2098-02-14"}
        assert (await client.post("/v1/publications", json=future)).status_code != httpx.codes.CREATED

        def fail(*given: Any) -> None:
            if given[2].startswith("INSERT INTO audit"):
                raise OSError("the disk is gone")

        event.listen(engine.sync_engine, "before_cursor_execute", fail)
        failed = await client.post("/v1/publications", json=PERIOD)
        event.remove(engine.sync_engine, "before_cursor_execute", fail)
        assert failed.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert (await client.get("/v1/publications")).json()["publications"] == [], "what can't be audited is not done"
        assert [entry["act"] for entry in await kept(engine)] == [Act.AUDIT_BEGUN]


async def test_the_database_refuses_to_change_reportings_audit(engine: AsyncEngine) -> None:
    for statement in ("UPDATE audit SET number = 7", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="append-only|permission denied"):
            async with writing(engine) as connection:
                await connection.execute(text(statement))
