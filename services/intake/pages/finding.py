"""To find a dossier: by its code, however it comes, or by its applicant's number, which stands in no address."""

import re

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from services.intake.accepting.candidates import pseudonym
from services.intake.applicants.details import identity
from services.intake.pages import lists
from services.intake.pages.site import Counter, caller_of, intake_of
from shared.contract.applicants import ApplicantDetails
from shared.domain.texts import DOSSIER_CODE
from shared.pages.session import form
from shared.pages.site import HEADERS

LONGEST = 500
_CODE = re.compile(DOSSIER_CODE.removeprefix("^").removesuffix("$"))


def code_in(text: str) -> str | None:
    """The first dossier code in a text: typed, or an address that a scanner read from a slip."""
    found = _CODE.search(text.upper())
    return None if found is None else found[0]


async def get_find(site: Counter, request: Request) -> Response:
    """`/find`: the field to type or scan into."""
    return site.page(request, "find.html", found=None)


async def post_find(site: Counter, request: Request) -> Response:
    """`POST /find`: to the dossier of a code; else the dossiers of the applicant whose number it is."""
    sought = (await form(request)).get("sought", "").strip()[:LONGEST]
    code = code_in(sought)
    if code is not None:
        return RedirectResponse(f"/dossiers/{code}", 303, HEADERS)
    if not sought:
        return await get_find(site, request)
    intake = intake_of(request)
    number = identity(ApplicantDetails(id_number=sought)) or sought
    pseudonyms = {pseudonym(each, intake.settings.applicant_key) for each in (sought, number)}
    found = await lists.by_applicants(intake.database, sorted(pseudonyms), caller_of(request).scope)
    return site.page(request, "find.html", 200 if found else 404, found=found)
