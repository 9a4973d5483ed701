"""A service that finds a setting it can't use names the variable and stops."""

from pathlib import Path

import pytest
from aiokafka.conn import collect_hosts

from services.intake.settings import IntakeSettings
from services.processing.settings import ProcessingSettings
from services.reporting.settings import ReportingSettings
from shared.service.secret_files import UnusableSettings
from shared.service.settings import settings_of

KEY = "a-key-for-tests-only"


def test_each_variable_that_is_missing_or_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_INTAKE_PORT", "eighty")
    monkeypatch.delenv("MOTCUA_INTAKE_API_KEY", raising=False)
    with pytest.raises(UnusableSettings) as stopped:
        settings_of(IntakeSettings)
    said = str(stopped.value)
    assert "set MOTCUA_INTAKE_API_KEY (a key of at least 16 characters that may do everything)" in said
    assert "MOTCUA_INTAKE_PORT: Input should be a valid integer" in said
    assert "docs/settings.md" in said


def test_a_service_with_a_folder_of_keys_needs_no_key_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_PROCESSING_ACCESS_DIR", str(tmp_path))
    monkeypatch.delenv("MOTCUA_PROCESSING_API_KEY", raising=False)
    assert settings_of(ProcessingSettings).api_key is None


def test_without_its_own_key_intake_says_that_applicants_need_another_secret(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match="MOTCUA_INTAKE_PSEUDONYM_KEY: .*only where MOTCUA_INTAKE_API_KEY"):
        settings_of(IntakeSettings, access_dir=tmp_path, api_key=None)


def test_without_its_own_key_reporting_says_that_it_needs_one_of_intake(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match="MOTCUA_REPORTING_INTAKE_KEY: .*operator@"):
        settings_of(ReportingSettings, access_dir=tmp_path, api_key=None, intake_url="http://intake:8001")


