"""Who applied, as intake keeps it: looked at, erased, its keys wrapped anew, let go of when its time is over."""

import re

from motcua.client import LONG, ServiceClient
from motcua.failure import Failure
from shared.contract.http.applicants import ApplicantView, Erasure, ErasureAnswer, ExpiryAnswer, RotationAnswer
from shared.contract.http.dossiers import DossierView

_PSEUDONYM = re.compile(r"p-[0-9a-f]{32}")


def show(intake: ServiceClient, code: str) -> ApplicantView:
    """Who applied for a dossier; intake notes who looked."""
    return intake.answer(ApplicantView, "GET", f"/v1/dossiers/{code}/applicant")


def erase(intake: ServiceClient, whom: str, reason: str) -> ErasureAnswer:
    """Erase the applicant of a dossier, or the one with a pseudonym. Raises a Failure when the dossier names nobody."""
    pseudonym = whom
    if not _PSEUDONYM.fullmatch(whom):
        applicant = intake.answer(DossierView, "GET", f"/v1/dossiers/{whom}").applicant
        if applicant is None:
            raise Failure(f"dossier {whom} names no applicant, so there is nobody to erase")
        pseudonym = applicant
    return intake.answer(ErasureAnswer, "DELETE", f"/v1/applicants/{pseudonym}", params={"reason": reason})


def rotate(intake: ServiceClient) -> RotationAnswer:
    """Wrap every data key by the first master key."""
    return intake.answer(RotationAnswer, "POST", "/v1/applicants/rotate", timeout=LONG)


def expire(intake: ServiceClient) -> ExpiryAnswer:
    """Erase those who have been kept long enough."""
    return intake.answer(ExpiryAnswer, "POST", "/v1/applicants/expire", timeout=LONG)


def described(erasure: Erasure) -> str:
    """That somebody was erased, as a line."""
    return f"{erasure.applicant} was erased at {erasure.erased_at.isoformat()} by {erasure.erased_by}: {erasure.reason}"
