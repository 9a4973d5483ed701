"""`motcua doctor`: each thing that is wrong is said with what to do, before anything is started with it."""

import asyncio
import os
import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import SecretStr

from motcua.cli import main
from services.intake.log.database import migrate, open_database
from services.intake.settings import IntakeSettings
from shared.contract.topics import EVENTS
from tests.support.ports import free_port_base

KEY = "a-key-for-tests-only"
OURS, INTAKE = "MOTCUA_", "MOTCUA_INTAKE_"
Doctor = Callable[..., tuple[int, str]]


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Runs it with these settings of intake and no others; its exit code and what it said, unwrapped."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MOTCUA_")]:
        monkeypatch.delenv(name)
    base = {"API_KEY": KEY, "PORT": str(free_port_base(1)), "KAFKA_BOOTSTRAP": "127.0.0.1:1"}

    def run(*arguments: str, **settings: str) -> tuple[int, str]:
        for name, value in (base | settings).items():
            monkeypatch.setenv(name if name.startswith("MOT") else f"MOTCUA_INTAKE_{name}", value)
        monkeypatch.setattr(sys, "argv", ["motcua", "doctor", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr().out
        assert all(len(line) <= 80 or " " not in line.strip() for line in said.splitlines()), said
        return int(ended.value.code or 0), " ".join(said.split())

    return run


def made(path: Path) -> Path:
    """A database of this release."""

    async def make() -> None:
        url = f"sqlite+aiosqlite:///{path}"
        database = open_database(IntakeSettings(api_key=SecretStr(KEY), database_url=url))
        await migrate(database)
        await database.close()

    asyncio.run(make())
    return path


def test_a_right_configuration_is_well_and_nothing_is_made(doctor: Doctor, fresh_broker: str, tmp_path: Path) -> None:
    status, said = doctor(KAFKA_BOOTSTRAP=fresh_broker, DATABASE_URL="sqlite+aiosqlite:///intake.db", LOG_LEVEL="")
    assert (status, "nothing wrong" in said) == (0, True), said
    assert "the broker answers, 1 of them" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('department = "H59.99"', "department 'H59.99' is not in the catalogue"),
        ('department = "H59.15"\nmail = ["Sở Tư pháp <a@x.example>"]', "recipients.0.mail.0: write one address"),
        ('department = "H59.15"\nmail = ["a@x.example"]', "there is no mail server: set MOTCUA_REPORTING_SMTP_HOST"),
        (
            'department = "H59.15"\nwebhook = "https://x.example"\nwebhook_secret_file = "secret"',
            "is no base64; make one",
        ),
        ("\xff", "can't be read"),
    ],
)
def test_recipients_of_follow_ups_are_read_as_a_start_reads_them(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, said: str
) -> None:
    (tmp_path / "secret").write_text("plain text, as nobody reads it")
    file = tmp_path / "recipients.toml"
    file.write_bytes(f"[[recipients]]\n{entry}\n".encode("utf-8" if entry != "\xff" else "latin-1"))
    monkeypatch.setenv("MOTCUA_REPORTING_API_KEY", KEY)
    status, found = doctor("reporting", MOTCUA_REPORTING_FOLLOW_UP_RECIPIENTS=str(file))
    assert status == 1
    assert "wrong reporting: MOTCUA_REPORTING_FOLLOW_UP_RECIPIENTS: " in found
    assert said in found
    assert "takes its settings" not in found


