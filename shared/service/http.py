"""HTTP as every service serves it: the application, its parameters, streamed answers,
and refusals in the API documents."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, get_args, get_origin

from anyio import CancelScope
from fastapi import APIRouter, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from msgspec import Struct
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from shared.contract.envelope import JSON, encode
from shared.contract.http import EVERY_SERVICE, REFERENCE, answered, reference
from shared.contract.http.service import HealthAnswer, ProblemDetails
from shared.contract.schemas import components
from shared.service import problems
from shared.service.access import Access
from shared.service.acting import RequestIds
from shared.service.answer_headers import AnswerHeaders
from shared.service.api_documents import documented_application
from shared.service.http_metrics import HttpMetrics, MeasureRequests
from shared.service.problems import MEDIA_TYPE, UNPROCESSABLE, Problem

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def new_application(
    *,
    title: str,
    version: str,
    description: str,
    access: Access | None = None,
    messages: Iterable[type[Struct]] = (),
    lifespan: Lifespan | None = None,
    **more: Any,
) -> FastAPI:
    """An application without routes, whose API documents declare the `messages` that routes name.

    Without an `access` it knows no key, and only what is open to all answers.
    A slash too many is 404: a redirect would send the key along, to whatever `Host` said.
    """
    application = documented_application(
        title=title, version=version, description=description, lifespan=lifespan, redirect_slashes=False, **more
    )
    application.state.access = access or Access(None)
    problems.install(application)
    application.add_middleware(AnswerHeaders)
    application.add_middleware(RequestIds)
    measured = application.state.http_metrics = HttpMetrics(application, application.state.access)
    application.add_middleware(MeasureRequests, metrics=measured)
    declare(application, lambda: components([*EVERY_SERVICE.values(), *messages], REFERENCE))
    return application


def declare(application: FastAPI, schemas: Callable[[], Mapping[str, Any]]) -> None:
    """Put schemas that the routes name among the components of the API documents, made when those are asked for."""
    generate, made = application.openapi, cache(schemas)

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {}).update(made())
        return document

    application.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def add_routes(application: FastAPI, *routers: APIRouter, responses: "Documented | None" = None) -> None:
    """Put routes into the application as their routers made them, each documented with the `responses` too.

    FastAPI's `include_router` makes every route a second time, with all of its parameters: a tenth of a start.
    """
    for route in (route for router in routers for route in router.routes):
        if responses and isinstance(route, APIRoute):
            route.responses = responses | route.responses
        application.router.routes.append(route)


def json_response(
    message: Struct | Sequence[Struct], status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A message, or several as an array, written at once: FastAPI's own way looks at every value of an answer."""
    return Response(encode(message), status_code, headers, JSON)


class Ndjson(StreamingResponse):
    """Lines of JSON as a generator makes them.
    Starlette stops asking when the reader has gone, but leaves the generator open."""

    media_type = "application/x-ndjson"

    def __init__(self, parts: AsyncGenerator[bytes], status_code: int = 200) -> None:
        super().__init__(parts, status_code)
        self._parts = parts

    async def stream_response(self, send: Send) -> None:
        try:
            first = await anext(
                self._parts, b""
            )  # before the status goes out: what keeps it from being made is an answer of its own
            self.body_iterator = self._from(first)
            await super().stream_response(send)
        finally:
            with CancelScope(shield=True):
                await self._parts.aclose()

    async def _from(self, first: bytes) -> AsyncGenerator[bytes]:
        yield first
        async for part in self._parts:
            yield part


# Which query parameters a route takes:
# one that is misspelt and ignored would answer, or do, something else than was meant.


def invalid(parameter: str, detail: str, vietnamese: str | None = None) -> Problem:
    """422 that names the parameter and what to write instead, in Vietnamese too where the words are given."""
    in_vietnamese = None if vietnamese is None else f"{parameter}: {vietnamese}"
    return Problem(422, UNPROCESSABLE, f"{parameter}: {detail}", vietnamese=in_vietnamese, parameter=parameter)


async def declared_parameters_only(request: Request) -> None:
    """A dependency that answers 422 to a parameter which the route does not declare,
    and to a second value of one that is no list."""
    if not request.query_params:
        return
    takes_many = dict(_declared(request.scope["route"].dependant))
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in takes_many:
            known = ", ".join(sorted(takes_many, key=takes_many.__getitem__))
            fix, in_vietnamese = (
                (
                    f"not a parameter of this address; known: {known}",
                    f"không phải tham số của địa chỉ này; các tham số có thể dùng: {known}",
                )
                if known
                else (
                    "this address takes no parameters; leave it out",
                    "địa chỉ này không nhận tham số nào; hãy bỏ đi",
                )
            )
            raise invalid(name, fix, in_vietnamese)
        if times > 1 and not takes_many[name]:
            raise invalid(name, f"given {times} times; give it once", f"được ghi {times} lần; chỉ ghi một lần")


def _declared(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The parameters of a route, also those that are the fields of a model, and whether one takes many values."""
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from ((field.alias or name, _is_list(field.annotation)) for name, field in kind.model_fields.items())
        else:
            yield parameter.alias, _is_list(kind)
    for inner in dependant.dependencies:
        yield from _declared(inner)


def _is_list(kind: Any) -> bool:
    return any(get_origin(one) is list for one in (kind, *get_args(kind)))


# The API documents show refusals as the problem details they are.

Documented = dict[int | str, dict[str, Any]]


def documented(descriptions: dict[int, str]) -> Documented:
    """The `responses` of a route, by status."""
    return {
        status: {"description": text, "content": {MEDIA_TYPE: {"schema": reference(ProblemDetails)}}}
        for status, text in descriptions.items()
    }


GUARDED = documented(
    {
        401: "no key that holds",
        403: "the key may not do this, or not for this department",
        408: "the body came too slowly",
        429: "too many requests of this caller; `Retry-After` says when to go on",
        503: "the service has as much to do as it takes on; `Retry-After` says when to come again",
    }
)
OPENMETRICS: Documented = {
    200: {"description": "the metrics", "content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}
}
HEALTH: Documented = {
    200: answered(HealthAnswer),
    503: {
        "description": "not well: why, where that is known",
        "content": {JSON: {"schema": reference(HealthAnswer)}, MEDIA_TYPE: {"schema": reference(ProblemDetails)}},
    },
}
