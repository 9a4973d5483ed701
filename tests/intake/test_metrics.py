"""What intake shows of itself before anybody asks: its parts, its commits, what it refused, who has fallen silent."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from services.intake.log import event_log
from services.intake.log.silence import EVENTS_A_LOOK, MOST_SOURCES, OTHER, LastAccepted
from services.intake.log.tables import EVENT_LOG
from shared.catalogue import Catalogue, load
from shared.domain.localtime import LOCAL
from tests.builders.times import at
from tests.intake.conftest import Start
from tests.intake.sending import Sender, received
from tests.support.scraped import Page
from tests.support.wait import wait_until_async

NEW = {"department": "H59.15", "procedure": "2.000635", "channel": "postal"}
SILENT = "motcua_department_silent_working_seconds"
REJECTED = "motcua_events_rejected_total"


async def page(intake: Sender) -> Page:
    return Page(await intake.http.get("/metrics"))


async def test_every_refusal_is_seen_from_the_first_on(intake: Sender) -> None:
    before = await page(intake)
    assert before.value(REJECTED, event="received", reason="unknown_department") == 0
    assert before.value(REJECTED, event="unreadable", reason="malformed") == 0
    await intake.bulk(received("H59.15-231208-0001", department="H99.99"), b"{")
    await intake.http.post("/v1/dossiers", json={"department": "H59.15"})
    after = await page(intake)
    assert after.value(REJECTED, event="received", reason="unknown_department") == 1
    assert after.value(REJECTED, event="unreadable", reason="malformed") == 1
    assert after.value(REJECTED, event="received", reason="malformed") == 1, "fields are missing"
    assert before.series(REJECTED).keys() == after.series(REJECTED).keys()


async def test_commits_are_counted_by_what_became_of_them(intake: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    await intake.bulk(received())

    def full(*_: Any, **__: Any) -> Any:
        raise OperationalError("insert", {}, Exception("database or disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr(event_log, "append", full)
        assert (await intake.http.post("/v1/dossiers", json=NEW)).status_code == 503
        failed = await page(intake)
    assert failed.value("motcua_commits_total", outcome="stored") == 1
    assert failed.value("motcua_commits_total", outcome="failed") == 1
    assert failed.value("motcua_commits_total", outcome="undecided") == 0
    assert failed.value("motcua_commit_duration_seconds_count") == 2
    assert failed.value("motcua_ready", part="log") == 0
    assert failed.value("motcua_http_requests_total", method="POST", route="/v1/dossiers", status="5xx") == 1
    assert (await intake.http.post("/v1/dossiers", json=NEW)).status_code == 201
    assert (await page(intake)).value("motcua_ready", part="log") == 1


async def test_a_broker_that_is_away_is_seen_with_nobody_posting_and_what_waits_grows_old(intake: Sender) -> None:
    await intake.service.watch.database.look()
    await intake.service.watch.look()
    quiet = await page(intake)
    assert quiet.value("motcua_ready", part="broker") == 0
    assert quiet.value("motcua_ready", part="database") == 1
    assert quiet.value("motcua_topic_records", topic="motcua.dossier.events.v1") is None, "not known is not 0"
    assert quiet.value("motcua_dead_letters_in_topic") is None
    assert quiet.value("motcua_relay_oldest_event_age_seconds") == 0
    await intake.bulk(received())
    async with intake.service.database.writer.begin() as connection:
        await connection.execute(update(EVENT_LOG).values(recorded_at=EVENT_LOG.c.recorded_at - 600))
    for _ in range(2):
        await intake.service.watch.look()
    waiting = await page(intake)
    assert 600 <= (waiting.value("motcua_relay_oldest_event_age_seconds") or 0) < 700
    assert waiting.value("motcua_pipeline_waiting_records", stage="relay") == 1
    assert (waiting.value("motcua_pipeline_stalled_seconds", stage="relay") or 0) > 0
    assert waiting.value("motcua_relay_backlog_events") == 1


async def test_what_another_instance_took_is_known_here_and_after_a_restart(start: Start) -> None:
    async with start() as one, start() as other:
        await one.bulk(received())
        await other.service.watch.look()
        seen = (await page(other)).value("motcua_department_last_accepted_timestamp_seconds", department="H59.15")
        assert seen is not None
        assert (await page(other)).value("motcua_source_last_accepted_timestamp_seconds", source="/counters/07") == seen
        assert (await page(other)).value("motcua_relay_backlog_events") == 1
    async with start() as later:
        await later.service.watch.look()
        again = (await page(later)).value("motcua_department_last_accepted_timestamp_seconds", department="H59.15")
        assert again == seen
        assert (await page(later)).value(SILENT, department="H59.15") is not None


async def test_a_long_log_is_followed_a_part_at_a_time_from_thirty_days_back(start: Start) -> None:
    async with start() as intake:
        codes = [f"H59.15-231208-{number:05d}" for number in range(40)]
        await intake.bulk(*map(received, codes))
        async with intake.service.database.writer.begin() as connection:
            month_ago = EVENT_LOG.c.recorded_at - 31 * 86400
            await connection.execute(update(EVENT_LOG).where(EVENT_LOG.c.position <= 30).values(recorded_at=month_ago))
        last = LastAccepted(events_a_look=4)
        async with intake.service.database.reader.connect() as connection:
            positions = []
            for _ in range(4):
                await last.follow(connection, 40)
                positions.append(last.position)
        assert positions == [34, 38, 40, 40]
        assert EVENTS_A_LOOK > 1000


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load(None)


def silent_s(last: LastAccepted, shipped: Catalogue, now: datetime) -> dict[str, float]:
    return {
        sample.labels["department"]: sample.value
        for family in last.families(shipped, now)
        if family.name == SILENT
        for sample in family.samples
    }


def test_silence_is_working_time_by_the_calendar(shipped: Catalogue) -> None:
    """8 December 2023 was a Friday; an office works from 7:00 to 11:30 and from 13:30 to 17:00."""
    last = LastAccepted()
    last.take([("H59.07", "/counters/07", at("2023-12-08 16:30").timestamp())])
    cases = [
        ("2023-12-08 16:45", 15 * 60),
        ("2023-12-08 23:00", 30 * 60),
        ("2023-12-10 12:00", 30 * 60),  # the weekend is no silence
        ("2023-12-11 08:30", 2 * 3600),
        ("2023-12-11 12:30", 5 * 3600),  # nor the noon break
    ]
    assert [silent_s(last, shipped, at(now))["H59.07"] for now, _ in cases] == [seconds for _, seconds in cases]
    last.take([("H59.07", "/counters/07", at("2023-12-11 12:00").timestamp())])
    assert silent_s(last, shipped, at("2023-12-11 12:30")) == {"H59.07": 0}


def test_where_the_calendar_ends_nothing_is_said_and_after_a_month_nobody_is_watched(shipped: Catalogue) -> None:
    last = LastAccepted()
    beyond = datetime(shipped.calendar_last_day.year + 2, 3, 3, 9, tzinfo=LOCAL)
    last.take([("H59.07", "/a", (beyond - timedelta(days=2)).timestamp())])
    assert silent_s(last, shipped, beyond) == {}
    last = LastAccepted()
    last.take([("H59.15", "/a", at("2023-12-08 16:30").timestamp())])
    assert silent_s(last, shipped, at("2024-01-08 09:00")) == {}
    assert "H59.15" in silent_s(last, shipped, at("2024-01-05 09:00"))


def test_sources_are_bounded_and_none_tells_who_somebody_is(shipped: Catalogue) -> None:
    last = LastAccepted()
    last.take([("H59.07", source, 1.0) for source in _many()])
    last.take([("H59.07", "/people/079203001234", 5.0), ("H59.07", "x" * 5000, 6.0)])
    (sources,) = (
        {sample.labels["source"]: sample.value for sample in family.samples}
        for family in last.families(shipped, at("2023-12-08 16:30"))
        if family.name == "motcua_source_last_accepted_timestamp_seconds"
    )
    assert len(sources) == MOST_SOURCES + 1
    assert sources[OTHER] == 6.0
    assert not any("079203001234" in source for source in sources)


def _many() -> Iterator[str]:
    return (f"/centres/tra-vinh/counters/{number:03d}" for number in range(MOST_SOURCES + 50))


async def test_an_intake_that_can_not_read_its_log_says_so_and_shows_the_rest(
    intake: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = intake.service.watch

    async def away(*_: Any, **__: Any) -> bool:
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr("shared.service.database_watch.answers", away)
    await watch.database.look()

    async def that_says_so() -> Page | None:  # a look that had begun before may get its answer at any time
        shown = await page(intake)
        is_away = shown.value("motcua_ready", part="database") == 0 and shown.value("motcua_database_bytes") is None
        return shown if is_away else None

    shown = await wait_until_async(that_says_so, 20, "the database is said to be away, and not how large it is")
    assert shown is not None
    assert shown.value("motcua_events_accepted_total", event="received") == 0
