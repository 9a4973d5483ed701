"""Every topic says what it is, who writes and reads it and where its bad records end;
the AsyncAPI document says the same."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contract import topics
from shared.contract.schemas import asyncapi
from shared.contract.topics import DEAD_LETTERS, TOPICS, Topic
from shared.domain.events import EVENT_TYPES

SERVICES = Path("services")
PEOPLE = {"operators"}
DOCUMENT = Path("docs/asyncapi.yaml")
CONSTANTS = {name: value for name, value in vars(topics).items() if isinstance(value, Topic)}
by_name = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)


@cache
def names_used_by(service: str) -> set[str]:
    """Every name the service's modules mention."""
    trees = [ast.parse(path.read_text("utf-8")) for path in (SERVICES / service).rglob("*.py")]
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_no_topic_is_left_out_of_the_list() -> None:
    assert set(CONSTANTS.values()) == set(TOPICS)
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


@by_name
def test_a_topic_is_described_and_versioned(topic: Topic) -> None:
    assert topic.description
    assert topic.key
    assert topic.name.startswith("motcua.")
    assert topic.name.endswith(".v1")
    assert topic.cleanup_policy in ("delete", "compact")


@by_name
def test_a_topic_has_writers_and_readers_that_exist(topic: Topic) -> None:
    assert topic.producers
    assert topic.consumers
    services = {path.name for path in SERVICES.iterdir() if path.is_dir()}
    assert set(topic.producers) | set(topic.consumers) <= services | PEOPLE


@by_name
def test_a_topic_has_a_home_for_dead_letters_or_is_one(topic: Topic) -> None:
    assert topic is DEAD_LETTERS or topic.dead_letters == DEAD_LETTERS.name


@pytest.mark.parametrize("constant", sorted(CONSTANTS))
def test_who_is_said_to_use_a_topic_does(constant: str) -> None:
    topic = CONSTANTS[constant]
    for service in (set(topic.producers) | set(topic.consumers)) - PEOPLE:
        assert constant in names_used_by(service), (
            f"{service} is listed for {topic.name} but its code never names {constant}"
        )


class TestTheAsyncApiDocument:
    document = asyncapi()

    def test_the_file_is_what_the_code_says(self) -> None:
        assert yaml.safe_load(DOCUMENT.read_text("utf-8")) == self.document, "run python -m shared.contract.schemas"

    def test_every_reference_leads_somewhere(self) -> None:
        for reference in references(self.document):
            found: Any = self.document
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]
            assert found

    def test_every_topic_is_a_channel_with_messages(self) -> None:
        channels = {channel["address"]: channel for channel in self.document["channels"].values()}
        assert set(channels) == {topic.name for topic in TOPICS}
        assert all(channel["messages"] for channel in channels.values())
        assert set(channels["motcua.dossier.events.v1"]["messages"]) == set(EVENT_TYPES)

    def test_every_message_stands_in_a_channel(self) -> None:
        placed = {name for channel in self.document["channels"].values() for name in channel["messages"]}
        assert placed == set(self.document["components"]["messages"])

    def test_an_event_message_is_its_envelope_with_its_data(self) -> None:
        payload = self.document["components"]["messages"]["received"]["payload"]
        assert payload["allOf"][0] == {"$ref": "#/components/schemas/CloudEvent"}
        assert payload["allOf"][1]["properties"]["type"] == {"const": "vn.motcua.dossier.received.v1"}


def references(node: Any) -> Iterator[str]:
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in node.values():
                yield from references(value)
        case list():
            for value in node:
                yield from references(value)
