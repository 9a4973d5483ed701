"""The three services as children: their command and what they are configured with."""

import os
import sys
from pathlib import Path

from motcua.child import Child
from motcua.failure import Failure
from motcua.settings_document import settings_classes
from motcua.stack.layout import HOST, SERVICES, Layout
from shared.service.settings import UnusableSettings, settings_of

PROGRAM = Path(__file__).parents[2]


def service_children(layout: Layout, *, key: str, bootstrap: str, clock: str, year: int | None) -> list[Child]:
    """The services, ready to be started. A Failure names the variables that a service could not use."""
    common = {"API_KEY": key, "KAFKA_BOOTSTRAP": bootstrap, "CLOCK": clock}
    own: dict[str, dict[str, str]] = {
        "intake": {"DATABASE_URL": layout.database_url("intake")},
        "processing": {"INSTANCE": "local"},
        "reporting": {"DATABASE_URL": layout.database_url("reporting"), "INTAKE_URL": layout.urls["intake"]}
        | ({"YEAR": str(year)} if year else {}),
    }
    return [_child(layout, service, common | own[service]) for service in SERVICES]


def _child(layout: Layout, service: str, settings: dict[str, str]) -> Child:
    settings |= {"HOST": HOST, "PORT": str(layout.ports[service])}
    try:
        settings_of(settings_classes()[service], **{name.lower(): value for name, value in settings.items()})
    except UnusableSettings as wrong:
        raise Failure(f"{service} cannot start like this: {wrong}") from wrong
    environment = {f"MOTCUA_{service.upper()}_{name}": value for name, value in settings.items()}
    catalogue = f"MOTCUA_{service.upper()}_CATALOGUE"
    if catalogue in os.environ:
        environment[catalogue] = str(Path(os.environ[catalogue]).absolute())  # as it was meant where the stack was started
    path = os.pathsep.join(filter(None, (str(PROGRAM), os.environ.get("PYTHONPATH"))))  # found from whatever folder it runs in
    command = [sys.executable, "-m", f"services.{service}"]
    return Child(service, command, layout.log(service), environment | {"PYTHONPATH": path}, layout.run_dir(service))
