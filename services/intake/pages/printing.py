"""The papers as pages: what a clerk's browser opens, shows and prints; what can't be printed is said in words."""

from datetime import date

from fastapi import Request
from starlette.responses import Response

from services.intake.http.papers import MOST_PAPERS, OF_DOSSIERS, form_of, out_of_range, register_of
from services.intake.pages.site import Counter, caller_of, intake_of
from services.intake.papers.paper import FormNumber
from shared.domain.localtime import local_date
from shared.service.problems import Problem


async def get_form(_site: Counter, request: Request) -> Response:
    """`/print/01/{code}`: the latest paper of the form, or the `n`-th."""
    form, code, number = request.path_params["form"], request.path_params["code"], request.query_params.get("n")
    if form not in OF_DOSSIERS.split("|"):
        raise Problem(404, "Not Found", f"there is no form {form} of a dossier", vietnamese=f"không có mẫu {form}")
    if number is not None and not (number.isascii() and number.isdigit() and 0 < int(number) <= MOST_PAPERS):
        raise out_of_range("n", f"must be 1 to {MOST_PAPERS}", f"phải từ 1 đến {MOST_PAPERS}")
    which = None if number is None else int(number)
    return await form_of(intake_of(request), caller_of(request), code, FormNumber(form), which)


async def get_register(_site: Counter, request: Request) -> Response:
    """`/print/07?department=`: the register of a unit, of today or of the days `from` to `to`."""
    intake, asked = intake_of(request), request.query_params
    first = _day("from", asked.get("from"), local_date(intake.clock()))
    last = _day("to", asked.get("to"), first)
    return await register_of(intake, caller_of(request), asked.get("department", ""), first, last)


def _day(name: str, given: str | None, otherwise: date) -> date:
    try:
        return date.fromisoformat(given) if given else otherwise
    except ValueError as wrong:
        raise out_of_range(name, "write a day as 2026-11-30", "hãy viết ngày như 2026-11-30") from wrong
