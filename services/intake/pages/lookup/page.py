"""The look-up over HTTP: a page for people, a call for portals; neither asks for a key, for applicants have none."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.intake.http import bodies
from services.intake.http.service import Intake, IntakeService
from services.intake.log import event_log
from services.intake.pages.lookup.asking import LookUps, TooManyLookUps
from services.intake.pages.lookup.texts import TEXTS
from services.intake.pages.lookup.told import told
from services.intake.papers.slip import LOOK_UP
from services.intake.settings import IntakeSettings
from shared.contract.http import answered, reference
from shared.contract.http.lookup import LONGEST_TYPED, LookUpAnswer, NewLookUp
from shared.language.languages import Language, of_header
from shared.language.numbers import minute_in_full
from shared.pages.look import A_YEAR_S, Look
from shared.pages.session import form
from shared.pages.site import HEADERS, LANGUAGE_COOKIE, language_of
from shared.pages.texts import said
from shared.service.access import OpenToAll, open_to_all, ruled
from shared.service.http import add_routes, documented, json_response
from shared.service.peers import peer_of
from shared.service.problems import UNPROCESSABLE, Problem

WHY_OPEN = "applicants have none"
FILES = f"{LOOK_UP}/static"
MOST_BYTES = 2 * 1024
HEADERS_OF_PAGE = HEADERS | {"Referrer-Policy": "no-referrer"}
LOOK = Look(Path(__file__).parent, TEXTS, (), back="ask_another")
FACTS = (
    "procedure",
    "department",
    "submitted_at",
    "received_at",
    "promised_at",
    "missing",
    "missing_until",
    "result_at",
    "returned_at",
)
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {bodies.JSON: {"schema": reference(NewLookUp)}}},
}
PROBLEMS = documented(
    {
        404: "code and secret do not belong together, or there is no such dossier",
        413: "the body is too large",
        415: "no JSON, or compressed",
        422: "the body is not as it should be",
        429: "too many look-ups of one address, of one code or in all; Retry-After says when to come again",
    }
)
router = APIRouter(tags=["look-up"])
_decode = msgspec.json.Decoder(NewLookUp).decode


def add_look_up(app: FastAPI, settings: IntakeSettings) -> None:
    """The page, its files, and the call."""
    app.state.look_ups = LookUps(settings.key_of_slips, lambda: asyncio.get_running_loop().time())
    add_routes(app, router)
    open_rule = OpenToAll(WHY_OPEN)
    app.router.routes += [
        Route(LOOK_UP, ruled(partial(get_page, settings.office), open_rule), methods=["GET"]),
        Route(LOOK_UP, ruled(partial(post_page, settings.office), open_rule), methods=["POST"]),
        Route(f"{FILES}/{{name}}", ruled(partial(get_file), open_rule), methods=["GET"]),
    ]


@router.post(
    "/v1/look-up",
    dependencies=[open_to_all(WHY_OPEN), *bodies.CHECKED],
    response_class=Response,
    responses={200: answered(LookUpAnswer), **PROBLEMS},
    openapi_extra=BODY,
)
async def post_look_up(request: Request, intake: IntakeService) -> Response:
    """How a dossier stands, for who holds its slip: no key, no personal data, one answer for whatever is wrong."""
    bodies.require_json(request)
    body = await _read(request)
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        detail = 'send {"code": "...", "secret": "..."}, both as they stand on the slip'
        raise Problem(422, UNPROCESSABLE, detail) from wrong
    try:
        found = await _ask(request, intake, asked, of_header(request.headers.get("accept-language"), Language.ENGLISH))
    except TooManyLookUps as many:
        wait_s = many.retry_after_s
        raise Problem(
            429,
            "Too Many Requests",
            f"too many look-ups were made; try again in {wait_s} seconds",
            headers={"Retry-After": str(wait_s)},
            vietnamese=f"đã có quá nhiều lượt tra cứu; hãy thử lại sau {wait_s} giây",
        ) from many
    if found is None:
        raise Problem(
            404,
            "Not Found",
            "there is no dossier with this code and this secret; check both on the slip",
            vietnamese="không có hồ sơ với mã hồ sơ và mã tra cứu này; hãy kiểm tra lại cả hai trên giấy tiếp nhận",
        )
    return json_response(found)


async def get_page(office: str | None, request: Request) -> Response:
    """The empty form."""
    return _page(request, office)


async def post_page(office: str | None, request: Request) -> Response:
    """How the dossier stands, or the form again."""
    given, language = await form(request, MOST_BYTES), language_of(request)
    asked = NewLookUp(code=given.get("code", ""), secret=given.get("secret", ""))
    try:
        found = await _ask(request, cast("Intake", request.app.state.intake), asked, language)
    except TooManyLookUps as many:
        mistake = said(LOOK.texts, "too_many", language, seconds=many.retry_after_s)
        answer = _page(request, office, 429, mistake=mistake, code=asked.code)
        answer.headers["Retry-After"] = str(many.retry_after_s)
        return answer
    if found is None:
        return _page(request, office, 404, mistake=said(LOOK.texts, "not_found", language), code=asked.code)
    return _page(request, office, found=found)


async def get_file(request: Request) -> Response:
    """A style, script or picture of the page."""
    return await LOOK.get_static(request)


async def _ask(request: Request, intake: Intake, asked: NewLookUp, language: Language) -> LookUpAnswer | None:
    async def find(codes: Sequence[str]) -> LookUpAnswer | None:
        async with intake.database.reader.connect() as connection:
            histories = await event_log.histories(connection, codes)
        history = next((histories[code] for code in codes if code in histories), None)
        return None if history is None else told(history, intake.catalogue, language)

    look_ups = cast("LookUps", request.app.state.look_ups)
    return await look_ups.ask(peer_of(request).site, asked.code, asked.secret, find)


async def _read(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Problem(413, "Content Too Large", f"code and secret are less than {MOST_BYTES} bytes")
    return body


def _page(
    request: Request,
    office: str | None,
    status: int = 200,
    *,
    mistake: str = "",
    code: str = "",
    found: LookUpAnswer | None = None,
) -> Response:
    """The page; a code that was typed stands in the form again, a secret never does."""
    language = language_of(request)
    other = Language.ENGLISH if language is Language.VIETNAMESE else Language.VIETNAMESE
    content = LOOK.templates.get_template("look_up.html").render(
        language=language.value,
        other=other.value,
        t=lambda key: said(LOOK.texts, key, language),
        office=office,
        here=LOOK_UP,
        files=FILES,
        version=LOOK.version,
        mistake=mistake,
        code=code[:LONGEST_TYPED],
        found=found,
        facts=() if found is None else tuple(_facts(found, language)),
    )
    answer = HTMLResponse(content, status, HEADERS_OF_PAGE)
    if "lang" in request.query_params:
        answer.set_cookie(LANGUAGE_COOKIE, language.value, max_age=A_YEAR_S, httponly=True, samesite="lax")
    return answer


def _facts(found: LookUpAnswer, language: Language) -> Iterator[tuple[str, str]]:
    for name in FACTS:
        value = getattr(found, name)
        if value is not None:
            yield name, value if isinstance(value, str) else minute_in_full(value, language)
