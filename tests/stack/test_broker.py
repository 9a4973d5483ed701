"""The embedded broker keeps what it acknowledged, whatever ends it, and says what it lacks."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from motcua.broker import Node, NodeConfig, prepare
from motcua.stack.failures import ToolMissing
from motcua.stack.jars import resolve_jars
from tests.support.ports import free_port_base
from tests.support.wait import wait_until, wait_until_async

pytestmark = pytest.mark.broker
TOPIC = "kept"
LANES = 8
IN_A_LANE = 150


async def create_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, num_partitions=2, replication_factor=1)])
    finally:
        await admin.close()


async def everything_in(bootstrap: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(TOPIC, number) for number in range(2)]
        consumer.assign(partitions)
        found: list[bytes] = []
        missing = sum((await consumer.end_offsets(partitions)).values())
        while len(found) < missing:
            batches = await consumer.getmany(timeout_ms=200)
            found += [record.value for records in batches.values() for record in records]
        return found
    finally:
        await consumer.stop()


async def restart(node: Node) -> None:
    node.child.start()
    await node.wait_until_serving()


async def test_a_kill_loses_no_acknowledged_record_and_doubles_none(fresh_node: Node) -> None:
    await create_topic(fresh_node.bootstrap)
    acknowledged: list[bytes] = []
    async with AIOKafkaProducer(bootstrap_servers=fresh_node.bootstrap, enable_idempotence=True) as producer:

        async def lane(name: int) -> None:
            for number in range(IN_A_LANE):
                value = f"{name}-{number}".encode()
                await producer.send_and_wait(TOPIC, value, partition=name % 2)
                acknowledged.append(value)

        async def crash() -> int:
            await wait_until_async(
                lambda: asyncio.sleep(0, len(acknowledged) >= LANES), 20, "the first records are acknowledged"
            )
            fresh_node.kill()
            then = len(acknowledged)
            await restart(fresh_node)
            return then

        lanes = [asyncio.create_task(lane(name)) for name in range(LANES)]
        acknowledged_at_crash = await crash()
        await asyncio.gather(*lanes)
    assert acknowledged_at_crash < LANES * IN_A_LANE
    assert sorted(await everything_in(fresh_node.bootstrap)) == sorted(acknowledged)
    assert len(acknowledged) == LANES * IN_A_LANE


async def test_a_stopped_broker_starts_again_with_its_data_on_other_ports(fresh_node: Node) -> None:
    await create_topic(fresh_node.bootstrap)
    async with AIOKafkaProducer(bootstrap_servers=fresh_node.bootstrap) as producer:
        await producer.send_and_wait(TOPIC, b"stays")
    assert fresh_node.stop() == 128 + signal.SIGTERM
    port = free_port_base(2)
    again = prepare(NodeConfig(fresh_node.config.data_dir, port, port + 1))
    await restart(again)
    try:
        assert await everything_in(again.bootstrap) == [b"stays"]
    finally:
        again.stop()


def test_a_broker_does_not_outlive_its_killed_runner(tmp_path: Path) -> None:
    port = free_port_base(2)
    starting = f"start(pathlib.Path({str(tmp_path)!r}), {port}, {port + 1})"
    imports = "import pathlib, signal; from motcua.stack.broker import start"
    script = f"{imports}; node = {starting}; print(node.child.pid, flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as runner:
        try:
            assert runner.stdout is not None
            broker = psutil.Process(int(runner.stdout.readline()))
        finally:
            runner.kill()
    wait_until(lambda: not broker.is_running() or broker.status() == psutil.STATUS_ZOMBIE, 20, "the broker is gone")


def test_the_jars_are_fetched_once(tmp_path: Path) -> None:
    before = {jar: jar.stat().st_mtime_ns for jar in resolve_jars().glob("*.jar")}
    assert any(jar.name == "kafka_2.13-4.1.1.jar" for jar in before)
    assert {jar: jar.stat().st_mtime_ns for jar in resolve_jars().glob("*.jar")} == before


def only_on_path(monkeypatch: pytest.MonkeyPatch, folder: Path, **programs: str) -> None:
    folder.mkdir()
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.fspath(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)


def assert_remedies_are_named(message: str) -> None:
    assert "apt-get install" in message
    assert "docker compose up" in message
    assert "MOTCUA_KAFKA_BOOTSTRAP" in message


def test_a_missing_java_is_told_with_its_remedies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only_on_path(monkeypatch, tmp_path / "bin")
    with pytest.raises(ToolMissing, match="no java on this machine") as raised:
        prepare(NodeConfig(tmp_path, 1, 2))
    assert_remedies_are_named(str(raised.value))


def test_an_old_java_is_told_with_its_remedies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only_on_path(monkeypatch, tmp_path / "bin", java="""echo 'openjdk version "11.0.2" 2019-01-15' >&2""")
    with pytest.raises(ToolMissing, match="is Java 11, and Apache Kafka 4 needs Java 17") as raised:
        prepare(NodeConfig(tmp_path, 1, 2))
    assert_remedies_are_named(str(raised.value))


def test_a_missing_maven_is_told_with_its_remedies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only_on_path(monkeypatch, tmp_path / "bin", java="""echo 'openjdk version "21.0.1" 2023-10-17' >&2""")
    monkeypatch.setenv("MOTCUA_CACHE", os.fspath(tmp_path / "cache"))
    with pytest.raises(ToolMissing, match="no mvn on this machine") as raised:
        prepare(NodeConfig(tmp_path, 1, 2))
    assert_remedies_are_named(str(raised.value))
