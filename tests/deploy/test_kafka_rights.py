"""What the chart's KafkaUser resources grant is what the services need, and no more: on a real broker that asks each
client for its certificate and holds it to these rights."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.consumer import AIOKafkaConsumer
from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.protocol.admin import CreateAclsRequest

from motcua.stack.stack import settings_class
from shared.contract.topics import ALERTS, DEAD_LETTERS, EVENTS, STATUS, TOPICS
from shared.service.kafka import connection, ensure_topics
from shared.service.settings import ServiceSettings
from tests.deploy.chart import of_kind, resources
from tests.deploy.deployment import SERVICES
from tests.support.certificates import Authority
from tests.support.guarded_broker import GuardedBroker, guarded_broker
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, KEY, Service, service
from tests.support.wait import wait_until, wait_until_async

pytestmark = [pytest.mark.long, pytest.mark.server]
WITHIN_S = 60.0
ANYBODY_IN_PLAIN = "User:ANONYMOUS"
RIGHTS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": ANYBODY_IN_PLAIN,
    "allow.everyone.if.no.acl.found": "false",
}
# Kafka's own numbers
RESOURCES, PATTERNS = {"topic": 2, "group": 3}, {"literal": 3, "prefix": 4}
OPERATIONS, ALLOW = {"Read": 3, "Write": 4, "Describe": 8, "DescribeConfigs": 10}, 3
GARBAGE = b"{"
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
RECEIVED = {
    "specversion": "1.0",
    "id": "one",
    "source": "/tests",
    "type": "vn.motcua.dossier.received.v1",
    "subject": "H59.15-231208-0001",
    "time": "2023-12-08T08:31:00+07:00",
    "datacontenttype": "application/json",
    "data": {"department": "H59.15", "procedure": "2.000635", "channel": "in_person"},
}


@dataclass(frozen=True, slots=True)
class Guarded:
    """The broker, and how each service shows itself to it."""

    broker: GuardedBroker
    settings: dict[str, ServiceSettings]
    folder: Path

    def environment(self, name: str) -> dict[str, str]:
        given = self.settings[name].model_dump(include=set(_kafka(self, name)))
        return {setting.upper(): str(value) for setting, value in given.items()}


def _kafka(guarded: Guarded, name: str) -> set[str]:
    return {setting for setting in guarded.settings[name].model_fields_set if setting.startswith("kafka")}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    users = of_kind("KafkaUser", resources({}))
    folder = tmp_path_factory.mktemp("rights")
    (folder / "certificates").mkdir()
    authority = Authority(folder / "certificates")
    with guarded_broker(folder / "kafka", authority, RIGHTS) as broker:
        settings = {}
        for name in SERVICES:
            shown = authority.sign(f"motcua-{name}")
            settings[name] = settings_class(name)(
                api_key=KEY,
                kafka_bootstrap=broker.ssl,
                kafka_security_protocol="SSL",
                kafka_ssl_cafile=str(authority.cafile),
                kafka_ssl_certfile=str(shown.certificate),
                kafka_ssl_keyfile=str(shown.key),
            )
        assert set(users) == {f"motcua-{name}" for name in SERVICES}
        yield Guarded(broker, settings, folder)


@asynccontextmanager
async def granted(guarded: Guarded) -> AsyncIterator[AIOKafkaAdminClient]:
    """The topics and the rights, as Strimzi's operators make them from the chart's resources."""
    await ensure_topics(settings_class("intake")(api_key=KEY, kafka_bootstrap=guarded.broker.plain))
    admin = AIOKafkaAdminClient(bootstrap_servers=guarded.broker.plain)
    await admin.start()
    try:
        for name, user in of_kind("KafkaUser", resources({})).items():
            for acl in user["spec"]["authorization"]["acls"]:
                for operation in acl["operations"]:
                    answer = await admin._send_request(_grant(f"User:CN={name}", acl["resource"], operation))
                    assert [code for code, *_ in answer.creation_responses] == [0]
        yield admin
    finally:
        await admin.close()


def _grant(user: str, resource: dict[str, Any], operation: str) -> CreateAclsRequest:
    kind, pattern = RESOURCES[resource["type"]], PATTERNS[resource["patternType"]]
    return CreateAclsRequest(kind, resource["name"], pattern, user, "*", OPERATIONS[operation], ALLOW)


async def test_the_services_do_their_work_with_these_rights_alone(guarded: Guarded) -> None:
    ports = free_port_base(3)
    started = [
        service(name, ports + number, guarded.environment(name) | _database(guarded, name), _log(guarded, name))
        for number, name in enumerate(SERVICES)
    ]
    async with granted(guarded):
        with started[0] as intake, started[1], started[2] as reporting:
            # Long overdue, so that an alert is raised, and two records that nobody can read.
            async with httpx.AsyncClient(headers=HEADERS | BATCH, timeout=30) as counter:
                posted = await counter.post(f"{intake.url}/v1/events", json=[RECEIVED])
            assert posted.json()["accepted"] == 1, posted.text
            await _send_garbage(guarded)
            wait_until(lambda: _received(reporting) == 1, WITHIN_S, "the dossier is counted")
            await wait_until_async(
                lambda: _reached(guarded, {DEAD_LETTERS.name: 2, ALERTS.name: 1}),
                WITHIN_S,
                "both unreadable records are dead letters, and the alert is told",
            )
    for name in SERVICES:
        refused = [line for line in _log(guarded, name).read_text("utf-8").splitlines() if "uthorization" in line]
        assert refused == [], name


@pytest.mark.parametrize("name", SERVICES)
async def test_nobody_writes_what_another_service_tells(guarded: Guarded, name: str) -> None:
    foreign = [topic.name for topic in TOPICS if name not in topic.producers]
    async with granted(guarded), AIOKafkaProducer(**connection(guarded.settings[name])) as producer:
        for topic in foreign:
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait(topic, b"{}", partition=0)


async def _send_garbage(guarded: Guarded) -> None:
    async with AIOKafkaProducer(bootstrap_servers=guarded.broker.plain) as anybody:
        for topic in (EVENTS, STATUS):
            await anybody.send_and_wait(topic.name, GARBAGE, key=b"H59.15-231208-9999", partition=0)


async def _reached(guarded: Guarded, ends: dict[str, int]) -> bool:
    async with AIOKafkaConsumer(bootstrap_servers=guarded.broker.plain) as reader:
        found = dict.fromkeys(ends, 0)
        for topic in ends:
            partitions = [
                TopicPartition(topic, number) for number in range(guarded.settings["intake"].kafka_partitions)
            ]
            found[topic] = sum((await reader.end_offsets(partitions)).values())
    return all(found[topic] >= end for topic, end in ends.items())


def _database(guarded: Guarded, name: str) -> dict[str, str]:
    return {} if name == "processing" else {"DATABASE_URL": f"sqlite+aiosqlite:///{guarded.folder}/{name}.db"}


def _log(guarded: Guarded, name: str) -> Path:
    return guarded.folder / f"{name}.log"


def _received(reporting: Service) -> int:
    answer = httpx.get(f"{reporting.url}/v1/figures?from=2020-01-01&to=2099-12-31", headers=HEADERS, timeout=30)
    return int(answer.json()["total"]["received_total"]) if answer.is_success else 0
