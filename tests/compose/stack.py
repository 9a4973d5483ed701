"""The stack of docker-compose.yml under a project name and ports of its own, and what is asked of it."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
import httpx
from docker.models.containers import Container

from tests.deploy.deployment import ROOT, SERVICES
from tests.support.coselog import STATED
from tests.support.ports import free_port_base
from tests.support.wait import wait_until

CHECKED, KEPT = "motcua-check", "motcua-kept"
LOG = ROOT.parent / "shared" / "data" / "coselog-receipt.ndjson.gz"
YEARS = {"from": "2010-01-01", "to": "2012-12-31"}
MORE = {"from": "2023-12-08", "to": "2023-12-08"}
PUBLISHED = {
    "intake": 8001,
    "processing": 8002,
    "reporting": 8003,
    "kafka": 9094,
    "prometheus": 9090,
    "alertmanager": 9093,
    "grafana": 3000,
}
HEALTHY_WITHIN_S = 600
COUNTED_WITHIN_S = 300
MEBIBYTE = 1024 * 1024
_began = time.monotonic()


def say(what: str) -> None:
    """A line with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - _began:6.0f} s  {what}\n")
    sys.stdout.flush()


def _ports(project: str) -> dict[str, int]:
    """Ports of its own for a check; those that the file and the environment say for a stack that stays."""
    if project == KEPT:
        return {name: int(os.environ.get(f"MOTCUA_PUBLISH_{name.upper()}", port)) for name, port in PUBLISHED.items()}
    base = free_port_base(len(PUBLISHED))
    return {name: base + number for number, name in enumerate(PUBLISHED)}


