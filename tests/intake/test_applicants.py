"""Whoever applies leaves a pseudonym in the log, whichever way the event came."""

from typing import Any

import pytest

from tests.intake.conftest import Start
from tests.intake.sending import Sender, cloud_event, received

NAME = "Nguyễn Thị Minh Khai"
ABOUT: dict[str, Any] = {"department": "H59.15", "procedure": "2.000635", "channel": "online"}


async def applicants(intake: Sender) -> list[Any]:
    return [entry["event"]["data"].get("applicant") for entry in await intake.log()]


async def test_every_way_in_gives_the_same_pseudonym(intake: Sender) -> None:
    at = "2023-12-08T08:31:00+07:00"
    await intake.http.post("/v1/dossiers", json=ABOUT | {"received_at": at, "applicant": NAME})
    await intake.event("H59.15-231208-0002", event="received", occurred_at=at, applicant=NAME, **ABOUT)
    await intake.cloud_event(received("H59.15-231208-0003", applicant=NAME), "H59.15-231208-0003")
    await intake.bulk(
        received("H59.15-231208-0004", applicant=NAME),
        cloud_event("submitted", "2023-12-08T08:00", "H59.15-231208-0005", applicant=f" {NAME}", **ABOUT),
    )
    array = [received("H59.15-231208-0006", applicant=NAME, x={"window": 7})]
    await intake.http.post("/v1/events", json=array)
    names = await applicants(intake)
    assert len(names) == 6
    assert len(set(names)) == 1
    assert names[0].startswith("p-")
    assert NAME not in str(await intake.log())
    assert (await intake.log())[-1]["event"]["data"]["x"] == {"window": 7}


async def test_the_same_applicant_sent_again_is_a_repeat_and_another_is_not(intake: Sender) -> None:
    event = received(applicant=NAME)
    assert [(await intake.cloud_event(event)).status_code for _ in range(2)] == [201, 200]
    other = event | {"data": event["data"] | {"applicant": "Trần Văn A"}}
    assert (await intake.bulk(event))["duplicates"] == 1
    assert (await intake.bulk(other))["rejections"][0]["code"] == "id_reused"


async def test_an_exported_event_stays_as_it_is(
    intake: Sender, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await intake.bulk(received(applicant=NAME))
    (logged,) = await intake.log()
    assert (await intake.bulk(logged["event"]))["duplicates"] == 1
    other = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('other')}/intake.db"
    async with start(database_url=other, pseudonym_key="another key of pseudonyms") as fresh:
        await fresh.bulk(logged["event"])
        assert await applicants(fresh) == await applicants(intake)


async def test_nobody_named_stays_nobody(intake: Sender) -> None:
    await intake.bulk(received(), received("H59.15-231208-0002", applicant=None))
    assert await applicants(intake) == [None, None]
