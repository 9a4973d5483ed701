"""docker-compose.yml is accepted by Compose, starts in order, shows nothing outside this machine,
and sets only what the services read."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.service.settings import ServiceSettings
from tests.deploy.deployment import DEPLOY, ROOT, SECRETS, SERVICES, compose, compose_file, run

FILE = compose_file()
ALL = sorted(FILE["services"])
ACCESS = "/var/lib/motcua-access"
FILLED_IN = dict.fromkeys(SECRETS, "0123456789abcdef")


@pytest.fixture
def no_env_file(tmp_path: Path) -> Path:
    """So that a developer's own .env does not answer for the test."""
    path = tmp_path / "env"
    path.touch()
    return path


def service_settings(service: str) -> type[ServiceSettings]:
    module = importlib.import_module(f"services.{service}.settings")
    found: type[ServiceSettings] = getattr(module, f"{service.capitalize()}Settings")
    return found


def test_compose_accepts_the_file(no_env_file: Path) -> None:
    answer = run(*compose(), "--env-file", no_env_file, "config", "--format", "json", environment=FILLED_IN)
    assert answer.returncode == 0, answer.stderr
    resolved: dict[str, Any] = json.loads(answer.stdout)
    assert resolved["name"] == "motcua"
    assert sorted(resolved["services"]) == ALL


@pytest.mark.parametrize("missing", SECRETS)
def test_compose_says_which_secret_is_missing_and_where_it_belongs(no_env_file: Path, missing: str) -> None:
    answer = run(*compose(), "--env-file", no_env_file, "config", "--quiet", environment=FILLED_IN | {missing: ""})
    assert answer.returncode != 0
    assert f"set {missing} in .env" in answer.stderr
    assert ".env.example" in answer.stderr


def test_the_example_names_every_variable_the_file_reads() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    passed_through = {
        name
        for service in SERVICES
        for name, value in FILE["services"][service]["environment"].items()
        if value is None
    }
    offered = set(
        re.findall(r"^#?(MOTCUA_[A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert set(re.findall(r"\$\{(MOTCUA_[A-Z_]+)", text)) | passed_through == offered


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_only_settings_it_reads(service: str) -> None:
    prefix = f"MOTCUA_{service.upper()}_"
    read = {prefix + name.upper() for name in service_settings(service).model_fields}
    assert set(FILE["services"][service]["environment"]) <= read


@pytest.mark.parametrize("service", SERVICES)
def test_the_settings_given_are_valid(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of keys is one of this machine's here; the container has it from the image."""
    given = FILE["services"][service]["environment"]
    assert given[f"MOTCUA_{service.upper()}_ACCESS_DIR"] == ACCESS
    for name, value in given.items():
        if value is not None:
            filled_in = re.sub(r"\$\{[^}]*\}", "0123456789abcdef", str(value))
            monkeypatch.setenv(name, filled_in.replace(ACCESS, str(tmp_path)))
    settings = service_settings(service)()  # read from the environment
    assert settings.host == "0.0.0.0"
    assert FILE["services"][service]["ports"][0].endswith(f":{settings.port}")


@pytest.mark.parametrize("name", ALL)
def test_ports_are_published_on_this_machine_only(name: str) -> None:
    for port in FILE["services"][name].get("ports", ()):
        assert port.startswith("127.0.0.1:")


def has_health_check(name: str) -> bool:
    """In the file, or in the Dockerfile for what is built here."""
    if name in SERVICES:
        target = (
            (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8").split(f" AS {name}\n")[1].split("\nFROM ")[0]
        )
        return "HEALTHCHECK" in target
    return "healthcheck" in FILE["services"][name]


@pytest.mark.parametrize("name", ALL)
def test_what_waits_for_another_waits_for_its_health(name: str) -> None:
    assert has_health_check(name)
    for needed, how in FILE["services"][name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}, needed


def test_services_start_after_the_broker_and_their_database() -> None:
    for service, needs in {
        "intake": {"kafka", "postgres"},
        "processing": {"kafka"},
        "reporting": {"kafka", "postgres"},
    }.items():
        assert needs <= set(FILE["services"][service]["depends_on"])


@pytest.mark.parametrize("name", ALL)
def test_a_container_holds_no_more_than_it_needs(name: str) -> None:
    service = FILE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in service
    assert re.search(r":v?\d+\.\d+\.\d+", service["image"]) or ":17.6" in service["image"], "pin the version"


def test_every_service_has_the_folder_of_keys_and_prometheus_a_key_of_its_own() -> None:
    made = (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(rf"--owner motcua .*--mode 0700 .*{ACCESS}", made), "the image owns it, and so does the volume"
    for service in SERVICES:
        assert f"access-keys:{ACCESS}" in FILE["services"][service]["volumes"]
    assert FILE["services"]["prometheus"]["secrets"] == ["prometheus-key"]
    assert set(FILE["secrets"]) == {"prometheus-key"}


def test_what_must_outlive_a_container_is_in_a_named_volume() -> None:
    mounted = {volume.split(":")[0] for service in FILE["services"].values() for volume in service.get("volumes", ())}
    assert set(FILE["volumes"]) == {name for name in mounted if not name.startswith(".")}