class ComposeStack:
    def __init__(
        self,
        client: docker.DockerClient,
        command: list[str],
        folder: Path,
        *,
        project: str,
        environment: Mapping[str, str],
        absent: set[str],
    ) -> None:
        self._client, self._command, self._absent = client, command, absent
        self.folder, self._project = folder, project
        self._ports = _ports(project)
        ports = {f"MOTCUA_PUBLISH_{name.upper()}": str(port) for name, port in self._ports.items()}
        about = {"COMPOSE_PROJECT_NAME": project, "COMPOSE_PROFILES": "exporters"}
        self._env = folder / "env"  # a developer's own .env is not asked
        said = about | dict(environment) | ports
        self._env.write_text("".join(f"{name}={value}\n" for name, value in said.items()), "utf-8")
        self._environment = os.environ | said
        self._secrets = Path(environment["MOTCUA_SECRETS"])
        self._received = 0

    @property
    def command_line(self) -> str:
        """What speaks with this stack, typed in the project's folder."""
        return shlex.join([*self._command, "--env-file", str(self._env.relative_to(ROOT))])

    def compose(self, *arguments: str) -> str:
        """Compose's standard output; CalledProcessError when it fails."""
        ran = self._run(*arguments)
        if ran.returncode != 0:
            say(ran.stderr[-4000:])
            ran.check_returncode()
        return ran.stdout

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [*self._command, "--env-file", str(self._env), *arguments]
        return subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False)

    @cached_property
    def _images(self) -> dict[str, str]:
        services = json.loads(self.compose("config", "--format", "json"))["services"]
        return {name: service["image"] for name, service in services.items()}

    @property
    def names(self) -> list[str]:
        """The services that have an image here."""
        return [name for name in self._images if name not in self._absent]

    @property
    def _key(self) -> str:
        return (self._secrets / "intake" / "api-key").read_text("utf-8").strip()

    def _url(self, service: str) -> str:
        return f"http://127.0.0.1:{self._ports[service]}"

    def make_prometheus_key(self) -> None:
        """As docs/deployment.md says."""
        options = ("--rm", "-T", "--no-deps", "--entrypoint", "motcua", "intake")
        key = self.compose(
            "run", *options, "keys", "create", "prometheus", "--grant", "operator@*", "--access-dir",
            "/var/lib/motcua-access",
        )  # fmt: skip
        (self._secrets / "prometheus" / "prometheus-key").write_text(key, "utf-8")

    def up(self) -> None:
        self.compose("up", "--wait", "--wait-timeout", str(HEALTHY_WITHIN_S), "--no-build", *self.names)

    def image(self, service: str) -> str:
        """Its name, its size and what it adds to its base; that it is not root's and has no pip."""
        image = self._client.images.get(self._images[service])
        base = self._client.images.get(self._environment.get("MOTCUA_IMAGE_PYTHON", "python:3.12.11-slim-bookworm"))
        assert image.attrs["Config"]["User"] == "10001:10001", f"{service} runs as {image.attrs['Config']['User']!r}"
        size, of_base = image.attrs["Size"] / MEBIBYTE, base.attrs["Size"] / MEBIBYTE
        return f"{image.tags[0]}: {size:.0f} MiB, {size - of_base:.0f} MiB of them ours"

    def import_log(self) -> None:
        self._motcua("import", str(LOG))
        wait_until(lambda: self._total(YEARS) == STATED, COUNTED_WITHIN_S, "the log's figures are those of its README")

    def receive_one(self) -> None:
        """One dossier more, posted as often as need be, and counted."""
        number = self._received + 1
        event = {
            "specversion": "1.0",
            "id": f"more-{number}",
            "source": "/compose-check",
            "type": "vn.motcua.dossier.received.v1",
            "subject": f"H59.15-231208-{number:04}",
            "time": "2023-12-08T08:31:00+07:00",
            "datacontenttype": "application/json",
            "data": {"department": "H59.15", "procedure": "2.000635", "channel": "online", "online_level": "full"},
        }

        kind = {"Content-Type": "application/cloudevents-batch+json"}

        def posted() -> bool:
            try:
                answer = httpx.post(
                    f"{self._url('intake')}/v1/events", json=[event], headers=self._headers | kind, timeout=30
                )
            except httpx.TransportError:
                return False
            assert answer.is_success or answer.is_server_error, answer.text
            return answer.is_success and 1 in (answer.json()["accepted"], answer.json()["duplicates"])

        wait_until(posted, COUNTED_WITHIN_S, f"{event['subject']} is accepted")
        self._received = number
        wait_until(
            lambda: self._total(MORE, "received_online") == {"received_online": number},
            COUNTED_WITHIN_S,
            f"{number} dossiers more are received in the figures",
        )

    def compare_figures(self) -> None:
        found = self._total(YEARS)
        assert found == STATED, f"the figures are {found}, not {STATED}"

    def compare(self) -> None:
        """The figures, and a recount from the log by `motcua verify`."""
        self.compare_figures()
        say(self._motcua("verify").strip().splitlines()[-1])

    def compare_metrics(self) -> None:
        """What Prometheus scraped of each service: with its key, by its configuration."""

        def scraped() -> dict[str, str]:
            answer = httpx.get(f"{self._url('prometheus')}/api/v1/query", params={"query": "up"}).raise_for_status()
            return {
                f"{row['metric']['job']} {row['metric'].get('service', row['metric']['instance'])}": row["value"][1]
                for row in answer.json()["data"]["result"]
            }

        def all_up() -> bool:
            found = scraped()
            return set(found.values()) == {"1"} and all(f"motcua {service}" in found for service in SERVICES)

        wait_until(all_up, COUNTED_WITHIN_S, "Prometheus scrapes every target")
        say(f"Prometheus scrapes {', '.join(sorted(scraped()))}")

    def restart(self, name: str) -> None:
        self.compose("restart", name)
        self._wait_healthy(name, since=None)

    def kill(self, name: str) -> None:
        """The process itself with SIGKILL where it is on this machine, so that the restart policy must bring it back;
        else by the engine, which then must be told to start it."""
        container = self._container(name)
        state = container.attrs["State"]
        if self._is_here(container):
            os.kill(state["Pid"], signal.SIGKILL)
        else:
            container.kill()
            container.start()
        self._wait_healthy(name, since=state["StartedAt"])

    def _is_here(self, container: Container) -> bool:
        groups = Path(f"/proc/{container.attrs['State']['Pid']}/cgroup")
        return os.geteuid() == 0 and groups.exists() and str(container.id) in groups.read_text("utf-8")

    def _wait_healthy(self, name: str, since: str | None) -> None:
        def healthy() -> bool:
            state: dict[str, Any] = self._container(name).attrs["State"]
            return bool(state["StartedAt"] != since and state.get("Health", {}).get("Status") == "healthy")

        wait_until(healthy, HEALTHY_WITHIN_S, f"{name} is healthy")

    def _container(self, name: str) -> Container:
        labels = [f"com.docker.compose.project={self._project}", f"com.docker.compose.service={name}"]
        [container] = self._client.containers.list(all=True, filters={"label": labels})
        return container

    def memory(self) -> list[str]:
        """What each container holds now."""
        used = {name: self._container(name).stats(stream=False)["memory_stats"]["usage"] for name in self.names}
        return [f"{name}: {size / MEBIBYTE:.0f} MiB" for name, size in used.items()]

    def show_logs(self) -> None:
        say(self._run("ps", "--all").stdout)
        say(self._run("logs", "--tail", "40").stdout)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    def _total(self, period: Mapping[str, str], *names: str) -> dict[str, int] | None:
        """The figures of a period; None where reporting does not answer yet."""
        try:
            answer = httpx.get(
                f"{self._url('reporting')}/v1/figures", params=dict(period), headers=self._headers, timeout=30
            )
        except httpx.TransportError:
            return None
        if not answer.is_success:
            return None
        total: dict[str, int] = answer.json()["total"]
        return {name: total[name] for name in names or STATED}

    def _motcua(self, *arguments: str) -> str:
        urls = {f"MOTCUA_{name.upper()}_URL": self._url(name) for name in SERVICES}
        command = [str(Path(sys.executable).with_name("motcua")), *arguments]
        ran = subprocess.run(
            command,
            env=os.environ | urls | {"MOTCUA_API_KEY": self._key},
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            say(ran.stdout + ran.stderr)
            ran.check_returncode()
        return ran.stdout