@pytest.mark.parametrize(
    ("settings", "said", "fix"),
    [
        ({"PROT": "8001"}, f"nothing reads {INTAKE}PROT", "did you mean MOTCUA_INTAKE_PORT?"),
        ({f"{OURS}INTAK_API_KEY": KEY}, f"nothing reads {OURS}INTAK_API_KEY", "did you mean MOTCUA_INTAKE_API_KEY?"),
        ({"SILENCE": "8"}, f"nothing reads {INTAKE}SILENCE", "docs/settings.md has all there are"),
        ({"LOG_LEVEL": "VERBOSE"}, "MOTCUA_INTAKE_LOG_LEVEL: Input should be 'DEBUG'", "set it right"),
        ({"PORT": "eighty"}, "MOTCUA_INTAKE_PORT: Input should be a valid integer", "set it right"),
        ({"API_KEY": "short"}, "MOTCUA_INTAKE_API_KEY: Value should have at least 16", "set it right"),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "MOTCUA_INTAKE_KAFKA_SASL_USERNAME: is not set", "set it right"),
        ({"CATALOGUE": "."}, "catalogue", ""),
        ({"CLOCK": "2023-12-31T12:00:00+07:00"}, "the clock stands still at 2023-12-31", "for replays only"),
        ({"API_KEY": "", "API_KEY_FILE": "key"}, "everybody on this machine can read key", "chmod 600 key"),
        ({"DATABASE_URL": "sqlite+aiosqlite:///key/x.db"}, "key/x.db can't be written", "to the service's user"),
        (
            {"DATABASE_URL": "postgresql+asyncpg://u:geheim@127.0.0.1:1/intake"},
            "the database at 127.0.0.1 does not answer",
            "start it, or correct MOTCUA_INTAKE_DATABASE_URL",
        ),
        ({}, "the broker at 127.0.0.1:1 does not answer", "correct MOTCUA_INTAKE_KAFKA_BOOTSTRAP"),
    ],
)
def test_each_thing_that_is_wrong_is_said_with_what_to_do(
    doctor: Doctor, tmp_path: Path, settings: dict[str, str], said: str, fix: str
) -> None:
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o644)
    status, told = doctor(**settings)
    assert status == 1, "without a broker nothing is right"
    assert said in told
    assert fix in told
    assert "geheim" not in told


def test_a_port_that_another_program_has_is_said(doctor: Doctor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        _, told = doctor(PORT=str(taken.getsockname()[1]))
    assert "Address already in use" in told


def test_an_older_schema_is_brought_up_to_date_and_a_newer_one_is_not_touched(doctor: Doctor, tmp_path: Path) -> None:
    path = made(tmp_path / "intake.db")
    url = {"DATABASE_URL": f"sqlite+aiosqlite:///{path}"}
    assert "the database answers, schema" in doctor(**url)[1]
    for version, said in (
        ("0004", "the next start brings it up to date `motcua backup` first"),
        ("9999", "made by a later release (schema 9999) install that release"),
    ):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE intake_schema_version SET version_num = ?", (version,))
        assert said in doctor(**url)[1]


@pytest.mark.postgres
def test_postgresql_is_asked_for_its_clock_and_its_schema(doctor: Doctor, postgres_url: str) -> None:
    assert "the database answers; its tables are made at the first start" in doctor(DATABASE_URL=postgres_url)[1]


def test_topics_with_other_partitions_are_said(doctor: Doctor, fresh_broker: str) -> None:
    async def make() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=fresh_broker)
        await admin.start()
        await admin.create_topics([NewTopic(EVENTS.name, 3, 1)])
        await admin.close()

    asyncio.run(make())
    status, told = doctor(KAFKA_BOOTSTRAP=fresh_broker, KAFKA_REPLICATION_FACTOR="3")
    assert status == 1
    assert f"{EVENTS.name} has 3 partitions, MOTCUA_INTAKE_KAFKA_PARTITIONS says 4" in told
    assert "REPLICATION_FACTOR is 3, and there are 1 brokers" in told


def test_an_environment_file_is_read_and_services_must_agree(doctor: Doctor, tmp_path: Path) -> None:
    lines = ["# of the unit", "", 'MOTCUA_PROCESSING_API_KEY="a-key-for-tests-only"', "MOTCUA_PROCESSING_PORT=8001"]
    (tmp_path / "motcua.env").write_text("\n".join([*lines, "MOTCUA_PROCESSING_KAFKA_PARTITIONS=7"]))
    before: dict[str, Any] = dict(os.environ)
    try:
        _, told = doctor("--env-file", "motcua.env", PORT="8001")
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
    assert "KAFKA_PARTITIONS is not the same for every service: intake 4, processing 7" in told
    assert "processing: is to listen at port 8001, and so is intake" in told
