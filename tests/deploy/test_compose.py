"""docker-compose.yml is accepted by Compose, starts in order, shows nothing outside this machine, passes every setting
on from .env, and has its secrets in files."""

import base64
import json
import re
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from docker import DockerClient

from bench.settings_document import COMPOSE, variable
from motcua.stack.stack import settings_class
from services.reporting.recipients import read_recipients
from shared.catalogue import Catalogue
from shared.service.secret_files import is_secret
from tests.compose.images import STAND_INS, named_images
from tests.compose.stack import KEPT, PUBLISHED, ComposeStack
from tests.deploy.deployment import DEPLOY, ROOT, SERVICES, compose, compose_file, run

FILE = compose_file()
ALL = sorted(FILE["services"])
ACCESS = "/var/lib/motcua-access"
SETTINGS = {
    service: {
        variable(settings_class(service), name): field for name, field in settings_class(service).model_fields.items()
    }
    for service in SERVICES
}
BY_COMPOSE = re.compile(
    r"HOST|PORT|API_KEY|ACCESS_DIR|DATABASE_URL|CATALOGUE|ERASURES_FILE"
)  # where these stand in a container is no operator's choice: their files are in MOTCUA_SECRETS and MOTCUA_CATALOGUE


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """So that a developer's own .env does not answer for the test."""
    path = tmp_path / "env"
    path.write_text("MOTCUA_SECRETS=./secrets\n", "utf-8")
    return path


