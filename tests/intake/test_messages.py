"""Every JSON answer of intake is its message: as published, and nothing lost to a client that decodes it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from msgspec import Struct
from pydantic import BaseModel

from services.intake.http.announcement_messages import NewAnnouncementBody, NewDaysBody
from services.intake.http.dossier_messages import NewDossierBody
from shared.contract.envelope import encode
from shared.contract.http import HTTP_MESSAGES
from shared.contract.http.announcements import NewAnnouncement, NewDays
from shared.contract.http.dossiers import NewDossier
from shared.contract.schemas import components, read_golden
from shared.domain.texts import DOSSIER_CODE
from tests.intake.conftest import Start
from tests.intake.sending import CODE, Sender, cloud_event, received

GOLDEN = read_golden()
LIFE = (
    received(online_level="full", x={"counter": 7}),
    cloud_event("forwarded", "2023-12-08T09:00", agency="H59.16", due_at="2023-12-11T09:00:00+07:00"),
    cloud_event("supplement_requested", "2023-12-08T10:00", missing="bản sao"),
    cloud_event("supplemented", "2023-12-11T10:00"),
    cloud_event("resolved", "2023-12-12T10:00", outcome="granted"),
)
OPEN = received("H59.15-231208-0002")
DAYS = [{"day": "2023-12-13", "works": False, "name": "Nghỉ bão"}]
NEW_ANNOUNCEMENT = {"id": "decree-99", "source": "Quyết định 99/QĐ-TTg", "days": DAYS, "applies_to": ["H59"]}
NEW_DOSSIER = {"department": "H59.15", "procedure": "2.000635", "channel": "online", "online_level": "full"}
ANNOUNCEMENTS = "/v1/calendar/announcements"


@pytest.fixture
async def intake(start: Start) -> AsyncIterator[Sender]:
    """With a closed dossier and an open one, on the last working day before the one is due."""
    async with start(clock="2023-12-12T16:00:00+07:00") as sender:
        assert (await sender.bulk(*LIFE, OPEN))["accepted"] == len(LIFE) + 1
        yield sender


def holds(name: str, answer: httpx.Response, status: int = 200) -> Any:
    """The message, decoded as a client does it; of a list each."""
    assert answer.status_code == status, answer.text
    kind: Any = HTTP_MESSAGES[name]
    value = msgspec.json.decode(answer.content)
    for each in value if isinstance(value, list) else [value]:
        Draft202012Validator(GOLDEN[name], format_checker=FormatChecker()).validate(each)
    message = msgspec.json.decode(answer.content, type=list[kind] if isinstance(value, list) else kind)
    assert encode(message) == answer.content
    return message


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("http.dossier.v1", f"/v1/dossiers/{CODE}"),
        ("http.dossier.v1", "/v1/dossiers/H59.15-231208-0002?definition=instant/1"),
        ("http.department.v1", "/v1/departments"),
        ("http.procedure.v1", "/v1/procedures"),
        ("http.day.v1", "/v1/calendar?from=2023-01-18&to=2023-01-30"),
        ("http.log-head.v1", "/v1/log/head"),
        ("http.health.v1", "/healthz/live"),
        ("http.health.v1", "/healthz/ready"),
    ],
)
async def test_an_answer_is_its_message(intake: Sender, name: str, path: str) -> None:
    assert holds(name, await intake.http.get(path))


async def test_what_is_posted_is_answered_in_its_message(intake: Sender) -> None:
    opened = holds("http.dossier-opened.v1", await intake.http.post("/v1/dossiers", json=NEW_DOSSIER), 201)
    started = await intake.event(opened.code, event="processing_started", officer="o-17")
    happened = holds("http.event.v1", started, 201)
    assert (happened.subject, happened.sequence) == (opened.code, 2)
    assert holds("http.resent.v1", await intake.http.post("/v1/log/resend")).events == len(LIFE) + 3


async def test_what_became_of_many_events_is_told_in_its_message(intake: Sender) -> None:
    body = b"\n".join([encode(LIFE[0]), encode(received("H59.15-231208-0003")), *[b"{"] * 4_001])
    answer = holds(
        "http.bulk.v1",
        await intake.http.post("/v1/events", content=body, headers={"content-type": "application/x-ndjson"}),
    )
    assert (answer.accepted, answer.duplicates, answer.rejected, answer.rejections_omitted) == (1, 1, 4_001, 1)
    assert answer.rejections[0].line == 3


async def test_lines_of_the_log_are_their_message(intake: Sender) -> None:
    lines = (await intake.http.get("/v1/log")).content.splitlines()
    assert len(lines) == len(LIFE) + 1
    for position, line in enumerate(lines, start=1):
        Draft202012Validator(GOLDEN["http.log-line.v1"]).validate(msgspec.json.decode(line))
        message = msgspec.json.decode(line, type=HTTP_MESSAGES["http.log-line.v1"])
        assert message.position == position  # type: ignore[attr-defined]  # a LogLine
        assert msgspec.json.decode(encode(message)) == msgspec.json.decode(line)


async def test_announced_days_are_answered_in_their_messages(intake: Sender) -> None:
    seen = holds("http.announcement.v1", await intake.http.post(f"{ANNOUNCEMENTS}?dry_run=true", json=NEW_ANNOUNCEMENT))
    assert (seen.state, seen.to_move, len(seen.moves)) == ("dry_run", 1, 1)
    stored = holds("http.announcement.v1", await intake.http.post(ANNOUNCEMENTS, json=NEW_ANNOUNCEMENT), 201)
    assert (stored.id, stored.to_move) == ("decree-99", 1)
    holds("http.announcement.v1", await intake.http.get(f"{ANNOUNCEMENTS}/decree-99"))
    (listed,) = holds("http.announcement-listed.v1", await intake.http.get(ANNOUNCEMENTS))
    assert listed.days == stored.days


async def test_refusals_are_the_message_of_problems(intake: Sender) -> None:
    refused = holds("http.problem.v1", await intake.event(CODE, event="rated", score=9), 422)
    assert (refused.code, refused.field) == ("malformed", "score")
    assert holds("http.problem.v1", await intake.event(CODE, event="resolved", outcome="granted"), 409).allowed
    malformed = holds("http.problem.v1", await intake.http.post("/v1/dossiers", json={"channel": "fax" * 20}), 422)
    assert [mistake.field for mistake in malformed.errors] == ["department", "procedure", "channel"]
    content = encode([OPEN])[:-1]
    headers = {"content-type": "application/json"}
    cut = holds("http.problem.v1", await intake.http.post("/v1/events", content=content, headers=headers), 422)
    assert (cut.accepted, cut.duplicates, cut.rejections) == (0, 0, [])
    holds("http.problem.v1", await intake.http.get("/v1/dossiers/nothing"), 404)
    holds("http.problem.v1", await intake.http.post("/v1/log/restore"), 503)


@pytest.mark.parametrize("new", [NEW_ANNOUNCEMENT, NEW_DOSSIER], ids=["announcement", "dossier"])
def test_what_is_sent_holds_to_its_message_which_takes_no_other_field(new: dict[str, Any]) -> None:
    name = "http.new-announcement.v1" if "days" in new else "http.new-dossier.v1"
    Draft202012Validator(GOLDEN[name], format_checker=FormatChecker()).validate(new)
    msgspec.convert(new, HTTP_MESSAGES[name])
    with pytest.raises(msgspec.ValidationError, match="unknown field `extra`"):
        msgspec.convert(new | {"extra": 1}, HTTP_MESSAGES[name])


LIMITS = ("type", "enum", "minLength", "maxLength", "minItems", "maxItems", "pattern")


@pytest.mark.parametrize(
    ("message", "body"),
    [(NewDossier, NewDossierBody), (NewAnnouncement, NewAnnouncementBody), (NewDays, NewDaysBody)],
    ids=["dossier", "announcement", "days"],
)
def test_the_service_reads_what_the_message_says(message: type[Struct], body: type[BaseModel]) -> None:
    """The same fields, the same of them required, within the same limits; a code has a reader of its own."""
    declared, read = components([message], "{name}")[message.__name__], body.model_json_schema()
    assert declared["additionalProperties"] is read["additionalProperties"] is False
    assert set(declared["required"]) == set(read["required"])
    assert set(declared["properties"]) == set(read["properties"])
    for name, schema in declared["properties"].items():
        assert _limits(schema) - _limits(read["properties"][name]) <= {("pattern", DOSSIER_CODE)}, name
        assert _limits(read["properties"][name]) <= _limits(schema), name


def _limits(schema: dict[str, Any]) -> set[tuple[str, str]]:
    alternatives = [{"type": "object"} if "$ref" in each else each for each in schema.get("anyOf", [schema])]
    return {
        (limit, str(sorted(each[limit]) if limit == "enum" else each[limit]))
        for each in alternatives
        for limit in LIMITS
        if limit in each and not (limit == "type" and "enum" in each)
    }
