"""The session that opens the pages: the key given once, and its end; and the forms that pages send."""

from urllib.parse import parse_qs

from fastapi import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from shared.pages.site import HEADERS, Pages
from shared.service.sessions import is_from_own_page

MOST_BYTES = 8 * 1024  # of a form with a key and an address


def session_routes(pages: Pages) -> list[Route]:
    """To sign in and out, and the static files, which need no session."""

    async def open_session(request: Request) -> Response:
        """The key was given: a session for the right one, the form again for another."""
        if not is_from_own_page(request):
            return pages.sign_in(request, 403, pages.text(request, "foreign_form"), to="/")
        given = await form(request)
        to = _own_path(given.get("to", "/"))
        if wait_s := pages.sessions.must_wait_s():
            mistake = pages.text(request, "too_many_wrong_keys", seconds=wait_s)
            answer = pages.sign_in(request, 429, mistake, to=to)
            answer.headers["Retry-After"] = str(wait_s)
            return answer
        if not pages.sessions.is_key(given.get("key", "")):
            pages.sessions.count_wrong_key()
            return pages.sign_in(request, 401, pages.text(request, "wrong_key"), to=to)
        answer = RedirectResponse(to, 303, HEADERS)
        pages.sessions.open(request, answer)
        return answer

    async def end_session(request: Request) -> Response:
        """The reader leaves."""
        if not is_from_own_page(request):
            return pages.sign_in(request, 403, pages.text(request, "foreign_form"), to="/")
        answer = RedirectResponse("/", 303, HEADERS)
        pages.sessions.close(request, answer)
        return answer

    return [
        Route("/static/{name}", pages.look.get_static, methods=["GET"]),
        Route("/session", open_session, methods=["POST"]),
        Route("/session/end", end_session, methods=["POST"]),
    ]


async def form(request: Request, most_bytes: int = MOST_BYTES, most_fields: int = 10) -> dict[str, str]:
    """The fields of a small form; nothing of one that is larger than any of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most_bytes:
            return {}
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=most_fields)
    return {name: values[0] for name, values in fields.items()}


def _own_path(to: str) -> str:
    """A path of this service: an address elsewhere is not followed."""
    is_own = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if is_own else "/"
