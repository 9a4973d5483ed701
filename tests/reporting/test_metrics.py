"""What reporting shows of itself: figures that are known or absent, all else in any case, and who was refused."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures import gauges as gauges_module
from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import PipelineMetrics, ProjectorHealth
from services.reporting.projecting.projection import OffsetsMoved
from services.reporting.projecting.projector import AssignmentChanged, ended_by
from services.reporting.settings import ReportingSettings
from shared.catalogue import Catalogue
from shared.contract.marks import LedgerMark, mark_header
from shared.contract.topics import STATUS
from shared.domain.counting import RULES_VERSION
from shared.service.broker_watch import BrokerWatch, PartitionBounds
from shared.service.database_watch import DatabaseWatch
from shared.service.exposition import Rendered
from shared.service.metric_catalogue import PROJECTOR_SESSIONS_ENDED
from tests.builders.events import event, received
from tests.builders.times import at
from tests.reporting.bound import application, caller, reader
from tests.reporting.delivery import Topic, statuses
from tests.support.scraped import TEXT_0_0_4, Page

KEY = "a-key-for-this-test-only"
NOW = at("2023-02-01 09:00")  # a Wednesday
CODE = "H59.15-230103-0001"
REFUSED = "motcua_requests_refused_total"


class Scraped:
    """Reporting on a read model, and the parts that its process would have."""

    def __init__(self, engine: AsyncEngine, shipped: Catalogue) -> None:
        self.registry, self.health = CollectorRegistry(), ProjectorHealth()
        self.gauges = FigureGauges(engine, lambda: NOW, None, offices=lambda: shipped)
        self.registry.register(self.gauges)
        self.metrics = PipelineMetrics(self.registry)
        self.broker, self.database = BrokerWatch(ReportingSettings(api_key=SecretStr(KEY))), DatabaseWatch(engine)
        self.metrics.watch(self.health, self.broker, self.database)
        app = create_app(
            Reporting(engine, shipped, lambda: NOW, SecretStr(KEY), self.health, self.registry, self.gauges)
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reporting")

    async def page(self, **headers: str) -> Page:
        return Page(await self.client.get("/metrics", headers=headers))


@pytest.fixture
async def scraped(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[Scraped]:
    reporting = Scraped(engine, shipped)
    async with reporting.client:
        yield reporting


async def test_both_formats_show_the_same_figures(engine: AsyncEngine, scraped: Scraped) -> None:
    await Topic(engine).deliver(statuses(CODE, (received(),)))
    openmetrics, text = await scraped.page(), await scraped.page(**TEXT_0_0_4)
    name = "motcua_dossiers_received"
    assert openmetrics.series(name)
    assert openmetrics.series(name) == text.series(name)
    assert openmetrics.value("motcua_read_model_current") == 1
    assert openmetrics.value("motcua_read_model_events") is None, "no mark of the ledger says how many there are"
    assert openmetrics.value("motcua_log_events_in_ledger") is None
    assert openmetrics.value("motcua_figures_computed_timestamp_seconds") == pytest.approx(time.time(), abs=60)


async def test_how_far_the_ledger_is_is_told_by_its_marks(engine: AsyncEngine, scraped: Scraped) -> None:
    """So it is told while processing is away; a number that it read and put aside is among them."""
    (first,) = statuses(CODE, (received(),))
    mark = LedgerMark(events=1, number=3, quarantined=2, next_offset=9, rules=RULES_VERSION)
    await Topic(engine).deliver([replace(first, headers=mark_header(mark))])
    page = await scraped.page()
    assert (page.value("motcua_log_events_in_ledger"), page.value("motcua_read_model_events")) == (3, 1)


async def test_a_scrape_does_not_wait_for_slow_figures_and_the_next_one_has_them(
    scraped: Scraped, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, computed, times = asyncio.Event(), scraped.gauges._computed, 0

    async def slowly() -> Rendered:
        nonlocal times
        times += 1
        await go_on.wait()
        return await computed()

    monkeypatch.setattr(scraped.gauges, "_computed", slowly)
    monkeypatch.setattr(gauges_module, "WAITED_FOR_S", 0.01)
    first, second = await asyncio.gather(scraped.page(), scraped.page())
    for page in (first, second):
        assert page.value("motcua_form_ii06a", column="received_total") is None, "absent, not 0"
        assert page.value("motcua_projected_statuses_total") == 0
    assert times == 1, "scrapes share one computation"
    go_on.set()
    assert scraped.gauges._refreshing is not None
    await scraped.gauges._refreshing
    assert (await scraped.page()).value("motcua_form_ii06a", column="received_total") == 0


async def test_figures_that_nobody_can_compute_any_more_are_not_shown_for_long(
    scraped: Scraped, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await scraped.page()).value("motcua_read_model_current") == 1

    async def broken() -> Rendered:
        raise ZeroDivisionError

    monkeypatch.setattr(scraped.gauges, "_computed", broken)
    scraped.gauges._fresh_until = 0.0
    page = await scraped.page()
    assert page.value("motcua_read_model_current") is None
    assert page.value("motcua_poison_in_a_row") == 0, "a bug in the figures hides nothing else"


async def test_each_part_says_whether_it_is_ready_and_what_waits_for_it(scraped: Scraped) -> None:
    unknown = await scraped.page()
    parts = ("database", "broker", "partitions")
    assert [unknown.value("motcua_ready", part=part) for part in parts] == [0, 0, 0]
    assert unknown.value("motcua_pipeline_waiting_records", stage="figures") is None
    scraped.health.assigned, scraped.health.positions = True, {0: 7, 1: 3}
    await scraped.database.look()
    scraped.broker.heard({TopicPartition(STATUS.name, number): PartitionBounds(2, 10) for number in range(2)})
    page = await scraped.page()
    assert [page.value("motcua_ready", part=part) for part in parts] == [1, 1, 1]
    assert page.value("motcua_pipeline_waiting_records", stage="figures") == 3 + 7
    assert page.value("motcua_consumer_lag_records", topic=STATUS.name, partition="1") == 7
    assert page.value("motcua_topic_records", topic=STATUS.name) == 16
    assert (page.value("motcua_database_bytes") or 0) > 0


async def test_dossiers_that_are_due_within_a_working_day_and_nobodys_are_counted(
    engine: AsyncEngine, scraped: Scraped
) -> None:
    """From Wednesday 9:00 eight working hours reach Thursday 9:00."""
    assigned = event("assigned", "2023-01-04 08:00", officer="o-17")
    paused = event("supplement_requested", "2023-01-04 08:00")
    lives = [
        (received(due_at=at("2023-01-20")),),  # overdue
        (received(due_at=at("2023-02-02 08:30")),),
        (received(due_at=at("2023-02-02 10:30")),),  # later
        (received(due_at=at("2023-01-20")), assigned),
        (received(due_at=at("2023-01-20")), paused),
        (received(due_at=at("2023-01-20")), event("resolved", "2023-01-09 10:00")),
        (received(due_at=None),),
    ]
    for number, life in enumerate(lives):
        await Topic(engine, end=10 + number).deliver(statuses(f"H59.15-230103-{number:04}", life))
    page = await scraped.page()
    name = "motcua_dossiers_due_unassigned"
    assert page.value(name, department="H59.15") == 2
    assert page.value(name, department="H59.02") == 0, "a department with none says so"


async def test_who_asks_for_another_departments_figures_is_counted(engine: AsyncEngine, shipped: Catalogue) -> None:
    app = application(engine, shipped, lambda: NOW)
    bounded = "compiler@H59.15"
    async with caller(app, bounded) as client, reader(app, bounded) as browser, caller(app) as admin:

        async def refused(reason: str) -> float | None:
            return Page(await admin.get("/metrics")).value(REFUSED, reason=reason)

        assert await refused("out_of_scope") == 0
        assert (await client.get("/v1/figures?department=H59.02")).status_code == 403
        assert await refused("out_of_scope") == 1
        assert (await browser.get("/?department=H59.02")).status_code == 403
        assert await refused("out_of_scope") == 2
        before = await refused("no_key")
        assert (await admin.get("/v1/figures", headers={"Authorization": ""})).status_code == 401
        assert await refused("no_key") == (before or 0) + 1


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (KafkaConnectionError("no broker"), "broker"),
        (TimeoutError(), "broker"),
        (OffsetsMoved("0 stands elsewhere"), "other_projector"),
        (AssignmentChanged(STATUS.name), "partitions"),
        (OperationalError("select", {}, Exception("locked")), "database"),
    ],
)
def test_what_ended_a_session_has_a_name_that_is_there_from_the_start(trouble: Exception, reason: str) -> None:
    assert ended_by(trouble) == reason
    assert reason in PROJECTOR_SESSIONS_ENDED.labels["reason"]