MADE = b'"created_at":"2026-01-01T00:00:00Z"'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "can't be used"),
        (b'{"version":2,"keys":[]}', "of version 2"),
        (b'{"version":1,"keys":[{"id":"a","name":"b","digest":"c","grants":["king@*"],%s}]}' % MADE, "king@"),
    ],
)
def test_no_service_starts_with_keys_that_it_cannot_read(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "keys.json").write_bytes(content)
    with pytest.raises(UnusableSettings, match=f"MOTCUA_PROCESSING_ACCESS_DIR: .*keys.json.*{said}"):
        settings_of(ProcessingSettings, access_dir=tmp_path, api_key="k" * 16)


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"API_KEY": KEY, "DATABASE_URL": "postgresql+asyncpg://u:p@db/intake", "KAFKA_SASL_PASSWORD": " a b "}
    for name, secret in secrets.items():
        (tmp_path / name).write_text(f"{secret}\n")
        monkeypatch.setenv(f"MOTCUA_INTAKE_{name}_FILE", str(tmp_path / name))
    settings = settings_of(IntakeSettings)
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == KEY
    assert settings.database_url == secrets["DATABASE_URL"]
    assert settings.kafka_sasl_password is not None
    assert settings.kafka_sasl_password.get_secret_value() == " a b "
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"API_KEY": KEY, "API_KEY_FILE": "key"},
            "set MOTCUA_PROCESSING_API_KEY or MOTCUA_PROCESSING_API_KEY_FILE, not",
        ),
        ({"API_KEY_FILE": "nowhere"}, "MOTCUA_PROCESSING_API_KEY_FILE: nowhere can't be read (No such file"),
        ({"API_KEY_FILE": "empty"}, "MOTCUA_PROCESSING_API_KEY_FILE: empty is empty"),
        ({"API_KEY_FILE": "short"}, "MOTCUA_PROCESSING_API_KEY: Value should have at least 16 items"),
        (
            {"API_KEY_FILE": "key", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            "MOTCUA_PROCESSING_KAFKA_SASL_USERNAME: is not set, and MOTCUA_PROCESSING_KAFKA_SECURITY_PROTOCOL is SASL",
        ),
        (
            {"API_KEY_FILE": "key", "KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CAFILE": "nowhere"},
            "MOTCUA_PROCESSING_KAFKA_SSL_CAFILE: nowhere can't be read (No such file",
        ),
        (
            {"API_KEY_FILE": "key", "KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CAFILE": "key"},
            "MOTCUA_PROCESSING_KAFKA_SSL_CAFILE: key holds no PEM",
        ),
        (
            {"API_KEY_FILE": "key", "KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_KEYFILE": "key"},
            "MOTCUA_PROCESSING_KAFKA_SSL_CERTFILE: is not set, and MOTCUA_PROCESSING_KAFKA_SSL_KEYFILE is",
        ),
        ({"API_KEY_FILE": "key", "KAFKA_SECURITY_PROTOCOL": "TLS"}, "MOTCUA_PROCESSING_KAFKA_SECURITY_PROTOCOL: Input"),
    ],
)
def test_what_cannot_be_used_is_said_by_the_variables_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (("key", f"{KEY}\n"), ("empty", "\n"), ("short", "short")):
        Path(name).write_text(content)
    monkeypatch.delenv("MOTCUA_PROCESSING_API_KEY", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(f"MOTCUA_PROCESSING_{name}", value)
    with pytest.raises(UnusableSettings) as wrong:
        settings_of(ProcessingSettings)
    assert said in str(wrong.value)
    assert KEY not in str(wrong.value)


def test_a_ca_of_the_database_is_not_passed_over_because_it_was_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_INTAKE_API_KEY", KEY)
    monkeypatch.setenv("MOTCUA_INTAKE_DATABASE_SSL_CAFILE", "ca.pem")
    with pytest.raises(UnusableSettings, match="MOTCUA_INTAKE_DATABASE_SSL: set verify-full"):
        settings_of(IntakeSettings)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("KAFKA_BOOTSTRAP", "localhost:abc", "'localhost:abc' is no broker's address; write HOST:PORT"),
        ("KAFKA_BOOTSTRAP", "a:9092,,b:9092", "'' is no broker's address"),
        ("KAFKA_BOOTSTRAP", "kafka://a:9092", "'kafka://a:9092' is no broker's address"),
        ("KAFKA_BOOTSTRAP", "a:70000", "'a:70000' is no broker's address"),
        ("DATABASE_URL", "postgresql+asyncpg://motcua:se:cr@et@db:port/motcua", "of a password write `:` as %3A"),
        ("DATABASE_URL", "postgresql://motcua:secret@db:543210/motcua", "the port is no number from 1 to 65535"),
    ],
)
def test_an_address_that_can_t_be_read_is_refused_with_the_settings(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"MOTCUA_INTAKE_{variable}", value)
    with pytest.raises(UnusableSettings) as stopped:
        settings_of(IntakeSettings, api_key="k" * 16)
    assert f"MOTCUA_INTAKE_{variable}: " in str(stopped.value)
    assert said in str(stopped.value)
    assert "se:cr" not in str(stopped.value)


@pytest.mark.parametrize("value", ["a:9092", "a", "10.0.0.1:9092, b.example:9093", "[::1]:9092"])
def test_addresses_of_brokers_are_taken_as_the_client_takes_them(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MOTCUA_INTAKE_KAFKA_BOOTSTRAP", value)
    assert settings_of(IntakeSettings, api_key="k" * 16).kafka_bootstrap == value
    assert collect_hosts(value)


@pytest.mark.parametrize(("content", "said"), [(b"{bad\n", "line 1 of .* is no erasure"), (None, "Is a directory")])
def test_erasures_that_can_t_be_read_are_refused_with_the_settings(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "erasures.ndjson"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(UnusableSettings, match=f"MOTCUA_INTAKE_ERASURES_FILE: .*{said}"):
        settings_of(IntakeSettings, api_key="k" * 16, erasures_file=file)


@pytest.mark.parametrize("url", ["http://intake:abc", "http://[::1:8001", "http://:8001"])
def test_an_address_of_intake_that_can_t_be_called_is_refused(url: str) -> None:
    with pytest.raises(UnusableSettings, match="MOTCUA_REPORTING_INTAKE_URL: write an address such as"):
        settings_of(ReportingSettings, api_key="k" * 16, intake_url=url)
