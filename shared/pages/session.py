"""The session that opens the pages: the key given once, or a log-in at the provider, and its end; and the forms that
pages send."""

from functools import partial
from urllib.parse import parse_qs

from fastapi import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from shared.auditing.entries import Act
from shared.pages.login import SIGNED_OUT, login_routes
from shared.pages.site import HEADERS, Pages, own_path
from shared.service.access import FROM_SETTINGS, OpenToAll, ruled
from shared.service.oidc.login import logins_of
from shared.service.refusals import WhyRefused
from shared.service.sessions import OIDC, is_from_own_page

MOST_BYTES = 8 * 1024  # of a form with a key and an address


def session_routes(pages: Pages) -> list[Route]:
    """To sign in and out, and the static files, which need no session."""
    access = pages.access
    sessions = access.sessions
    assert sessions is not None, "a service with pages has sessions"
    logins = logins_of(access.provider, sessions)

    def foreign(request: Request) -> Response:
        """The form came from another site's page."""
        access.refusals.note(request, WhyRefused.FOREIGN_PAGE)
        return pages.sign_in(request, 403, pages.text(request, "foreign_form"), to="/")

    async def open_session(request: Request) -> Response:
        """The key was given: a session for one that holds, the form again for another.

        After many wrong ones from one place the key from the settings is not looked at from there for a while, for
        people chose it and it may be guessed. Keys that were made by us can't be, so that nobody is kept out who has
        one, whatever others do behind the same address.
        """
        if not is_from_own_page(request):
            return foreign(request)
        given = await form(request)
        key, to = given.get("key", ""), own_path(given.get("to", "/"))
        wait_s = access.wrong_keys.must_wait_s(request)
        principal = access.of_key(key)
        if wait_s and principal in (None, FROM_SETTINGS):
            mistake = pages.text(request, "too_many_wrong_keys", seconds=wait_s)
            answer = pages.sign_in(request, 429, mistake, to=to)
            answer.headers["Retry-After"] = str(wait_s)
            return answer
        if principal is None:
            access.wrong_keys.count(request)
            access.refusals.note(request, WhyRefused.UNKNOWN_KEY, token=key)
            return pages.sign_in(request, 401, pages.text(request, "wrong_key"), to=to)
        answer = RedirectResponse(to, 303, HEADERS)
        sessions.open(request, answer, principal)
        return await pages.noted(request, Act.SIGNED_IN, principal, answer)

    async def end_session(request: Request) -> Response:
        """The reader leaves."""
        if not is_from_own_page(request):
            return foreign(request)
        principal = await access.of_session(request)
        is_of_provider = principal is not None and principal.id.startswith(OIDC)
        answer = RedirectResponse(SIGNED_OUT if is_of_provider else "/", 303, HEADERS)
        sessions.close(request, answer)
        return answer if principal is None else await pages.noted(request, Act.SIGNED_OUT, principal, answer)

    return [
        Route(
            "/static/{name}",
            ruled(partial(pages.look.get_static), OpenToAll("style and scripts, the same for everybody")),
            methods=["GET"],
        ),
        Route(
            "/session",
            ruled(pages.in_words(open_session), OpenToAll("who has no session yet gives the key here")),
            methods=["POST"],
        ),
        Route(
            "/session/end",
            ruled(pages.in_words(end_session), OpenToAll("it ends the session it comes with and does nothing else")),
            methods=["POST"],
        ),
        *([] if logins is None else login_routes(pages, sessions, logins)),
    ]


async def form(request: Request, most_bytes: int = MOST_BYTES, most_fields: int = 10) -> dict[str, str]:
    """The fields of a small form; nothing of one that is larger than any of ours, or that has more fields."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most_bytes:
            return {}
    try:
        fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=most_fields)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
