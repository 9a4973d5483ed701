"""What every service shows of itself: its requests by route, its process, and which build it is."""

import os
import time
from functools import cached_property
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.service.access import Access
from shared.service.metric_catalogue import BUILD_INFO, HTTP_DURATION, HTTP_IN_PROGRESS, HTTP_REQUESTS
from shared.service.metric_labels import STATUSES

UNMATCHED, OTHER = "unmatched", "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SERVER_FAILED = 500
COMMIT = "MOTCUA_COMMIT"


class HttpMetrics:
    """Requests of one application: how many, how they ended and how long they took, each by the template of its route.

    What a caller makes up, an address or a method, is no label: it is `unmatched`, or `other`.
    """

    def __init__(self, application: FastAPI, access: Access) -> None:
        self._application = application
        self.registry = CollectorRegistry()
        self._refusals = access.refusals
        for collector in (access.refusals.counter, access.refusals.lapsed_keys, access.expiry):
            self.registry.register(collector)
        self._requests = HTTP_REQUESTS.counter(self.registry)
        self._durations = HTTP_DURATION.histogram(self.registry)
        self.in_progress = HTTP_IN_PROGRESS.gauge(self.registry)
        BUILD_INFO.gauge(self.registry).labels(version("motcua"), os.environ.get(COMMIT) or "unknown").set(1)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """A request was answered, or failed."""
        method, route = scope["method"], self.route_of(scope)
        labels = (method if method in METHODS else OTHER, route)
        self._requests.labels(*labels, f"{status // 100}xx").inc()
        self._durations.labels(*labels).observe(seconds)
        self._refusals.note_answer(Request(scope), status)

    def begin(self) -> None:
        """Make the series of every route, so that its first request is seen; once the routes are all there."""
        _ = self._templates

    def route_of(self, scope: Scope) -> str:
        """The template of the route that answered; `unmatched` where none did."""
        found = self._templates.get(id(scope.get("endpoint")), ())
        if len(found) == 1:
            return found[0]
        return next((path for path in found if compile_path(path)[0].match(scope["path"])), UNMATCHED)

    @cached_property
    def _templates(self) -> dict[int, list[str]]:
        """The paths that lead to an endpoint, by its identity: the scope has the endpoint, and never the whole path."""
        templates: dict[int, list[str]] = {}
        for route in iter_route_contexts(self._application.routes):
            found, path = _endpoint_of(route), route.path or "/"
            templates.setdefault(id(found), []).append(path)
            for method in (route.methods or {"GET"}) - {"HEAD"}:
                self._expect(method, path)
        self._expect("GET", UNMATCHED)
        return templates

    def _expect(self, method: str, route: str) -> None:
        for status in STATUSES:
            self._requests.labels(method, route, status)


def _endpoint_of(route: Any) -> Any:
    return getattr(route, "endpoint", None) or getattr(route, "app", None)


class MeasureRequests:
    """ASGI middleware, outside all others: what the gate turned away is counted too."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def say(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start" and not status:
                status = message["status"]
                self._metrics.answered(scope, status, time.perf_counter() - began)
            await send(message)

        self._metrics.in_progress.inc()
        try:
            await self._app(scope, receive, say)
        except Exception:
            if not status:
                self._metrics.answered(scope, SERVER_FAILED, time.perf_counter() - began)
            raise
        finally:
            self._metrics.in_progress.dec()
