"""Metrics as text: what both formats promise, whoever reads them."""

import gzip
import math
from string import ascii_letters

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import generate_latest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from shared.service.access import Access
from shared.service.exposition import Rendered, TextFormat, exposed, wanted
from shared.service.http import new_application
from shared.service.metric_catalogue import TOPIC_RECORDS
from shared.service.observability import health, operations_router
from tests.support.scraped import TEXT_0_0_4, Page, parsed

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
KEY = "a-key-for-this-test-only"


def a_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    counter = Counter("motcua_counted", 'what "is" counted\\seen', ["b", "a"], registry=registry)
    counter.labels('say "this"\n', "back\\slash").inc(3)
    counter.labels("Trà Vinh", "").inc()
    Gauge("motcua_large", "a large one", registry=registry).set(1.5e9)
    gauge = Gauge("motcua_odd", "odd ones", ["is"], registry=registry)
    for value in (math.inf, -math.inf, math.nan, -0.5, 80121):
        gauge.labels(str(value)).set(value)
    Histogram("motcua_took_seconds", "how long", ["stage"], buckets=(0.1, 1, 3600), registry=registry).labels(
        "relay"
    ).observe(5)
    return registry


def client_of(registry: CollectorRegistry) -> httpx.AsyncClient:
    application = new_application(title="t", version="1", description="t", access=Access(SecretStr(KEY)))

    async def well(_request: Request) -> Response:
        return health(good=True)

    async def asked(_request: Request) -> CollectorRegistry:
        return registry

    application.include_router(operations_router(well, well, asked))
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://service")


def of_both(page: bytes) -> dict[str, float]:
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in page.decode().splitlines()
        if not line.startswith("#")
    }


async def test_each_format_is_read_by_its_own_strict_parser_and_says_the_same() -> None:
    async with client_of(a_registry()) as client:
        openmetrics, text = await client.get("/metrics"), await client.get("/metrics", headers=TEXT_0_0_4)
    assert parsed(openmetrics).keys() == parsed(text).keys()
    assert openmetrics.text.endswith("# EOF\n")
    assert "# EOF" not in text.text
    assert "# TYPE motcua_counted counter\n" in openmetrics.text
    assert "# TYPE motcua_counted_total counter\n" in text.text
    assert Page(text).value("motcua_counted_total", b='say "this"\n', a="back\\slash") == 3
    assert "_created" not in openmetrics.text + text.text


async def test_prometheus_learns_without_a_key_that_a_service_lives_and_no_more() -> None:
    async with client_of(a_registry()) as client:
        for accept, form in ((PROMETHEUS, TextFormat.OPENMETRICS), ("text/plain", TextFormat.TEXT_0_0_4)):
            page = await client.get("/healthz/live", headers={"accept": accept})
            assert (page.status_code, page.headers["content-type"]) == (200, form.value)
            assert parsed(page) == {}
        for accept in ("*/*", "text/html,application/xhtml+xml,*/*;q=0.8"):
            assert (await client.get("/healthz/live", headers={"accept": accept})).text.startswith("{")


def test_it_says_what_the_librarys_own_writer_says() -> None:
    registry = a_registry()
    ours, theirs = of_both(exposed([registry], TextFormat.OPENMETRICS)), of_both(generate_latest(registry))  # type: ignore[no-untyped-call]
    assert [*ours] == [*theirs]
    assert [str(value) for value in ours.values()] == [str(value) for value in theirs.values()]


@given(
    st.lists(st.tuples(st.text(), st.text(ascii_letters), st.floats(allow_nan=False)), unique_by=lambda one: one[:2])
)
def test_any_label_value_and_any_number_is_read_back(series: list[tuple[str, str, float]]) -> None:
    registry = CollectorRegistry()
    gauge = Gauge("motcua_any", "any", ["one", "other"], registry=registry)
    for one, other, value in series:
        gauge.labels(one, other).set(value)
    for form in TextFormat:
        page = Page(httpx.Response(200, content=exposed([registry], form), headers={"content-type": form.value}))
        for one, other, value in series:
            assert page.value("motcua_any", one=one, other=other) == value


def test_what_was_written_once_reads_as_what_is_written_each_time() -> None:
    family = TOPIC_RECORDS.family()
    family.add_metric(["motcua.dossier.events.v1"], 318_026)
    registry, rendered = CollectorRegistry(), Rendered([family])
    registry.register(type("Once", (), {"collect": lambda _self: [rendered]})())
    for form in TextFormat:
        page = Page(httpx.Response(200, content=exposed([registry], form), headers={"content-type": form.value}))
        assert page.value("motcua_topic_records", topic="motcua.dossier.events.v1") == 318_026


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, TextFormat.OPENMETRICS),
        ("*/*", TextFormat.OPENMETRICS),
        ("text/html,application/xhtml+xml,*/*;q=0.8", TextFormat.OPENMETRICS),
        ("text/plain", TextFormat.TEXT_0_0_4),
        ("text/plain;version=0.0.4;q=1,*/*;q=0.1", TextFormat.TEXT_0_0_4),
        (
            PROMETHEUS,
            TextFormat.OPENMETRICS,
        ),
        ("application/openmetrics-text;q=0.1, text/plain;q=0.9", TextFormat.TEXT_0_0_4),
        ("text/plain;q=nonsense", TextFormat.OPENMETRICS),
    ],
)
def test_the_format_is_the_preferred_one_and_openmetrics_where_none_is(accept: str | None, form: TextFormat) -> None:
    assert wanted(accept) is form


async def test_a_page_is_compressed_for_who_takes_that_and_asked_for_by_its_head() -> None:
    async with client_of(a_registry()) as client:
        async with client.stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(raw).endswith(b"# EOF\n")
        plain = await client.get("/metrics", headers={"Accept-Encoding": "gzip;q=0, identity"})
        assert "content-encoding" not in plain.headers
        head = await client.head("/metrics", headers=TEXT_0_0_4)
        assert (head.status_code, head.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")


async def test_requests_are_counted_by_the_template_of_their_route_and_by_nothing_that_a_caller_makes_up() -> None:
    async with client_of(CollectorRegistry()) as client:
        before = Page(await client.get("/metrics"))
        assert before.value("motcua_http_requests_total", method="GET", route="/healthz/live", status="5xx") == 0
        for path in ("/healthz/live", "/no/such/0912345678", "/docs"):
            await client.get(path)
        await client.request("BREW", "/healthz/live")
        page = Page(await client.get("/metrics"))
    value = "motcua_http_requests_total"
    assert page.value(value, method="GET", route="/healthz/live", status="2xx") == 1
    assert page.value(value, method="GET", route="unmatched", status="4xx") == 1
    assert page.value(value, method="other", route="/healthz/live", status="4xx") == 1
    assert page.value("motcua_http_request_duration_seconds_count", method="GET", route="/healthz/live") == 1
    assert page.value("motcua_http_requests_in_progress") == 1, "the scrape itself"
    routes = {dict(labels)["route"] for labels in page.series(value)}
    assert not any("0912345678" in route for route in routes)
    assert page.value("process_start_time_seconds") is not None
    assert [dict(labels).keys() for labels in page.series("motcua_build_info")] == [{"version", "commit"}]
