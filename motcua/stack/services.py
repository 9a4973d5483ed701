"""The three services as children: their command and what they are configured with."""

import sys

from motcua.child import Child
from motcua.stack.layout import HOST, SERVICES, Layout


def service_children(layout: Layout, *, key: str, bootstrap: str, clock: str, year: int | None) -> list[Child]:
    """The services, ready to be started."""
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
    environment = {f"MOTCUA_{service.upper()}_{name}": value for name, value in settings.items()}
    return Child(service, [sys.executable, "-m", f"services.{service}"], layout.log(service), environment)
