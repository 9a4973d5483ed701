"""Log-in at the provider, as pages: off to it, back from it, and what to do when that fails."""

from collections.abc import Mapping

from fastapi import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from shared.auditing.entries import Act
from shared.pages.site import HEADERS, LOG_IN, PASSES, Pages, own_path
from shared.service.access import OpenToAll, ruled
from shared.service.oidc.configuration import CALLBACK
from shared.service.oidc.login import LogInRefused, LogIns, StaleLogIn
from shared.service.oidc.provider import ProviderAway, ProviderRefuses
from shared.service.oidc.tokens import GrantsRefused, TokenRefused
from shared.service.refusals import WhyRefused
from shared.service.sessions import Sessions, TooManyGrants

SIGNED_OUT = "/session/ended"
MOST_PARAMETERS = 20


_FAILURES: Mapping[type[Exception], tuple[int, str]] = {
    StaleLogIn: (400, "log_in_stale"),
    LogInRefused: (403, "log_in_refused"),
    TokenRefused: (403, "log_in_not_trusted"),
    GrantsRefused: (403, "log_in_without_grants"),
    TooManyGrants: (403, "log_in_with_too_many_grants"),
    ProviderAway: (PASSES, "provider_away"),
    ProviderRefuses: (PASSES, "provider_away"),
}


def login_routes(pages: Pages, sessions: Sessions, logins: LogIns) -> list[Route]:
    """To the provider, back from it, and the page after signing out."""

    def failed(request: Request, status: int, key: str, **values: object) -> Response:
        if status != PASSES:
            pages.access.refusals.note(request, WhyRefused.NOT_VOUCHED_FOR)
        message = pages.text(request, key, provider=logins.provider.oidc.called, **values)
        answer = pages.page(request, "log_in_failed.html", status, said=message, retries=False)
        sessions.delete_cookie(answer, logins.cookie)
        return answer

    async def go(request: Request) -> Response:
        """Off to the provider."""
        try:
            address, cookie = await logins.begin(own_path(request.query_params.get("to", "/")))
        except ProviderAway:
            return failed(request, PASSES, "provider_away")
        answer = RedirectResponse(address, 303, HEADERS)
        sessions.set_cookie(request, answer, logins.cookie, cookie, logins.holds_s, strict=False)
        return answer

    async def come_back(request: Request) -> Response:
        """Back from the provider: a session for whom it vouches for.

        The answer is a page that moves on, no redirect: a browser sends a strict cookie only with what a page of ours
        asks for, and a redirect would still be the other site's doing.
        """
        cookie = sessions.cookie_in(request, logins.cookie)
        given = dict(request.query_params.multi_items()[:MOST_PARAMETERS])
        try:
            person, to = await logins.finish(cookie, given)
            answer = pages.page(request, "signed_in.html", to=to, name=person.name)
            sessions.open(request, answer, person)
        except tuple(_FAILURES) as failure:
            status, key = _FAILURES[type(failure)]
            return failed(request, status, key, reason=failure)
        sessions.delete_cookie(answer, logins.cookie)
        return await pages.noted(request, Act.SIGNED_IN, person, answer)

    async def ended(request: Request) -> Response:
        """The session here is over; the one with the provider is its own."""
        return pages.page(
            request, "signed_out.html", address=await logins.end_address(), provider=logins.provider.oidc.called
        )

    return [
        Route(LOG_IN, ruled(go, OpenToAll("it leads to the provider, where people say who they are")), methods=["GET"]),
        Route(
            CALLBACK,
            ruled(pages.in_words(come_back), OpenToAll("whom the provider vouches for comes back here")),
            methods=["GET"],
        ),
        Route(SIGNED_OUT, ruled(ended, OpenToAll("who signed out has no session")), methods=["GET"]),
    ]
