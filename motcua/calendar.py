"""Announcements of days off: read from a file, put into force by intake, followed until everything is moved."""

import hashlib
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

from motcua.client import ServiceClient
from motcua.failure import Failure
from motcua.files import read_document
from shared.contract.http.announcements import AnnouncementAnswer
from shared.contract.http.catalogue import DayView

ANNOUNCEMENTS = "/v1/calendar/announcements"
DIGEST_BYTES = 8
LOOK_AGAIN_S = 0.2
FORM = 'source = "..." and at least one [[days]] with day (or first and last), works and name'
Announcement = dict[str, Any]  # as the file has it: what it means is intake's to check
Days = Annotated[list[DayView], msgspec.Meta(min_length=1)]  # a period has a day


def read_announcement(file: Path) -> Announcement:
    """The body of POST /v1/calendar/announcements; raises `Failure` when the file can't be read.

    Without an id of its own it gets one by its content, so that a second run is a repeat. What the days mean is
    intake's to check.
    """
    document = read_document(file)
    if not isinstance(document, dict) or "source" not in document or "days" not in document:
        raise Failure(f"{file} is no announcement: it needs {FORM}")
    body: Announcement = _as_json(document)
    content = msgspec.json.encode(
        {name: value for name, value in body.items() if name != "announced_at"}, order="sorted"
    )
    return {"id": f"file-{hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest()}", **body}


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_json(member) for member in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def preview(intake: ServiceClient, body: Announcement, limit: int) -> AnnouncementAnswer:
    """What an announcement would move."""
    query = {"dry_run": "true", "limit": limit}
    return intake.answer(AnnouncementAnswer, "POST", ANNOUNCEMENTS, json=body, params=query)


def announce(intake: ServiceClient, body: Announcement) -> AnnouncementAnswer:
    """Put it into force; the answer comes when it is known what moves."""
    return intake.answer(AnnouncementAnswer, "POST", ANNOUNCEMENTS, json=body, params={"limit": 1})


def follow(
    intake: ServiceClient, announcement: str, observe: Callable[[AnnouncementAnswer], None]
) -> AnnouncementAnswer:
    """The announcement when all is moved, shown to `observe` on the way."""
    while True:
        answer = intake.answer(AnnouncementAnswer, "GET", f"{ANNOUNCEMENTS}/{announcement}", params={"limit": 1})
        observe(answer)
        if answer.state == "done":
            return answer
        time.sleep(LOOK_AGAIN_S)


def days(intake: ServiceClient, first: date, last: date, department: str | None) -> list[DayView]:
    """Each day of a period, as it holds for a department."""
    query = {"from": first.isoformat(), "to": last.isoformat()} | (
        {} if department is None else {"department": department}
    )
    return intake.answer(Days, "GET", "/v1/calendar", params=query)
