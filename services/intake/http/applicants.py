"""The calls about who applied: to see it, to erase it, to wrap its keys anew, to let go of it when its time is over.

A page or a printed form of this service asks `applicant_of(intake, caller, code)` with the `Caller` whom
`requires(Permission.READ_APPLICANTS)` let in (`Access.permit(principal, Permission.READ_APPLICANTS)` gives a page its
caller). It checks the scope, has the audit note who looked, and gives an `ApplicantView`, whose `details` is None where
nothing is kept: then there is only a pseudonym to show. Call it once for each document or page that shows a person, and
pass nothing of it to a log, a link or a cache.
"""

import re
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.intake.accepting.parsing import details_of, pseudonym_by
from services.intake.accepting.refusals import echo
from services.intake.accepting.strict_json import members
from services.intake.applicants.details import Recogniser
from services.intake.applicants.encryption import Damaged, MasterKeyMissing
from services.intake.applicants.keeping import CannotErase, NoMasterKey
from services.intake.applicants.retention import expire
from services.intake.http import bodies
from services.intake.http.bodies import CHECKED
from services.intake.http.service import Intake, IntakeService, problem
from services.intake.log import event_log
from services.intake.log.history import HistoryEntry
from shared.access.roles import Permission
from shared.contract.applicants import ApplicantDetails
from shared.contract.http import answered, reference
from shared.contract.http.applicants import ApplicantView, ErasureAnswer, ExpiryAnswer, RotationAnswer
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.texts import DOSSIER_CODE, hidden_character, personal
from shared.service.access import Caller, Requires, requires
from shared.service.clock import system_clock
from shared.service.http import documented, json_response
from shared.service.problems import Problem

router = APIRouter(tags=["applicants"])
LOGGER = structlog.get_logger()
CodePath = Annotated[str, Path(description="the dossier's code")]
PseudonymPath = Annotated[str, Path(description="the applicant's pseudonym", pattern=r"^p-[0-9a-f]{32}$")]
Why = Annotated[
    str,
    Query(min_length=1, max_length=500, description="why, without a person's data: it is kept when the person is gone"),
]
Looking = Annotated[Caller, Depends(Requires(Permission.READ_APPLICANTS))]
Erasing = Annotated[Caller, Depends(Requires(Permission.ERASE_APPLICANTS, everywhere=True))]
ERASING = [requires(Permission.ERASE_APPLICANTS, everywhere=True), *CHECKED]  # a person may have dossiers anywhere
DETAILS_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {bodies.JSON: {"schema": reference(ApplicantDetails)}}}
}
UNAVAILABLE = {503: "no master key, or not the right one, or erasures can't be written down"}


@router.get(
    "/v1/dossiers/{code}/applicant",
    dependencies=[requires(Permission.READ_APPLICANTS), *CHECKED],
    response_class=Response,
    responses={
        200: answered(ApplicantView),
        **documented({404: "no such dossier", 422: "a parameter is unknown", **UNAVAILABLE}),
    },
)
async def get_applicant(code: CodePath, caller: Looking, intake: IntakeService) -> Response:
    """Who applied, for who may see it; each look is noted. `details` is null where only a pseudonym is known."""
    return json_response(await applicant_of(intake, caller, code))


@router.put(
    "/v1/dossiers/{code}/applicant",
    dependencies=[requires(Permission.READ_APPLICANTS), *CHECKED],
    response_class=Response,
    responses={
        200: answered(ApplicantView),
        **documented(
            {
                404: "no such dossier",
                409: "the details are of somebody else, or the applicant was erased after the dossier came",
                413: "too large",
                415: "another media type, or compressed",
                422: "malformed",
                **UNAVAILABLE,
            }
        ),
    },
    openapi_extra=DETAILS_BODY,
)
async def put_applicant(code: CodePath, request: Request, caller: Looking, intake: IntakeService) -> Response:
    """Put right what is kept of who applied, who stays the same person; what is left out is kept no more."""
    dossier = await _dossier(intake, caller, code)
    bodies.require_json(request)
    try:
        body = await bodies.read(request, intake.settings.max_event_bytes)
        members(body)  # a key given twice is refused: which of the two was meant?
        details = details_of(body, "data")
        pseudonym = pseudonym_by(details, "data", intake.settings.applicant_key)
    except Refusal as refusal:
        raise problem(refusal, {}) from refusal
    if pseudonym != dossier.applicant:
        detail = (
            f"the details are of somebody else than dossier {dossier.code} names (by number, or by name and phone); "
            "send a correction of the applicant for another person: event corrected, field applicant"
        )
        raise Problem(409, "Conflict", detail, code="another_applicant")
    if (erasure := await intake.applicants.erasure_over(dossier)) is not None:
        raise Problem(
            409,
            "Conflict",
            f"the applicant of dossier {dossier.code} was erased at {erasure.erased_at.isoformat()}, after the dossier "
            "came, and nothing is kept of them for it again; a new dossier of theirs keeps what it says",
            code="applicant_erased",
            vietnamese=f"người nộp của hồ sơ {dossier.code} đã được xóa lúc {erasure.erased_at.isoformat()}, sau khi "
            "hồ sơ đến; hồ sơ này không lưu lại thông tin của họ nữa, hồ sơ nộp mới thì có",
        )
    try:
        await intake.applicants.put_right(pseudonym, dossier.code, details, intake.clock(), system_clock())
    except NoMasterKey as failure:
        raise Problem(503, "Service Unavailable", str(failure), code="details_unreadable") from failure
    return json_response(await applicant_of(intake, caller, code))