def resolved(env_file: Path, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What Compose makes of the file, the exporters too."""
    options = ("--env-file", str(env_file), "--profile", "exporters")
    answer = run(*compose(), *options, "config", "--format", "json", environment=environment)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_compose_accepts_the_file(env_file: Path) -> None:
    found = resolved(env_file)
    assert found["name"] == "motcua"
    assert sorted(found["services"]) == ALL


def test_every_setting_is_passed_on_from_the_env_file_and_nothing_that_is_none(env_file: Path) -> None:
    with env_file.open("a") as file:
        for names in SETTINGS.values():
            for name, field in names.items():
                file.write(f"{name}=given\n")
                if is_secret(field):
                    file.write(f"{name}_FILE=given\n")
    services = resolved(env_file)["services"]
    for service, names in SETTINGS.items():
        given = services[service]["environment"]
        fixed = {name for name in names if BY_COMPOSE.fullmatch(name.removeprefix(f"MOTCUA_{service.upper()}_"))}
        for name, field in names.items():
            passed = {given[name], given[f"{name}_FILE"]} if is_secret(field) else {given[name]}
            assert name in fixed or passed == {"given"}, f"{name} set in .env does not reach {service}: {passed}"
        assert {name.removesuffix("_FILE") for name in given} - {name.removesuffix("_FILE") for name in names} == set()


def test_an_images_variable_names_another_image(env_file: Path) -> None:
    others = {f"MOTCUA_IMAGE_{name.upper().replace('-', '_')}": f"mirror/{name}" for name in named_images()}
    found = resolved(env_file, others)["services"]
    used = {service["image"] for service in found.values()}
    assert used - {f"motcua/{service}:{version()}" for service in SERVICES} == set(others.values()) - {"mirror/python"}
    assert {found[service]["build"]["args"]["PYTHON_IMAGE"] for service in SERVICES} == {"mirror/python"}


def version() -> str:
    [found] = re.findall(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    return str(found)


def test_compose_says_how_secrets_are_made(tmp_path: Path) -> None:
    (tmp_path / "env").touch()
    answer = run(*compose(), "--env-file", tmp_path / "env", "config", "--quiet", environment={"MOTCUA_SECRETS": ""})
    assert answer.returncode != 0
    assert "sh deploy/secrets.sh" in answer.stderr


def test_the_example_and_the_page_name_every_variable_the_file_reads() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    passed_on = {
        name
        for service in FILE["services"].values()
        for name, value in service.get("environment", {}).items()
        if value is None
    }
    read = (set(re.findall(r"\$\{(MOTCUA_[A-Z_]+)", text)) | passed_on) - {
        name for names in SETTINGS.values() for name in names
    }
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert read <= set(re.findall(r"^#?(MOTCUA_[A-Z_]+)=", example, re.MULTILINE))
    assert read == set(COMPOSE) - {"MOTCUA_POSTGRES_PASSWORD", "MOTCUA_GRAFANA_PASSWORD"}


def test_the_example_names_nothing_that_is_read_nowhere() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    settings = {name for names in SETTINGS.values() for name in names}
    offered = {name.removesuffix("_FILE") for name in re.findall(r"^#?(MOTCUA_[A-Z_]+)=", example, re.MULTILINE)}
    assert offered - settings - set(COMPOSE) - {"MOTCUA_INTAKE_APPLICANTS_KEY"} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_settings_given_are_valid(
    service: str, env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders and secrets are this machine's here; the containers have theirs from the image and the mounts."""
    run("sh", DEPLOY / "secrets.sh", environment={"MOTCUA_SECRETS": str(tmp_path / "secrets")})
    here = {
        ACCESS: str(tmp_path),
        "/run/secrets": str(tmp_path / "secrets" / service),
        "/etc/motcua/catalogue": str(DEPLOY / "catalogue"),
        "/etc/motcua/follow-up": str(DEPLOY / "follow-up"),
    }
    for name, value in resolved(env_file)["services"][service]["environment"].items():
        for there, path in here.items():
            value = (value or "").replace(there, path)  # noqa: PLW2901 - what a container has elsewhere
        monkeypatch.setenv(name, value)  # an empty one is unset
    settings = settings_class(service)()  # read from the environment
    assert settings.host == "0.0.0.0"
    assert FILE["services"][service]["ports"][0].endswith(f":{settings.port}")
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == (tmp_path / "secrets" / service / "api-key").read_text().strip()


def test_one_variable_names_whom_follow_ups_go_to_and_none_leaves_them_off(env_file: Path) -> None:
    off = resolved(env_file)["services"]["reporting"]
    assert not off["environment"]["MOTCUA_REPORTING_FOLLOW_UP_RECIPIENTS"], "an empty setting is as an unset one"
    with env_file.open("a") as file:
        file.write("MOTCUA_FOLLOW_UP=./deploy/follow-up\n")
    on = resolved(env_file)["services"]["reporting"]
    assert on["environment"]["MOTCUA_REPORTING_FOLLOW_UP_RECIPIENTS"] == "/etc/motcua/follow-up/recipients.toml"
    [mounted] = [volume for volume in on["volumes"] if volume["target"] == "/etc/motcua/follow-up"]
    assert (mounted["source"], mounted["read_only"]) == (str(DEPLOY / "follow-up"), True)


def test_the_example_of_recipients_is_one_that_reporting_takes(tmp_path: Path, shipped: Catalogue) -> None:
    text = (DEPLOY / "follow-up" / "recipients.example.toml").read_text("utf-8")
    (tmp_path / "don-doc-h59.02").write_bytes(base64.b64encode(b"a-secret-for-this-test-only"))
    file = tmp_path / "recipients.toml"
    file.write_text(text.replace("/run/secrets", str(tmp_path)), "utf-8")
    assert [(bool(one.mail), one.webhook is not None) for one in read_recipients(file, shipped).values()] == [
        (True, False),
        (False, True),
        (False, False),
    ]


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
    assert re.search(r":v?\d+\.\d+(\.\d+)?[\w-]*\}?$", service["image"]), "pin the version"


def test_every_service_has_the_folder_of_keys() -> None:
    made = (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(rf"--owner motcua .*--mode 0700 .*{ACCESS}", made), "the image owns it, and so does the volume"
    for service in SERVICES:
        assert f"access-keys:{ACCESS}" in FILE["services"][service]["volumes"]


def mounts(name: str) -> list[dict[str, Any]]:
    """The volumes in their long form."""
    return [volume for volume in FILE["services"][name].get("volumes", ()) if isinstance(volume, dict)]


def test_each_container_has_its_own_secrets_to_read_and_no_other_s(tmp_path: Path) -> None:
    run("sh", DEPLOY / "secrets.sh", environment={"MOTCUA_SECRETS": str(tmp_path)})
    made = {folder.name for folder in tmp_path.iterdir()}
    sources = {}
    for name in ALL:
        for volume in mounts(name):
            if volume["target"] == "/run/secrets":
                assert volume["read_only"] is True
                assert volume["bind"] == {"create_host_path": False}, "else Compose makes an empty folder"
                sources[name] = volume["source"].rpartition("/")[2]
    assert sources == {name: name for name in made}


def test_secrets_are_made_once_and_those_of_an_earlier_env_file_are_taken_over(tmp_path: Path) -> None:
    project, secrets = tmp_path / "project", tmp_path / "project" / "secrets"
    (project / "deploy").mkdir(parents=True)
    script = project / "deploy" / "secrets.sh"
    script.write_bytes((DEPLOY / "secrets.sh").read_bytes())
    (project / ".env").write_text("MOTCUA_API_KEY=an-older-key-of-ours\nMOTCUA_POSTGRES_PASSWORD=older\n", "utf-8")
    for _ in range(2):
        answer = run("sh", script, environment={"MOTCUA_SECRETS": ""})
        assert answer.returncode == 0, answer.stderr
    assert (project / ".env").read_text("utf-8").count("MOTCUA_SECRETS=./secrets\n") == 1
    for service in SERVICES:
        assert (secrets / service / "api-key").read_text() == "an-older-key-of-ours\n"
    url = "postgresql+asyncpg://intake:older@postgres:5432/intake\n"
    assert (secrets / "intake" / "database-url").read_text() == url
    assert len((secrets / "grafana" / "admin-password").read_text().strip()) == 48
    assert secrets.stat().st_mode & 0o777 == 0o700
    first = (secrets / "postgres" / "exporter").read_text()
    run("sh", script, environment={"MOTCUA_SECRETS": ""})
    assert (secrets / "postgres" / "exporter").read_text() == first


def test_a_stack_that_stays_is_spoken_with_by_its_env_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its project, so that no other stack is touched, its stand-ins, its secrets and the documented ports."""
    for name in PUBLISHED:
        monkeypatch.delenv(f"MOTCUA_PUBLISH_{name.upper()}", raising=False)
    monkeypatch.setenv("MOTCUA_PUBLISH_KAFKA", "29094")
    given = {"MOTCUA_SECRETS": str(tmp_path / "secrets"), "MOTCUA_IMAGE_KAFKA": "motcua-stand-in/kafka"}
    with closing(DockerClient(version="1.41")) as nobody_asked:
        ComposeStack(nobody_asked, compose(), tmp_path, project=KEPT, environment=given, absent={"grafana"})
    monkeypatch.delenv("MOTCUA_PUBLISH_KAFKA")
    found = resolved(tmp_path / "env")
    assert (found["name"], found["services"]["kafka"]["image"]) == (KEPT, "motcua-stand-in/kafka")
    assert found["services"]["kafka"]["ports"][0]["published"] == "29094"
    assert found["services"]["intake"]["ports"][0]["published"] == "8001"
    assert [volume["source"] for volume in found["services"]["intake"]["volumes"] if "secrets" in volume["target"]] == [
        str(tmp_path / "secrets" / "intake")
    ]


@pytest.mark.parametrize("options", [[], ["--keep"]])
def test_the_check_says_that_it_needs_an_engine(tmp_path: Path, options: list[str]) -> None:
    nobody = {"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock", "PYTHONPATH": str(ROOT)}
    answer = run(sys.executable, "-m", "tests.compose", *options, environment=nobody)
    assert answer.returncode == 2
    assert "make compose-check needs a Docker engine" in answer.stderr


def test_a_stand_in_is_known_for_every_image_but_grafana_and_kafkas_exporter() -> None:
    known = yaml.safe_load((STAND_INS / "compose.yml").read_text("utf-8"))["services"]
    assert set(named_images()) - set(known) == {"grafana", "kafka-exporter"}
    assert {service["image"] for service in known.values()} == {f"motcua-stand-in/{name}" for name in known}


def test_what_must_outlive_a_container_is_in_a_named_volume() -> None:
    mounted = {
        volume.split(":")[0]
        for service in FILE["services"].values()
        for volume in service.get("volumes", ())
        if isinstance(volume, str)
    }
    assert set(FILE["volumes"]) == {name for name in mounted if not name.startswith((".", "/"))}
