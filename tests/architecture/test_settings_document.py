"""docs/settings.md names every variable there is, and none that is not."""

import re
from pathlib import Path

import pytest

from bench.settings_document import BUILD, COMPOSE, GENERATED, TESTS, document, variable
from motcua.doctor.names import COMMAND_LINE
from motcua.stack.data_folder import SERVICES
from motcua.stack.stack import settings_class
from shared.service.secret_files import is_secret

ROOT = Path(__file__).parents[2]
CLASSES = {service: settings_class(service) for service in SERVICES}
FIELDS = [(variable(cls, name), field) for cls in CLASSES.values() for name, field in cls.model_fields.items()]
KNOWN = (
    {name for name, _ in FIELDS}
    | {f"{name}_FILE" for name, field in FIELDS if is_secret(field)}
    | {
        *COMMAND_LINE,
        *COMPOSE,
        *BUILD,
        *TESTS,
    }
)
PATTERNS = (
    "services/**/*.py",
    "shared/**/*.py",
    "motcua/**/*.py",
    "tests/**/*.py",
    "docker-compose*.yml",
    "deploy/**/*.yml",
    ".env.example",
    "Makefile",
)


@pytest.mark.parametrize("path", GENERATED, ids=str)
def test_what_is_written_from_the_settings_is_what_they_say(path: Path) -> None:
    assert (ROOT / path).read_text("utf-8") == GENERATED[path](), "run python -m bench.settings_document"


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_says_what_it_is_for(service: str) -> None:
    assert [name for name, field in CLASSES[service].model_fields.items() if not field.description] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_of_a_service_stands_in_the_page(service: str) -> None:
    page = document()
    for name in CLASSES[service].model_fields:
        assert f"`{variable(CLASSES[service], name)}`" in page


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_its_settings_once_and_cannot_change_them(service: str) -> None:
    assert CLASSES[service].model_config.get("frozen") is True
    assert CLASSES[service].model_config.get("env_prefix") == f"MOTCUA_{service.upper()}_"


def test_no_variable_is_used_that_the_page_does_not_name() -> None:
    used = {
        name
        for pattern in PATTERNS
        for path in ROOT.glob(pattern)
        for name in re.findall(r"\bMOTCUA_[A-Z0-9_]*[A-Z0-9]\b", path.read_text("utf-8"))
    }
    assert used - KNOWN == set()
