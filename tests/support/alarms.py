"""A real Prometheus and a real Alertmanager over a running stack, with the shipped rules, and a webhook that they tell.

The rules are a copy whose durations are divided by a factor, so that a test need not wait as long as an operator does:
`for`, the ranges of queries, the pauses of Alertmanager, never what is compared. Scrapes are as much more frequent,
up to one a second.
"""

import json
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support.ports import free_port_base
from tests.support.stack import RunningStack
from tests.support.tethered import tethered
from tests.support.wait import wait_until

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
SERVICES = ("intake", "processing", "reporting")
READY_WITHIN_S = 60.0
SHORTEST_S = 1.0
SHORTEST_RANGE_S = 8.0  # a few scrapes
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
BUDGETS = frozenset({"MotcuaFiguresLate", "MotcuaIntakeUnavailable", "MotcuaIntakeFails"})
NO_ALARM = frozenset({"MotcuaWatchdog"}) | BUDGETS  # a budget says for hours afterwards what a fault cost
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of one notification."""

    at: float  # monotonic
    firing: bool
    labels: Labels
    annotations: Labels

    @property
    def name(self) -> str:
        return self.labels["alertname"]

    def is_of(self, alert: str, labels: Labels) -> bool:
        return self.name == alert and labels.items() <= self.labels.items()


@dataclass(slots=True)
class Alarms:
    """What listens, and the two programs that speak; `told` is everything that arrived."""

    folder: Path
    prometheus: str
    alertmanager: str
    hasten: float
    processes: dict[str, subprocess.Popen[bytes]]
    commands: dict[str, Sequence[str | Path]]
    told: list[Told] = field(default_factory=list)
    refuses: threading.Event = field(default_factory=threading.Event)

    def until_told(self, alert: str, labels: Labels, *, firing: bool, since: float, within: float) -> Told:
        """The first such word at the webhook since a moment."""

        def word() -> Told | None:
            return next(
                (one for one in self.told if one.at >= since and one.firing is firing and one.is_of(alert, labels)),
                None,
            )

        what = f"{alert}{dict(labels)} is {'firing' if firing else 'resolved'} at the webhook"
        try:
            found = wait_until(word, within, what)
        except AssertionError as missed:
            raise AssertionError(f"{missed}; now {sorted(self.names(since))}, active {self.active()}") from None
        assert found is not None
        return found

    def budgets(self, since: float) -> set[str]:
        """Of the budgets that were told to burn since a moment."""
        return {one.name for one in self.told if one.at >= since and one.firing} & BUDGETS

    def names(self, since: float) -> set[str]:
        """Of the alerts that were told to fire since a moment."""
        return {one.name for one in self.told if one.at >= since and one.firing} - NO_ALARM

    def active(self) -> list[str]:
        """What Prometheus holds pending or firing now, silenced or not."""
        answer = httpx.get(f"{self.prometheus}/api/v1/alerts", timeout=30).raise_for_status().json()
        return sorted(
            f"{one['labels']['alertname']}({one['state']})"
            for one in answer["data"]["alerts"]
            if one["labels"]["alertname"] not in NO_ALARM
        )

    def until_quiet(self, within: float) -> None:
        """Every service was looked at, nothing fires, and Alertmanager has said so."""
        looked_at = f'count(up{{job="motcua"}} == 1) == {len(SERVICES)}'
        wait_until(lambda: self.query(looked_at), within, "every service is looked at")

        def known() -> list[str]:
            answer = httpx.get(f"{self.alertmanager}/api/v2/alerts", timeout=30).raise_for_status().json()
            names = [one["labels"]["alertname"] for one in answer]
            return [name for name in names if name not in NO_ALARM]

        try:
            wait_until(lambda: not self.active() and not known(), within, "nothing fires")
        except AssertionError as missed:
            raise AssertionError(f"{missed}; {self.active()}, {known()}") from None

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers to an instant query."""
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=30)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["result"]
        return found

    def start(self, name: str) -> None:
        """Start one of the two, and wait until it says that it is ready."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(tethered(*self.commands[name]), stdout=log, stderr=log)
        url = getattr(self, name)

        def is_ready() -> bool:
            assert self.processes[name].poll() is None, (self.folder / f"{name}.log").read_text()[-3000:]
            try:
                return httpx.get(f"{url}/-/ready").status_code == httpx.codes.OK
            except httpx.TransportError:
                return False

        wait_until(is_ready, READY_WITHIN_S, f"{name} is ready")

    def stop(self, name: str) -> None:
        """As a power cut would; one that was never started, or is gone, needs none."""
        if name in self.processes:
            self.processes[name].send_signal(signal.SIGKILL)
            self.processes[name].wait()


@contextmanager
def alarms(
    stack: RunningStack,
    folder: Path,
    *,
    hasten: float,
    least_for: float = SHORTEST_S,
) -> Iterator[Alarms]:
    """Both programs over the stack.

    `least_for`: no `for` gets shorter than that; what lasts a moment on a busy machine is not to fire.
    """
    programs = {"prometheus": program("prometheus"), "alertmanager": program("prometheus-alertmanager", "alertmanager")}
    folder.mkdir(parents=True, exist_ok=True)
    base = free_port_base(3)
    ports = {"prometheus": base, "alertmanager": base + 1}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    commands: dict[str, Sequence[str | Path]] = {
        "prometheus": (
            programs["prometheus"],
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
            "--storage.tsdb.retention.time=90d",  # as in docker-compose.yml
            f"--rules.alert.resend-delay={_shorter('1m', hasten, 2.0)}",
        ),
        "alertmanager": (
            programs["alertmanager"],
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
            "--cluster.listen-address=",
        ),
    }
    found = Alarms(folder, urls["prometheus"], urls["alertmanager"], hasten, {}, commands)
    with ExitStack() as until_the_end:
        hook = until_the_end.enter_context(_listening(found, base + 2))
        write_rules(folder / "rules", hasten, least_for)
        _write_configurations(stack, folder, hasten, urls, hook)
        for name in ("alertmanager", "prometheus"):
            until_the_end.callback(found.stop, name)
            found.start(name)
        yield found


def program(*names: str) -> str:
    """Where a program is, or the test is skipped with the way to get it."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"{names[0]} is not installed: Debian's packages are prometheus and prometheus-alertmanager")


