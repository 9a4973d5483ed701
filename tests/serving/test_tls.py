"""The broker and the database over TLS, on real listeners: the right certificates and passwords work from the posted
event to the figure; every wrong one ends before anything was sent, with a sentence that names the setting."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from services.intake.log.database import open_database
from services.intake.settings import IntakeSettings
from shared.service.kafka import connection, ensure_topics
from shared.service.sql import DatabaseNotTrusted
from tests.support.certificates import Authority, Signed
from tests.support.guarded_broker import PASSWORD as BROKER_PASSWORD
from tests.support.guarded_broker import USER, GuardedBroker, guarded_broker
from tests.support.guarded_postgres import BY_CERTIFICATE, GuardedPostgres, guarded_postgres
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, KEY, Service, service
from tests.support.wait import wait_until

pytestmark = pytest.mark.server
COUNTED_WITHIN_S = 60
KEY_PASSWORD = "of-the-key"


@dataclass(frozen=True, slots=True)
class Ground:
    """The listeners, and the certificates on both sides."""

    trusted: Authority
    stranger: Authority
    broker: GuardedBroker
    database: GuardedPostgres
    server: Signed
    client: Signed
    folder: Path

    @property
    def shown_to_brokers(self) -> dict[str, str]:
        return {
            "kafka_security_protocol": "SSL",
            "kafka_bootstrap": self.broker.ssl,
            "kafka_ssl_cafile": str(self.trusted.cafile),
            "kafka_ssl_certfile": str(self.client.certificate),
            "kafka_ssl_keyfile": str(self.client.key),
            "kafka_ssl_key_password": KEY_PASSWORD,
        }

    def known_to_brokers(self, mechanism: str) -> dict[str, str]:
        return {
            "kafka_security_protocol": "SASL_SSL",
            "kafka_bootstrap": self.broker.sasl,
            "kafka_ssl_cafile": str(self.trusted.cafile),
            "kafka_sasl_mechanism": mechanism,
            "kafka_sasl_username": USER,
            "kafka_sasl_password": BROKER_PASSWORD,
        }


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "certificates").mkdir()
    trusted, stranger = (Authority(folder / "certificates", name) for name in ("ca", "another-ca"))
    server = trusted.sign("postgres", "localhost")
    client = trusted.sign(BY_CERTIFICATE, password=KEY_PASSWORD)
    with (
        guarded_broker(folder / "kafka", trusted) as broker,
        guarded_postgres(server, trusted.cafile) as database,
    ):
        yield Ground(trusted, stranger, broker, database, server, client, folder)


def _settings(given: dict[str, Any]) -> IntakeSettings:
    return IntakeSettings(api_key=SecretStr(KEY), **given)


def _environment(settings: dict[str, str]) -> dict[str, str]:
    return {name.upper(): value for name, value in settings.items()}


def test_an_event_is_accepted_relayed_processed_and_counted_over_tls_alone(ground: Ground) -> None:
    by_certificate = {
        "database_url": ground.database.url(ground.database.new_database(), BY_CERTIFICATE),
        "database_ssl": "verify-full",
        "database_ssl_cafile": str(ground.trusted.cafile),
        "database_ssl_certfile": str(ground.client.certificate),
        "database_ssl_keyfile": str(ground.client.key),
        "database_ssl_key_password": KEY_PASSWORD,
    }
    ports = free_port_base(3)
    another = ground.database.url(ground.database.new_database(), BY_CERTIFICATE)
    parts = {
        "intake": {**ground.known_to_brokers("SCRAM-SHA-512"), **by_certificate},
        "processing": ground.known_to_brokers("SCRAM-SHA-256"),
        "reporting": {**ground.shown_to_brokers, **by_certificate, "database_url": another},
    }
    started = [
        service(name, ports + number, _environment(settings), ground.folder / f"{name}.log")
        for number, (name, settings) in enumerate(parts.items())
    ]
    with started[0] as intake, started[1], started[2] as reporting:
        dossier = {"department": "H59.15", "procedure": "2.000635", "channel": "in_person"}
        posted = httpx.post(f"{intake.url}/v1/dossiers", json=dossier, headers=HEADERS, timeout=30)
        assert posted.status_code == 201, posted.text
        wait_until(lambda: _received(reporting) == 1, COUNTED_WITHIN_S, "the dossier is counted")


def _received(reporting: Service) -> int:
    answer = httpx.get(f"{reporting.url}/v1/figures?from=2020-01-01&to=2099-12-31", headers=HEADERS, timeout=30)
    return int(answer.json()["total"]["received_total"]) if answer.status_code == 200 else 0


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_a_broker_takes_each_way_to_say_the_password_and_no_wrong_one(
    ground: Ground, caplog: pytest.LogCaptureFixture, mechanism: str
) -> None:
    known = ground.known_to_brokers(mechanism)
    await ensure_topics(_settings(known))
    said = await _refused(caplog, {**known, "kafka_sasl_password": "another"})
    assert "MOTCUA_INTAKE_KAFKA_SASL_PASSWORD" in said
    assert "another" not in said


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda on: {"kafka_ssl_cafile": str(on.stranger.cafile)}, "KAFKA_SSL_CAFILE trusts nobody who signed"),
        (lambda _: {"kafka_ssl_cafile": None}, "KAFKA_SSL_CAFILE trusts nobody who signed"),
        (
            lambda on: {"kafka_bootstrap": on.broker.other_name},
            "for another name: write in MOTCUA_INTAKE_KAFKA_BOOTSTRAP",
        ),
        (lambda on: {"kafka_bootstrap": on.broker.expired}, "has expired"),
        (
            lambda _: dict.fromkeys(("kafka_ssl_certfile", "kafka_ssl_keyfile", "kafka_ssl_key_password")),
            "take the certificate of MOTCUA_INTAKE_KAFKA_SSL_CERTFILE, or want one?",
        ),
    ],
)
async def test_a_broker_that_is_not_trusted_or_does_not_trust_us_gets_nothing(
    ground: Ground, caplog: pytest.LogCaptureFixture, wrong: Any, said: str
) -> None:
    assert said in await _refused(caplog, {**ground.shown_to_brokers, **wrong(ground)})


async def _refused(caplog: pytest.LogCaptureFixture, settings: dict[str, Any]) -> str:
    """What the log says of a connection that is not made."""
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    with pytest.raises(Exception, match="Unable to bootstrap"):
        await ensure_topics(_settings(settings))
    return caplog.text


def test_who_does_not_ask_for_tls_has_no_context(ground: Ground) -> None:
    assert "ssl_context" not in connection(_settings({}))
    context = connection(_settings(ground.shown_to_brokers))["ssl_context"]
    assert (context.check_hostname, context.verify_mode.name, context.minimum_version.name) == (
        True,
        "CERT_REQUIRED",
        "TLSv1_2",
    )


async def _asked(settings: dict[str, Any]) -> bool:
    """Whether the connection of a database is encrypted, by its own word."""
    database = open_database(_settings(settings))
    try:
        async with database.reader.connect() as opened:
            found = await opened.execute(text("select ssl from pg_stat_ssl where pid = pg_backend_pid()"))
            return bool(found.scalar_one())
    finally:
        await database.close()


def _trusting(ground: Ground, **other: Any) -> dict[str, Any]:
    own = {"database_url": ground.database.url("postgres"), "database_ssl": "verify-full"}
    return {**own, "database_ssl_cafile": str(ground.trusted.cafile), **other}


async def test_a_database_is_reached_by_password_over_tls(ground: Ground) -> None:
    assert await _asked(_trusting(ground))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda on: {"database_ssl_cafile": str(on.stranger.cafile)}, "DATABASE_SSL_CAFILE trusts nobody who signed"),
        (
            lambda on: {"database_url": on.database.url("postgres", host="127.0.0.1")},
            "for another name: write in MOTCUA_INTAKE_DATABASE_URL",
        ),
    ],
)
async def test_a_database_that_is_not_trusted_gets_nothing(ground: Ground, wrong: Any, said: str) -> None:
    with pytest.raises(DatabaseNotTrusted, match=said):
        await _asked(_trusting(ground, **wrong(ground)))


async def test_a_database_whose_certificate_has_expired_gets_nothing(ground: Ground) -> None:
    ground.database.show(ground.trusted.sign("expired", "localhost", expired=True), ground.trusted.cafile)
    try:
        with pytest.raises(DatabaseNotTrusted, match="has expired"):
            await _asked(_trusting(ground))
    finally:
        ground.database.show(ground.server, ground.trusted.cafile)


async def test_a_database_that_speaks_no_tls_gets_nothing(ground: Ground) -> None:
    ground.database.speak_tls(on=False)
    try:
        with pytest.raises(DatabaseNotTrusted, match="MOTCUA_INTAKE_DATABASE_SSL is verify-full"):
            await _asked(_trusting(ground))
    finally:
        ground.database.speak_tls(on=True)


async def test_a_wrong_password_of_the_database_names_the_setting(ground: Ground) -> None:
    with pytest.raises(Exception, match="MOTCUA_INTAKE_DATABASE_URL"):
        await _asked(_trusting(ground, database_url=ground.database.url("postgres", password="another")))
