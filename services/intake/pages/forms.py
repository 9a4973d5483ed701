"""The forms of the counter: each has a key from when it was opened, and keeps what was typed when it is refused."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.intake.pages.actions import MistypedField
from services.intake.pages.saying import Mistake, mistake_of
from services.intake.pages.site import Counter
from shared.pages.session import form
from shared.pages.site import HEADERS, language_of
from shared.service.problems import UNPROCESSABLE, Problem

MOST_BYTES, MOST_FIELDS = 32 * 1024, 30
KEY_BYTES = 16
FIRST_OF_THE_SERVER = 500
_ASKED_BY_SCRIPT = "x-counter"
Refused = Problem | MistypedField


def _new_key() -> str:
    """What is sent under it, however often, is logged once."""
    return secrets.token_urlsafe(KEY_BYTES)


@dataclass(frozen=True, slots=True)
class FormState:
    """A form as it is shown: what was typed, what is wrong with it, and its key. `opened` says which of several."""

    typed: Mapping[str, str]
    mistakes: Mapping[str, str] = field(default_factory=dict)
    opened: str = ""
    key: str = field(default_factory=_new_key)


async def sent_form(site: Counter, request: Request) -> dict[str, str]:
    """The fields of a form that was sent, its key among them; raises the `Problem` of one that has none."""
    given = await form(request, MOST_BYTES, MOST_FIELDS)
    if not given.get("key"):
        said = "this form is old or incomplete; open the page again"
        raise Problem(422, UNPROCESSABLE, said, vietnamese=site.text(request, "stale_form"))
    return given


def mistake(site: Counter, request: Request, refused: Refused) -> Mistake:
    """What a refusal says, and where."""
    if isinstance(refused, MistypedField):
        return Mistake(refused.field, site.text(request, refused.key))
    return mistake_of(refused, language_of(request))


def mistakes_of(site: Counter, request: Request, refused: Refused, fields: Iterable[str]) -> tuple[int, dict[str, str]]:
    """The status of a refusal, and its mistake at the field of the form, or at the form as a whole.

    What passes by itself, and a bug, is no refusal: it is raised again.
    """
    if isinstance(refused, Problem) and refused.status >= FIRST_OF_THE_SERVER:
        raise refused
    found = mistake(site, request, refused)
    status = refused.status if isinstance(refused, Problem) else 422
    return status, {found.field if found.field in fields else "": found.said}


def is_from_script(request: Request) -> bool:
    """Whether the page's script sent the form, which shows the answer itself."""
    return _ASKED_BY_SCRIPT in request.headers


def done(request: Request, to: str, code: str) -> Response:
    """The form was logged: a browser goes on to where that is seen, so that a reload sends nothing again."""
    if is_from_script(request):
        return JSONResponse({"to": to, "code": code}, headers=HEADERS)
    return RedirectResponse(to, 303, HEADERS)


def refused_for_script(status: int, mistakes: Mapping[str, str]) -> Response:
    """The mistakes by field."""
    return JSONResponse({"mistakes": dict(mistakes)}, status, HEADERS)
