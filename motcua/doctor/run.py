"""Everything the doctor looks at, in the order in which a start would meet it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import cast

import services.intake
import services.reporting
from motcua.doctor import configuration, machine, names
from motcua.doctor.brokers import broker
from motcua.doctor.databases import Schema, database
from motcua.doctor.findings import Finding
from shared.service.settings import DatabaseSettings, ServiceSettings

SCHEMAS = {
    "intake": Schema(Path(services.intake.__path__[0], "log", "migrations"), "intake_schema_version"),
    "reporting": Schema(Path(services.reporting.__path__[0], "read_model", "migrations"), "reporting_revision"),
}


def look(chosen: tuple[str, ...], environ: Mapping[str, str], now: datetime) -> Iterator[Finding]:
    """What is found of the services' configuration; each finding as soon as it is known."""
    classes = configuration.classes(chosen)
    yield from names.mistaken(environ, configuration.classes().values())
    settings: dict[str, ServiceSettings] = {}
    for service, cls in classes.items():
        found: list[Finding] = []
        taken = configuration.taken(service, cls, found)
        yield from found
        yield from configuration.secrets(service, cls, environ)
        if taken is not None:
            settings[service] = taken
    yield from configuration.agreement(settings)
    yield from machine.ports(settings)
    yield from machine.limits()
    asked: set[tuple[object, ...]] = set()
    for service, one in settings.items():
        yield from configuration.meant(service, one)
        yield from configuration.offices(service, one, now)
        yield machine.port(service, one)
        if service in SCHEMAS:
            yield from database(service, cast("DatabaseSettings", one), SCHEMAS[service])
        there = (one.kafka_bootstrap, one.kafka_security_protocol, one.kafka_sasl_username, one.kafka_partitions)
        if there not in asked:
            asked.add(there)
            yield from broker(service, one)