async def applicant_of(intake: Intake, caller: Caller, code: str) -> ApplicantView:
    """Who applied for a dossier within the caller's scope; that the caller looked is noted. Raises a `Problem`."""
    dossier = await _dossier(intake, caller, code)
    pseudonym = dossier.applicant
    if pseudonym is None:
        return ApplicantView(code=dossier.code, applicant=None, details=None)
    if (erasure := await intake.applicants.erasure_over(dossier)) is not None:
        return ApplicantView(code=dossier.code, applicant=pseudonym, details=None, erased_at=erasure.erased_at)
    try:
        kept = await intake.applicants.kept(pseudonym)
    except (NoMasterKey, MasterKeyMissing, Damaged) as failure:
        raise Problem(503, "Service Unavailable", str(failure), code="details_unreadable") from failure
    if kept is None:
        return ApplicantView(code=dossier.code, applicant=pseudonym, details=None)
    await intake.applicants.looked_at(pseudonym, dossier.code)
    return ApplicantView(
        code=dossier.code,
        applicant=pseudonym,
        details=kept.details,
        stored_at=kept.stored_at,
        kept_until=kept.kept_until,
    )


@router.delete(
    "/v1/applicants/{pseudonym}",
    dependencies=ERASING,
    response_class=Response,
    responses={
        200: answered(ErasureAnswer),
        **documented({422: "the reason is missing, or tells who a person is", **UNAVAILABLE}),
    },
)
async def erase_applicant(pseudonym: PseudonymPath, reason: Why, caller: Erasing, intake: IntakeService) -> Response:
    """Erase who an applicant is, for good: key and ciphertext. No event and no figure changes. Repeats do no harm."""
    await _check_reason(intake, pseudonym, reason)
    by = caller.principal.id
    try:
        ((erasure, erased),) = await intake.applicants.erase([pseudonym], by, reason, intake.clock())
    except CannotErase as failure:
        raise Problem(503, "Service Unavailable", str(failure), code="cannot_erase") from failure
    LOGGER.info("applicant_erased", by=by, applicant=pseudonym, erased=erased)
    return json_response(ErasureAnswer(erasure=erasure, erased=erased))


@router.post(
    "/v1/applicants/rotate",
    dependencies=ERASING,
    response_class=Response,
    responses={200: answered(RotationAnswer), **documented({422: "a parameter is unknown", **UNAVAILABLE})},
)
async def rotate_keys(caller: Erasing, intake: IntakeService) -> Response:
    """Wrap every data key by the first master key, while intake works on; a repeat goes on where it was."""
    try:
        answer = await intake.applicants.rotate()
    except NoMasterKey as failure:
        raise Problem(503, "Service Unavailable", str(failure), code="details_unreadable") from failure
    LOGGER.info("master_key_rotated", by=caller.principal.id, key=answer.key, wrapped=answer.wrapped)
    return json_response(answer)


@router.post(
    "/v1/applicants/expire",
    dependencies=ERASING,
    response_class=Response,
    responses={200: answered(ExpiryAnswer), **documented({422: "a parameter is unknown", **UNAVAILABLE})},
)
async def expire_applicants(caller: Erasing, intake: IntakeService) -> Response:
    """Erase those whose every dossier has been closed for longer than its procedure keeps applicants; once a day."""
    try:
        answer = await expire(intake.applicants, intake.database, intake.announcements.catalogue, intake.clock())
    except CannotErase as failure:
        raise Problem(503, "Service Unavailable", str(failure), code="cannot_erase") from failure
    LOGGER.info("applicants_expired", by=caller.principal.id, erased=answer.erased, looked_at=answer.looked_at)
    return json_response(answer)


async def _dossier(intake: Intake, caller: Caller, code: str) -> Dossier:
    """The dossier, where the caller's scope covers it."""
    histories: dict[str, list[HistoryEntry]] = {}
    if re.fullmatch(DOSSIER_CODE, code, re.ASCII):
        async with intake.database.reader.connect() as connection:
            histories = await event_log.histories(connection, [code])
    if code not in histories:
        raise Problem(
            404, "Not Found", f"there is no dossier {echo(code)}; check the code", code="unknown_dossier", field="code"
        )
    dossier = histories[code][-1].after
    if not caller.scope.covers(dossier.department, dossier.received_by):
        raise Problem(
            403,
            "Forbidden",
            f"{caller.principal.name} may see applicants within {caller.scope} only, and dossier {dossier.code} is of "
            f"department {dossier.department}; ask for a key that covers it",
            vietnamese=f"{caller.principal.name} chỉ được xem người nộp trong phạm vi {caller.scope}, còn hồ sơ "
            f"{dossier.code} thuộc cơ quan {dossier.department}; hãy xin khóa có phạm vi đó",
        )
    return dossier


async def _check_reason(intake: Intake, pseudonym: str, reason: str) -> None:
    """The reason outlives the person: it holds nothing of the person."""
    held = personal(reason) or ("a hidden character" if hidden_character(reason) else None)
    try:
        kept = await intake.applicants.kept(pseudonym)
    except (NoMasterKey, MasterKeyMissing, Damaged):
        kept = None  # what can't be read can be erased all the same
    if held is None and kept is not None and (own := Recogniser(kept.details).found_in(reason)):
        held = f"the applicant's own {own}"
    if held is not None:
        detail = f"reason: holds {held}, and is kept when the person is erased; say why without it"
        raise Problem(422, "Unprocessable Content", detail, code="personal_data", field="reason")
