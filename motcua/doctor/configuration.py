"""The settings of each service: whether it would take them, and what in them is likely not meant."""

import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path

from motcua.doctor.findings import Finding, warning, well, wrong
from shared.catalogue import load
from shared.domain.localtime import LOCAL
from shared.service.clock import SYSTEM
from shared.service.secret_files import UnusableSettings
from shared.service.settings import ServiceSettings, settings_of, variables

SERVICES = ("intake", "processing", "reporting")
AGREED = ("kafka_bootstrap", "kafka_partitions", "catalogue", "clock")
MOUNTED = Path("/run/secrets")  # where containers get theirs: nobody else is in there
NEXT_YEAR_FROM_MONTH = 11


def classes(services: tuple[str, ...] = SERVICES) -> dict[str, type[ServiceSettings]]:
    """The class that each service reads its environment with."""
    return {
        service: getattr(import_module(f"services.{service}.settings"), f"{service.capitalize()}Settings")
        for service in services
    }


def taken(service: str, cls: type[ServiceSettings], found: list[Finding]) -> ServiceSettings | None:
    """The settings as the service reads them; None where it does not take them, and then `found` says why."""
    try:
        settings = settings_of(cls)
    except UnusableSettings as unusable:
        found += [wrong(service, problem, "set it right (docs/settings.md)") for problem in unusable.problems]
        return None
    found.append(well(service, "takes its settings"))
    return settings


def secrets(service: str, cls: type[ServiceSettings], environ: Mapping[str, str]) -> Iterator[Finding]:
    """Files of secrets that others on this machine can read."""
    for name in variables(cls):
        path = Path(environ.get(name) or "/") if name.endswith("_FILE") else Path("/")
        if path.is_file() and not path.is_relative_to(MOUNTED) and path.stat().st_mode & stat.S_IROTH:
            yield warning(service, f"{name}: everybody on this machine can read {path}", f"chmod 600 {path}")


def offices(service: str, settings: ServiceSettings, now: datetime) -> Iterator[Finding]:
    """The catalogue, and for how long its calendar is known."""
    if not hasattr(settings, "catalogue"):
        return
    catalogue = load(settings.catalogue)
    units = f"{len(catalogue.departments)} departments, {len(catalogue.procedures)} procedures"
    yield well(service, f"catalogue of {settings.catalogue or 'the product'}: {units}")
    last = min(catalogue.calendar(code).last_day for code in catalogue.departments)
    needed = now.astimezone(LOCAL).year + (now.month >= NEXT_YEAR_FROM_MONTH)
    if last.year < needed:
        said = f"days off are known until {last}: deadlines beyond it can't be computed"
        yield warning(
            service, said, f"add the year {needed} to calendar.toml; `motcua calendar seed {needed}` begins it"
        )


def meant(service: str, settings: ServiceSettings) -> Iterator[Finding]:
    """What a service takes, and hardly anybody wants where people work."""
    prefix = settings.model_config.get("env_prefix")
    if settings.clock != SYSTEM:
        yield warning(
            service, f"{prefix}CLOCK: the clock stands still at {settings.clock}", "take it out: for replays only"
        )
    if service == "reporting" and getattr(settings, "intake_url", None) is None:
        said = (
            f"{prefix}INTAKE_URL is not set: a read model that is lost is not made anew, and nothing can be published"
        )
        yield warning(service, said, "set it to intake's address")


def agreement(settings: Mapping[str, ServiceSettings]) -> Iterator[Finding]:
    """What every service must be told alike."""
    for name in AGREED:
        told = {service: getattr(one, name) for service, one in settings.items() if hasattr(one, name)}
        if len(set(told.values())) > 1:
            values = ", ".join(f"{service} {value}" for service, value in told.items())
            yield wrong("settings", f"{name.upper()} is not the same for every service: {values}", "set it alike")
