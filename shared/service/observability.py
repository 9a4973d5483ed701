"""How every service speaks to operators: structured logs on stderr, OpenMetrics on /metrics, probes on /healthz."""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import TracebackType
from typing import TextIO, cast

import structlog
from fastapi import APIRouter, Request
from msgspec import UNSET
from prometheus_client import CollectorRegistry
from starlette.responses import Response
from structlog.typing import EventDict, Processor

from shared.access.roles import Permission
from shared.contract.envelope import encode
from shared.contract.http.service import HealthAnswer
from shared.service.access import open_to_all, requires
from shared.service.clock import system_clock
from shared.service.exposition import exposed, takes_gzip, wanted
from shared.service.http import GUARDED, HEALTH, OPENMETRICS, json_response

# without the values of local variables: they would put applicants' data into the log
TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
SAME_AGAIN_AFTER_S = 5.0
MOST_REMEMBERED = 1000
STALLED_AFTER_S = 60.0


class NotTheSameAgain(logging.Filter):
    """Lets a library's message through at most every few seconds:
    with the broker away aiokafka says the same a hundred times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        said, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._said.get(said, -SAME_AGAIN_AFTER_S) < SAME_AGAIN_AFTER_S:
            return False
        if len(self._said) > MOST_REMEMBERED:
            self._said.clear()
        self._said[said] = now
        return True


class LogStream:
    """Where lines go. One that can't be written (the log's disk is full, whoever read it has gone) is lost and stops
    nobody: an error in saying what went wrong would leave callers without an answer and a broken process without its
    end. How many were lost, at most, is said once one can be written again, in a line of its own behind a torn one."""

    def __init__(self, service: str, stream: TextIO) -> None:
        self._service, self._stream = service, stream
        self._lost = 0

    def write(self, text: str) -> None:
        """Write the text out, or lose it."""
        try:
            self._stream.write(f"\n{self._losses()}\n{text}" if self._lost else text)
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: it is closed
            self._lost += 1
        else:
            self._lost = 0

    def flush(self) -> None:
        """It is written at once."""

    def _losses(self) -> str:
        line = {"event": "log_lines_lost", "at_most": self._lost, "level": "warning", "service": self._service}
        return encode(_dated(None, "", line)).decode()


def _dated(_logger: object, _method: str, line: EventDict) -> EventDict:
    """When it was said, with the offset from UTC."""
    line["timestamp"] = system_clock().isoformat(timespec="microseconds")
    return line


def configure_logging(service: str, level: str) -> None:
    """One JSON object a line on stderr, whoever says it: we, a library, Python's warnings, or an end by an error."""
    stream = cast("TextIO", LogStream(service, sys.stderr))

    def named(_logger: object, _method: str, line: EventDict) -> EventDict:
        line["service"] = service  # in every thread
        return line

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _dated,
        named,
    ]
    structlog.configure(
        processors=[*shared, TRACEBACKS, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.addFilter(NotTheSameAgain())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(logging.getLevelName(level.upper()), logging.INFO), force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _end_by
    for noisy in ("uvicorn.access", "aiokafka", "httpx", "faust", "mode", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _end_by(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The last line of a process that nobody stopped."""
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("process_ends", error=repr(error), exc_info=(kind, error, trace))


class Heartbeat:
    """Liveness is progress: whether a loop went round lately, also when what it works with is away."""

    def __init__(self, stalled_after_s: float = STALLED_AFTER_S) -> None:
        self._stalled_after_s = stalled_after_s
        self._beat_at = time.monotonic()

    def beat(self) -> None:
        """The loop went round."""
        self._beat_at = time.monotonic()

    @property
    def is_moving(self) -> bool:
        return time.monotonic() - self._beat_at < self._stalled_after_s


def health(
    *, good: bool, otherwise: str = "not ready", poison_in_a_row: int = 0, access: str | None = None
) -> Response:
    """What a probe answers: 200 when all is well, 503 when it is not."""
    answer = HealthAnswer(
        status="ok" if good else otherwise, poison_in_a_row=poison_in_a_row or UNSET, access=access or UNSET
    )
    return json_response(answer, 200 if good else 503)


Probe = Callable[[Request], Awaitable[Response]]
_FORMS = ("application/openmetrics-text", "text/plain")  # a person's browser, curl and Kubernetes ask for neither


def scraped_too(live: Probe) -> Probe:
    """The probe, and for Prometheus a page without a metric: what it is refused by its key can be told from silence."""

    async def answered(request: Request) -> Response:
        answer, accept = await live(request), request.headers.get("accept", "")
        if answer.status_code != HTTPStatus.OK or not any(form in accept for form in _FORMS):
            return answer
        form = wanted(accept)
        return Response(exposed([], form), headers={"Vary": "Accept"}, media_type=form.value)

    answered.__doc__ = live.__doc__
    return answered


def operations_router(
    live: Probe, ready: Probe, registry: Callable[[Request], Awaitable[CollectorRegistry]]
) -> APIRouter:
    """The routes of probes and of Prometheus; the probes' docstrings say in the API documents what they tell."""
    router = APIRouter(tags=["operations"])

    async def metrics(request: Request) -> Response:
        """OpenMetrics, or the text format 0.0.4 for who asks for `text/plain`."""
        own, of_http = await registry(request), request.app.state.http_metrics
        of_http.begin()
        form, compressed = wanted(request.headers.get("accept")), takes_gzip(request.headers)
        text = await asyncio.to_thread(exposed, [own, of_http.registry], form, compressed=compressed)
        headers = {"Vary": "Accept, Accept-Encoding"} | ({"Content-Encoding": "gzip"} if compressed else {})
        return Response(text, headers=headers, media_type=form.value)

    supervised = [open_to_all("whoever supervises the process asks whether it lives, and is told no more")]
    for name, probe in (("live", scraped_too(live)), ("ready", ready)):
        router.add_api_route(
            f"/healthz/{name}",
            probe,
            name=name,
            methods=["GET"],
            response_class=Response,
            responses=HEALTH,
            dependencies=supervised,
        )
    router.add_api_route(
        "/metrics",
        metrics,
        methods=["GET"],
        response_class=Response,
        responses=OPENMETRICS | GUARDED,
        dependencies=[requires(Permission.READ_METRICS, open_while_alone=True)],
    )
    return router