def write_rules(folder: Path, hasten: float, least_for: float) -> None:
    """The shipped rules with shorter durations."""
    folder.mkdir(exist_ok=True)
    for shipped in sorted((DEPLOY / "prometheus" / "rules").glob("*.yml")):
        rules = yaml.safe_load(shipped.read_text(encoding="utf-8"))
        for group in rules["groups"]:
            if hasten > 1 and group["name"].startswith("sloth"):
                group["interval"] = "5s"  # sixty-eight rules
            for rule in group["rules"]:
                rule["expr"] = _shorter_ranges(rule["expr"], hasten)
                if "keep_firing_for" in rule:
                    rule["keep_firing_for"] = _shorter(rule["keep_firing_for"], hasten, SHORTEST_S)
                if "for" in rule:
                    rule["for"] = _shorter(rule["for"], hasten, least_for)
        (folder / shipped.name).write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")


def _shorter_ranges(expression: str, hasten: float) -> str:
    return re.sub(r"\[(\d+[smhd])\]", lambda found: f"[{_shorter(found[1], hasten, SHORTEST_RANGE_S)}]", expression)


def _shorter(duration: str, hasten: float, least: float) -> str:
    seconds = int(duration[:-1]) * SECONDS[duration[-1]]
    return duration if hasten == 1 else f"{max(least, seconds / hasten) * 1000:.0f}ms"


def _write_configurations(stack: RunningStack, folder: Path, hasten: float, urls: Mapping[str, str], hook: str) -> None:
    (folder / "key").write_text(stack.key, encoding="utf-8")
    shipped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    shipped["global"] |= {
        name: _shorter("15s", hasten, SHORTEST_S) for name in ("scrape_interval", "evaluation_interval")
    }
    where = {name: url.removeprefix("http://") for name, url in urls.items()}
    shipped["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [where["alertmanager"]]}]}]
    jobs = {job["job_name"]: job for job in shipped["scrape_configs"]}
    jobs["motcua"] |= {
        "scrape_interval": _shorter("5s", hasten, SHORTEST_S),
        "scrape_timeout": _shorter("5s", hasten, SHORTEST_S),
        "authorization": {"credentials_file": str(folder / "key")},
        "static_configs": [
            {"targets": [getattr(stack, name).removeprefix("http://")], "labels": {"service": name}}
            for name in SERVICES
        ],
    }
    jobs["motcua-live"] |= {
        name: jobs["motcua"][name] for name in ("scrape_interval", "scrape_timeout", "static_configs")
    }
    for name in ("prometheus", "alertmanager"):
        jobs[name]["static_configs"] = [{"targets": [where[name]]}]
    shipped["scrape_configs"] = [jobs[name] for name in ("motcua", "motcua-live", "prometheus", "alertmanager")]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(shipped), encoding="utf-8")

    routing = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"))
    for route in (routing["route"], *routing["route"]["routes"]):
        for name in ("group_wait", "group_interval", "repeat_interval"):
            if name in route:
                route[name] = _shorter(route[name], hasten, 0.1 if name == "group_wait" else SHORTEST_S)
    for receiver in routing["receivers"]:
        receiver["webhook_configs"] = [{"url": hook, "send_resolved": True}]
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(routing), encoding="utf-8")


@contextmanager
def _listening(heard: Alarms, port: int) -> Iterator[str]:
    """The webhook's address; it answers 500 while `refuses` is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if heard.refuses.is_set():
                self.send_error(500)
                return
            now = time.monotonic()
            heard.told.extend(
                Told(now, one["status"] == "firing", one["labels"], one["annotations"]) for one in body["alerts"]
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
