"""Traces by OpenTelemetry, behind one switch: an event's way from the request that brought it into the figures.

On where OTEL_EXPORTER_OTLP_ENDPOINT says where traces go, with the product's extra `tracing` installed. Off, nothing of
it is imported, and the way of an event asks one variable a batch.

The relay sends from the log, later and in batches, and the log has no place for a trace: which trace an event belongs
to is remembered by its id in the process that took it, for so many events. What is relayed later, by another instance
or after a restart, is shown as far as its commit. Between services a trace travels in the header `traceparent` (W3C).
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.contract.marks import Headers

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACEPARENT = "traceparent"
MOST_REMEMBERED = 50_000
LONGEST_STATEMENT = 1_000
COLLECTOR_ANSWERS_WITHIN_S = 2
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
_NAME = "motcua"
Context = Any  # of OpenTelemetry, which is imported where it is on


class TracingMissing(Exception):
    """Traces are asked for, and what makes them is not installed."""


class _Tracing:
    """What is there while tracing is on."""

    def __init__(self, tracer: Any) -> None:
        from opentelemetry import trace  # noqa: PLC0415 - only where it is on
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self.tracer, self.trace, self.propagator = tracer, trace, TraceContextTextMapPropagator()
        self.remembered: OrderedDict[str, str] = OrderedDict()

    def written(self, span: Any) -> str:
        """A span as `traceparent` says it."""
        carrier: dict[str, str] = {}
        self.propagator.inject(carrier, self.trace.set_span_in_context(span))
        return carrier.get(TRACEPARENT, "")

    def read(self, traceparent: str | None) -> Context:
        return self.propagator.extract({TRACEPARENT: traceparent} if traceparent else {})

    @contextmanager
    def within(self, span: Any) -> Iterator[None]:
        """What is done now belongs to the span. Of a failure it keeps the type alone: an error's words may hold what
        was to be written (an event, a person's details), and a collector forgets nobody who is erased here."""
        with self.trace.use_span(span, record_exception=False, set_status_on_exception=False):
            try:
                yield
            except Exception as failure:
                span.set_attribute("error.type", type(failure).__name__)
                span.set_status(self.trace.StatusCode.ERROR)
                raise


_on: _Tracing | None = None


def begin(service: str, environ: Mapping[str, str] = os.environ, provider: Any = None) -> None:
    """Switch tracing on where the environment, or a `provider`, asks for it. Raises TracingMissing."""
    global _on  # noqa: PLW0603 - one switch of the process
    if provider is None and not environ.get(ENDPOINT):
        return
    try:
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    except ImportError as missing:
        raise TracingMissing(f"{ENDPOINT} is set, and traces can't be made: install motcua[tracing]") from missing
    if provider is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        provider = TracerProvider(resource=Resource.create({"service.name": f"{_NAME}-{service}"}))
        # A process that ends waits so long for a collector that hangs; the library's ten seconds hold up a restart.
        timeout = None if any(environ.get(name) for name in _TIMEOUTS) else COLLECTOR_ANSWERS_WITHIN_S
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
    _on = _Tracing(provider.get_tracer(_NAME))
    _listen_to_sql(on=True)


def end() -> None:
    """Switch it off again."""
    global _on  # noqa: PLW0603 - one switch of the process
    if _on is not None:
        _listen_to_sql(on=False)
        _on = None


def is_on() -> bool:
    return _on is not None


def _statement_begins(
    _connection: Any,
    _cursor: Any,
    statement: str,
    _values: Any,
    context: Any,
    _executemany: bool,  # noqa: FBT001 - SQLAlchemy's
) -> None:
    if _on is not None and _on.trace.get_current_span().is_recording():
        told = {"db.system.name": context.dialect.name, "db.query.text": statement[:LONGEST_STATEMENT]}
        name = statement.split(maxsplit=1)[0].upper() if statement else "SQL"
        context.motcua_span = _on.tracer.start_span(name, kind=_on.trace.SpanKind.CLIENT, attributes=told)


def _statement_ends(_connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, *_: Any) -> None:
    if (span := getattr(context, "motcua_span", None)) is not None:
        span.end()


def _statement_fails(failure: Any) -> None:
    if (span := getattr(failure.execution_context, "motcua_span", None)) is not None:
        span.set_attribute("error.type", type(failure.original_exception).__name__)
        span.end()


_OF_SQL: dict[str, Callable[..., Any]] = {
    "before_cursor_execute": _statement_begins,
    "after_cursor_execute": _statement_ends,
    "handle_error": _statement_fails,
}
"""SQLAlchemy's events: a span for each statement within a trace, without its values.

OpenTelemetry's own instrumentation takes no SQLAlchemy 2.1 yet."""


def _listen_to_sql(*, on: bool) -> None:
    from sqlalchemy import event  # noqa: PLC0415 - processing has no SQL: a fifth of its start
    from sqlalchemy.engine import Engine  # noqa: PLC0415

    change = event.listen if on else event.remove
    for name, listener in _OF_SQL.items():
        change(Engine, name, listener)


class RequestSpan:
    """The span of a request, from its headers on."""

    def __init__(self, tracing: _Tracing, traceparent: str | None) -> None:
        self._tracing = tracing
        kind = tracing.trace.SpanKind.SERVER
        self._span = tracing.tracer.start_span("request", tracing.read(traceparent), kind=kind)

    @contextmanager
    def current(self) -> Iterator[None]:
        """What is done now belongs to it."""
        with self._tracing.within(self._span):
            yield

    def end(self, method: str, route: str, status: int | None, request: str) -> None:
        """It is answered. Paths and queries are left out: they may tell who a person is."""
        self._span.update_name(f"{method} {route}")
        told = {"http.request.method": method, "http.route": route, "motcua.request": request}
        self._span.set_attributes(told if status is None else {**told, "http.response.status_code": status})
        self._span.end()


def request_span(traceparent: str | None) -> RequestSpan | None:
    """The span of a request that begins; None while tracing is off."""
    return None if _on is None else RequestSpan(_on, traceparent)


def current_header() -> dict[str, str]:
    """The header by which a service that is called now goes on with this trace."""
    if _on is None:
        return {}
    carrier: dict[str, str] = {}
    _on.propagator.inject(carrier)
    return carrier


def remember(event_ids: Iterable[str]) -> None:
    """The events belong to the trace at hand."""
    if _on is None or not (traceparent := current_header().get(TRACEPARENT)):
        return
    for event_id in event_ids:
        _on.remembered[event_id] = traceparent
    while len(_on.remembered) > MOST_REMEMBERED:
        _on.remembered.popitem(last=False)


@contextmanager
def of_first(event_ids: Iterable[str]) -> Iterator[None]:
    """What is done now, for several requests at once, is shown in the trace of the first that has one."""
    found = None if _on is None else next((_on.remembered[one] for one in event_ids if one in _on.remembered), None)
    if _on is None or found is None:
        yield
        return
    span = _on.tracer.start_span("commit", _on.read(found))
    try:
        with _on.within(span):
            yield
    finally:
        span.end()


class RecordSpans:
    """Spans of records that are handled together, one for each key that came with a trace."""

    def __init__(self, tracing: _Tracing, name: str, traced: Iterable[tuple[str, str | None]], *, sends: bool) -> None:
        self._tracing = tracing
        kinds = tracing.trace.SpanKind
        kind = kinds.PRODUCER if sends else kinds.CONSUMER
        self._spans: dict[str, Any] = {}
        for key, traceparent in traced:
            if traceparent and key not in self._spans:
                self._spans[key] = tracing.tracer.start_span(name, tracing.read(traceparent), kind=kind)

    def headers(self, key: str) -> Headers:
        """What a record of this key carries on."""
        span = self._spans.get(key)
        return [] if span is None else [(TRACEPARENT, self._tracing.written(span).encode())]

    @contextmanager
    def first(self) -> Iterator[None]:
        """What is done for all of them is shown in the first one's trace; they end with it, well or not."""
        spans = list(self._spans.values())
        try:
            if spans:
                with self._tracing.within(spans[0]):
                    yield
            else:
                yield
        finally:
            for span in spans:
                span.end()


def sending(name: str, event_ids: Iterable[str]) -> RecordSpans | None:
    """Spans of events on their way out, by their ids; None while tracing is off."""
    if _on is None:
        return None
    traced = ((event_id, _on.remembered.pop(event_id, None)) for event_id in event_ids)
    return RecordSpans(_on, name, traced, sends=True)


def taking(name: str, records: Iterable[tuple[str, Iterable[tuple[str, bytes]]]]) -> RecordSpans | None:
    """Spans of records that came in with a trace, by key; None while tracing is off."""
    if _on is None:
        return None
    return RecordSpans(_on, name, ((key, traceparent_of(headers)) for key, headers in records), sends=False)


def traceparent_of(headers: Iterable[tuple[str, bytes]]) -> str | None:
    """The trace that a record says it belongs to."""
    return next((value.decode(errors="replace") for name, value in headers if name == TRACEPARENT), None)
