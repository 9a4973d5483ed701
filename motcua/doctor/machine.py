"""The machine itself: ports that are taken, a clock that nobody sets, files that may be open."""

import resource
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping

import httpx

from motcua.doctor.findings import Finding, warning, well, wrong
from shared.service.settings import ServiceSettings

FILES = 4096
WITHIN_S = 2.0
MACHINE = "this machine"


def port(service: str, settings: ServiceSettings) -> Finding:
    """Whether the service can listen where it is to."""
    where = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((settings.host, settings.port))
    except OSError as taken:
        if _lives(settings):
            return well(service, f"answers at {where}: it is running")
        name = f"{settings.model_config.get('env_prefix')}PORT"
        fix = f"end what listens there (`ss -ltnp`), or set {name} to another one"
        return wrong(service, f"can't listen at {where}: {taken.strerror or taken}", fix)
    return well(service, f"can listen at {where}")


def _lives(settings: ServiceSettings) -> bool:
    try:
        answer = httpx.get(f"http://{settings.host}:{settings.port}/healthz/live", timeout=WITHIN_S, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return answer.headers.get("x-request-id") is not None


def ports(settings: Mapping[str, ServiceSettings]) -> Iterator[Finding]:
    """Two services at one port."""
    owners: dict[int, str] = {}
    for service, one in settings.items():
        if (other := owners.setdefault(one.port, service)) != service:
            fix = f"set {one.model_config.get('env_prefix')}PORT to another one"
            yield wrong(service, f"is to listen at port {one.port}, and so is {other}", fix)


def limits() -> Iterator[Finding]:
    """How many files may be open, and whether somebody sets the clock."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FILES:
        said = f"a process may have {soft} files open, and a service needs one for each connection"
        yield warning(MACHINE, said, f"LimitNOFILE={FILES} in its unit, `ulimit -n {FILES}` in a shell")
    told = _told_of_the_clock()
    if told == "no":
        said = "nobody sets the clock: deadlines and the audit go by it"
        yield warning(MACHINE, said, "let it follow a time server (chrony, systemd-timesyncd)")


def _told_of_the_clock() -> str | None:
    """What systemd says of the clock; None where it says nothing."""
    if (timedatectl := shutil.which("timedatectl")) is None:
        return None
    asked = [timedatectl, "show", "--property=NTPSynchronized", "--value"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() or None
