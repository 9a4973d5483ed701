"""docs/settings.md as the code has it:
`python -m bench.settings_document` writes it from the services' settings classes."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from motcua.doctor.names import COMMAND_LINE
from motcua.stack.data_folder import SERVICES
from motcua.stack.stack import settings_class
from shared.service.secret_files import is_secret
from shared.service.settings import ServiceSettings

DOCUMENT = Path("docs/settings.md")

COMPOSE = {
    "MOTCUA_GRAFANA_PASSWORD": "password of Grafana's user `admin`; set before the first start",
    "MOTCUA_POSTGRES_PASSWORD": "password of PostgreSQL; set before the first start",
    "MOTCUA_PUBLISH_ALERTMANAGER": "port of Alertmanager on this machine's loopback",
    "MOTCUA_PUBLISH_GRAFANA": "port of Grafana on this machine's loopback",
    "MOTCUA_PUBLISH_INTAKE": "port of intake on this machine's loopback",
    "MOTCUA_PUBLISH_KAFKA": "port of Kafka on this machine's loopback",
    "MOTCUA_PUBLISH_PROCESSING": "port of processing on this machine's loopback",
    "MOTCUA_PUBLISH_PROMETHEUS": "port of Prometheus on this machine's loopback",
    "MOTCUA_PUBLISH_REPORTING": "port of reporting on this machine's loopback",
}
TESTS = {"MOTCUA_TEST_DOCKER": "`0`: run no test in containers, even where an engine answers"}

HEAD = """\
# Settings

Every setting is an environment variable, read once at start.
Written by `python -m bench.settings_document`; a test keeps it complete.
A service that finds a value it cannot use says which and stops; an empty value is none. `motcua doctor` looks at all of
them before a start, also for names that are mistyped: a service says those in its log and goes on.
A secret, marked with *, may stand in a file instead, which `…_FILE` names: `MOTCUA_INTAKE_API_KEY_FILE` that of
`MOTCUA_INTAKE_API_KEY`, and so on.
"""


def document() -> str:
    """The whole page."""
    classes = {service: settings_class(service) for service in SERVICES}
    shared = [name for name in ServiceSettings.model_fields if not _overridden(name, classes.values())]
    sections = [HEAD, _section("All three services", "Each reads its own.")]
    sections.append(
        _table(
            _row([variable(cls, name) for cls in classes.values()], ServiceSettings.model_fields[name])
            for name in shared
        )
    )
    for service, cls in classes.items():
        own = [name for name in cls.model_fields if name not in shared]
        sections.append(_section(service.capitalize(), f"`python -m services.{service}`"))
        sections.append(_table(_row([variable(cls, name)], cls.model_fields[name]) for name in own))
    for title, about, rows in (
        ("The command line", "`motcua …` and `make …`; an option on the command line goes first.", COMMAND_LINE),
        ("docker compose", "Read from `.env` beside `docker-compose.yml`; start from `.env.example`.", COMPOSE),
        ("The test suite", "`make test`", TESTS),
    ):
        sections.append(_section(title, about))
        sections.append(
            "| variable | meaning |\n|---|---|\n"
            + "".join(f"| `{name}` | {meaning} |\n" for name, meaning in rows.items())
        )
    return "\n".join(sections)


def variable(cls: type[ServiceSettings], name: str) -> str:
    """The environment variable of a field."""
    return f"{cls.model_config.get('env_prefix', '')}{name}".upper()


def _overridden(name: str, classes: Iterable[type[ServiceSettings]]) -> bool:
    return any(name in vars(cls).get("__annotations__", {}) for cls in classes)


def _section(title: str, about: str) -> str:
    return f"## {title}\n\n{about}\n"


def _table(rows: Iterable[str]) -> str:
    return "| variable | default | meaning |\n|---|---|---|\n" + "".join(rows)


def _row(names: list[str], field: FieldInfo) -> str:
    mark = " *" if is_secret(field) else ""
    return (
        f"| {'<br>'.join(f'`{name}`{mark}' for name in names)} | {_default(field)} | "
        f"{(field.description or '').replace('|', chr(92) + '|')} |\n"
    )


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "*required*"
    if field.default is None or isinstance(field.default, SecretStr):
        return "–"
    return f"`{field.default}`"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
