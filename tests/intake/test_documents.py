"""The API documents: every event with its fields, examples that work when they are tried,
and no reference that leads nowhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.intake.http.documents import cloud_event_example, short_form_example
from shared.contract.accepted import ACCEPTED, REQUIRED_BY_LAW
from tests.intake.conftest import Start
from tests.intake.sending import Sender

BEFORE: dict[str, list[str]] = {
    "submitted": [],
    "received": [],
    "declined": ["submitted"],
    "supplemented": ["received", "supplement_requested"],
    "payment_settled": ["received", "payment_requested"],
    "forward_answered": ["received", "forwarded"],
    "returned": ["received", "resolved"],
    "rated": ["received", "resolved"],
    "supplement_lapsed": ["received", "supplement_requested"],
    "resumed": ["received", "suspended"],
    "reopened": ["received", "resolved"],
}
NOW = "2026-11-25T09:00:00+07:00"


def references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        if isinstance(found := document.get("$ref"), str):
            yield found
        for value in document.values():
            yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


@pytest.fixture
async def document(intake: Sender) -> Any:
    return (await intake.http.get("/openapi.json")).json()


async def test_no_reference_leads_nowhere(document: Any) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


async def test_every_event_is_listed_with_every_field_described(document: Any) -> None:
    posted = document["paths"]["/v1/dossiers/{code}/events"]["post"]["requestBody"]["content"]
    short, cloud = posted["application/json"]["schema"]["anyOf"]
    assert set(short["discriminator"]["mapping"]) == set(ACCEPTED)
    assert set(cloud["discriminator"]["mapping"]) == {f"vn.motcua.dossier.{name}.v1" for name in ACCEPTED}
    batch = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/cloudevents-batch+json"][
        "schema"
    ]
    assert batch["items"] == cloud
    schemas = document["components"]["schemas"]
    for name, cls in ACCEPTED.items():
        event = schemas[f"Event{cls.__name__}"]
        assert event["description"]
        for field, schema in event["properties"].items():
            assert schema.get("description"), f"{name}.{field}"
        assert {"event", *REQUIRED_BY_LAW.get(name, ())} <= set(event["required"])


async def test_the_examples_hold_to_their_schemas(document: Any) -> None:
    for name, cls in ACCEPTED.items():
        for kind, example in (("Event", short_form_example(name)), ("CloudEvent", cloud_event_example(name))):
            schema = {"$ref": f"#/components/schemas/{kind}{cls.__name__}", "components": document["components"]}
            Draft202012Validator(schema).validate(example)


async def test_the_refusals_are_listed(document: Any) -> None:
    description = document["paths"]["/v1/dossiers/{code}/events"]["post"]["description"]
    for code in (
        "personal_data",
        "wrong_department",
        "too_long_a_history",
        "transition_not_allowed",
        "malformed",
        "id_reused",
    ):
        assert f"| `{code}` |" in description


@pytest.mark.parametrize("name", sorted(ACCEPTED.keys() - {"deadline_set"}))  # which needs a dossier without a deadline
async def test_an_example_works_when_it_is_tried(start: Start, name: str) -> None:
    async with start(clock=NOW) as intake:
        code = "H59.15-261125-0001"
        for each in (*BEFORE.get(name, ["received"]), name):
            answer = await intake.event(code, **short_form_example(each))
            assert answer.status_code == 201, answer.text
    async with start(clock=NOW) as intake:
        events = [cloud_event_example(each) for each in (*BEFORE.get(name, ["received"]), name)]
        assert (await intake.bulk(*events))["accepted"] == len(events)


async def test_the_example_of_a_new_dossier_works_as_it_stands(start: Start, document: Any) -> None:
    body = document["paths"]["/v1/dossiers"]["post"]["requestBody"]["content"]["application/json"]
    example = body["example"]
    async with start(clock=NOW) as intake:
        answer = await intake.http.post("/v1/dossiers", json=example)
        assert answer.status_code == 201, answer.text
