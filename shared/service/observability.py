"""How every service speaks to operators: structured logs on stderr, OpenMetrics on /metrics."""

import logging
import sys
import time

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response
from structlog.typing import Processor

# without the values of local variables: they would put applicants' data into the log
TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


SAME_AGAIN_AFTER_S = 5.0
MOST_REMEMBERED = 1000


class NotTheSameAgain(logging.Filter):
    """Lets a library's message through at most every few seconds: with the broker away aiokafka says the same a hundred times a second."""

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


def configure_logging(service: str, level: str) -> None:
    """One JSON object a line on stderr, for our own events and for libraries alike."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
    ]
    structlog.configure(
        processors=[*shared, TRACEBACKS, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(NotTheSameAgain())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(logging.getLevelName(level.upper()), logging.INFO), force=True)
    for noisy in ("uvicorn.access", "aiokafka", "httpx", "faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def exposition(registry: CollectorRegistry) -> Response:
    """The registry as OpenMetrics text."""
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return Response(text, media_type=CONTENT_TYPE_LATEST)
