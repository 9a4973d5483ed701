"""To find a dossier: by its code, however it comes, or by its applicant's number, which stands in no address.

Whoever finds by a number learns whose a dossier is: that needs the right to know who applied, has a rate of its own,
and is in the audit, by the pseudonym.
"""

import asyncio
import math
import re
from collections.abc import Sequence

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from services.intake.accepting.candidates import pseudonym
from services.intake.applicants.details import identity
from services.intake.applicants.keeping import erased_since
from services.intake.http.service import Intake
from services.intake.log import event_log
from services.intake.pages import lists
from services.intake.pages.lists import ListedAtCounter
from services.intake.pages.site import Counter, intake_of
from shared.access.roles import Permission, Scope
from shared.contract.applicants import ApplicantDetails
from shared.domain.texts import DOSSIER_CODE, seen
from shared.pages.session import form
from shared.pages.site import HEADERS
from shared.service.problems import Problem

LONGEST = 500
_CODE = re.compile(DOSSIER_CODE.removeprefix("^").removesuffix("$"))


def code_in(text: str) -> str | None:
    """The first dossier code in a text: typed, or an address that a scanner read from a slip."""
    found = _CODE.search(text.upper())
    return None if found is None else found[0]


async def get_find(site: Counter, request: Request) -> Response:
    """`/find`: the field to type or scan into."""
    return _page(site, request)


async def post_find(site: Counter, request: Request) -> Response:
    """`POST /find`: to the dossier of a code; else the dossiers of the applicant whose number it is."""
    sought = seen((await form(request)).get("sought", "")).strip()[:LONGEST]
    code = code_in(sought)
    if code is not None:
        return RedirectResponse(f"/dossiers/{code}", 303, HEADERS)
    if not sought:
        return await get_find(site, request)
    try:
        caller = site.permitted(request, request.state.principal, Permission.READ_APPLICANTS)
    except Problem as forbidden:
        return _page(site, request, forbidden.status, mistake=site.text(request, "found_no_code"))
    if wait_s := site.searches.wait_s(caller.principal.id, asyncio.get_running_loop().time()):
        mistake = site.text(request, "too_many_searches", seconds=math.ceil(wait_s))
        answer = _page(site, request, 429, mistake=mistake)
        answer.headers["Retry-After"] = str(math.ceil(wait_s))
        return answer
    intake = intake_of(request)
    number = identity(ApplicantDetails(id_number=sought)) or sought
    pseudonyms = sorted({pseudonym(each, intake.settings.applicant_key) for each in (sought, number)})
    found = await _dossiers_of(intake, pseudonyms, caller.scope)
    await intake.applicants.sought(pseudonyms, [each.code for each in found])
    return _page(site, request, 200 if found else 404, found=found)


async def _dossiers_of(intake: Intake, pseudonyms: Sequence[str], scope: Scope) -> list[ListedAtCounter]:
    """The dossiers of applicants, without those from before an erasure."""
    found = await lists.by_applicants(intake.database, pseudonyms, scope)
    erased = await intake.applicants.erasures(pseudonyms)
    if not erased:
        return found
    async with intake.database.reader.connect() as connection:
        histories = await event_log.histories(connection, [each.code for each in found])
    return [each for each in found if not erased_since(erased, histories[each.code][-1].after)]


def _page(
    site: Counter,
    request: Request,
    status: int = 200,
    *,
    found: list[ListedAtCounter] | None = None,
    mistake: str | None = None,
) -> Response:
    by_number = not request.state.principal.scope_of(Permission.READ_APPLICANTS).is_nothing
    return site.page(request, "find.html", status, found=found, mistake=mistake, by_number=by_number)
