"""docs/settings.md, what docker-compose.yml passes on, and what the Helm chart knows, as the code has it:
`python -m bench.settings_document` writes them from the services' settings classes and the contract's topics."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from motcua.doctor.names import COMMAND_LINE
from motcua.stack.data_folder import SERVICES
from motcua.stack.stack import settings_class
from shared.contract.topics import TOPICS
from shared.service.secret_files import is_secret
from shared.service.settings import ServiceSettings

DOCUMENT = Path("docs/settings.md")
PASSED_ON = Path("deploy/docker/settings.yml")
CHART = Path("deploy/helm/motcua/files")

COMPOSE = {
    "MOTCUA_ALERTS_DEPARTMENTS_EMAIL_TO": "where what departments must act on is mailed to; the operators when unset",
    "MOTCUA_ALERTS_DEPARTMENTS_WEBHOOK_URL": "where the same is posted to; the operators' when unset",
    "MOTCUA_ALERTS_EMAIL_FROM": "the sender of mailed alerts",
    "MOTCUA_ALERTS_EMAIL_TO": "where alerts are mailed to; nowhere when unset",
    "MOTCUA_ALERTS_SMARTHOST": "the mail server, HOST:PORT; its password is in `secrets/alertmanager/smtp-password`",
    "MOTCUA_ALERTS_SMTP_USERNAME": "who logs in there; nobody when unset",
    "MOTCUA_ALERTS_WATCHDOG_WEBHOOK_URL": "where the alert that always fires is posted to, which somebody must miss",
    "MOTCUA_ALERTS_WEBHOOK_URL": "where alerts are posted to; nowhere when unset",
    "MOTCUA_BUILD_NETWORK": "network of `docker compose build`: `host` where only this machine itself reaches PyPI",
    "MOTCUA_CATALOGUE": "folder with the office's own catalogue files, for intake and reporting",
    "MOTCUA_COMMIT": "what the images are built from, for `motcua_build_info`: `$(git rev-parse --short HEAD)`",
    "MOTCUA_FOLLOW_UP": "folder with `recipients.toml`, whom follow-ups go to; follow-up is off when unset",
    "MOTCUA_GRAFANA_PASSWORD": "read by `deploy/secrets.sh` only: Grafana's password, where one was set before",
    "MOTCUA_IMAGE_ALERTMANAGER": "another image of Alertmanager, such as a mirror's or one by digest",
    "MOTCUA_IMAGE_GRAFANA": "another image of Grafana",
    "MOTCUA_IMAGE_KAFKA": "another image of Apache Kafka",
    "MOTCUA_IMAGE_KAFKA_EXPORTER": "another image of Kafka's exporter",
    "MOTCUA_IMAGE_NODE_EXPORTER": "another image of the machine's exporter",
    "MOTCUA_IMAGE_POSTGRES": "another image of PostgreSQL",
    "MOTCUA_IMAGE_POSTGRES_EXPORTER": "another image of PostgreSQL's exporter",
    "MOTCUA_IMAGE_PROMETHEUS": "another image of Prometheus",
    "MOTCUA_IMAGE_PYTHON": "another image that the services' own are built on",
    "MOTCUA_POSTGRES_PASSWORD": "read by `deploy/secrets.sh` only: PostgreSQL's password, where one was set before",
    "MOTCUA_PUBLISH_ALERTMANAGER": "port of Alertmanager on this machine's loopback",
    "MOTCUA_PUBLISH_GRAFANA": "port of Grafana on this machine's loopback",
    "MOTCUA_PUBLISH_INTAKE": "port of intake on this machine's loopback",
    "MOTCUA_PUBLISH_KAFKA": "port of Kafka on this machine's loopback",
    "MOTCUA_PUBLISH_PROCESSING": "port of processing on this machine's loopback",
    "MOTCUA_PUBLISH_PROMETHEUS": "port of Prometheus on this machine's loopback",
    "MOTCUA_PUBLISH_REPORTING": "port of reporting on this machine's loopback",
    "MOTCUA_SECRETS": "folder of the secrets that `deploy/secrets.sh` makes",
}
BUILD = {"MOTCUA_COMMIT": "the commit that `motcua_build_info` on /metrics names; set by who builds an image"}
TESTS = {
    "MOTCUA_TEST_BROKER": "`containers`: Kafka and PostgreSQL come from containers; the embedded ones when unset",
    "MOTCUA_TEST_IMAGE_KAFKA": "the image of Kafka then",
    "MOTCUA_TEST_IMAGE_POSTGRES": "the image of PostgreSQL then",
}

HEAD = """\
# Settings

Every setting is an environment variable, read once at start.
Written by `python -m bench.settings_document`; a test keeps it complete. With docker compose all go into `.env`.
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
        ("Builds", "Set in an image.", BUILD),
        ("The test suite", "`make test`", TESTS),
    ):
        sections.append(_section(title, about))
        sections.append(
            "| variable | meaning |\n|---|---|\n"
            + "".join(f"| `{name}` | {meaning} |\n" for name, meaning in rows.items())
        )
    return "\n".join(sections)


def passed_on() -> str:
    """What docker-compose.yml passes on from `.env`: each service's own settings, and the files of its secrets."""
    lines = [
        "# Every setting of docs/settings.md is passed on from .env; docker-compose.yml fixes some.",
        "# Written by `python -m bench.settings_document`.",
        "services:",
    ]
    for service in SERVICES:
        lines += [f"  {service}:", "    environment:"]
        for name, field in settings_class(service).model_fields.items():
            lines.append(f"      {variable(settings_class(service), name)}:")
            if is_secret(field):
                lines.append(f"      {variable(settings_class(service), name)}_FILE:")
    return "\n".join([*lines, ""])


def chart_settings() -> str:
    """The names that the chart takes for each service: settings, and the secrets that it mounts as files."""
    lines = ["# Written by `python -m bench.settings_document`."]
    for service in SERVICES:
        fields = settings_class(service).model_fields.items()
        plain = [name.upper() for name, field in fields if not is_secret(field)]
        secret = [name.upper() for name, field in fields if is_secret(field) or f"{name}_file".upper() in plain]
        lines += [f"{service}:", f"  settings: [{', '.join(plain)}]", f"  secrets: [{', '.join(secret)}]"]
    return "\n".join([*lines, ""])


def chart_topics() -> str:
    """The contract's topics, for the chart's KafkaTopic and KafkaUser resources; Helm would make floats of numbers."""
    lines = ["# Written by `python -m bench.settings_document` from shared/contract/topics.py.", "topics:"]
    for topic in TOPICS:
        lines += [
            f"  - name: {topic.name}",
            *([f"    partitions: {topic.partitions}"] if topic.partitions else []),
            f"    producers: [{', '.join(topic.producers)}]",
            f"    consumers: [{', '.join(topic.consumers)}]",
            "    config:",
            f"      cleanup.policy: {topic.cleanup_policy}",
            *([f'      retention.ms: "{topic.retention_ms}"'] if topic.cleanup_policy == "delete" else []),
        ]
    return "\n".join([*lines, ""])


GENERATED = {
    DOCUMENT: document,
    PASSED_ON: passed_on,
    CHART / "settings.yaml": chart_settings,
    CHART / "topics.yaml": chart_topics,
}


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
    for path, written in GENERATED.items():
        path.write_text(written(), "utf-8")
