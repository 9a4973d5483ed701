"""`make compose-check`: docker-compose.yml, really run: images built, the stack up, a real counter's log posted, its
figures compared, every container restarted and killed, compared again, the stack ended and begun again. Ends with
nothing left but the images. With `--keep` it is built and started only, empty, and stays: for a machine that reaches no
image registry."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from tests.compose.images import named_images, stand_ins, to_be_had, variables
from tests.compose.stack import CHECKED, KEPT, LOG, ComposeStack, say
from tests.deploy.deployment import ROOT, SERVICES, compose

NO_ENGINE, WRONG = 2, 1
KEPT_IN = ROOT / ".motcua" / "compose"
KEEPING = """
It stays up. From this folder:
  C="{compose}"
  $C ps                        # what the runbook writes as $C
  $C up --wait {names}         # up again, after a stop or a change
  $C down                      # end it, its data kept
  $C down --volumes            # end it, its data too; then {folder} can go as well
Addresses are those of docs/deployment.md. The key that may do everything: {folder}/secrets/intake/api-key
"""


def main() -> int:
    arguments = _arguments()
    try:
        client = docker.from_env()
        version = client.version()["Version"]
        command = compose()
    except (DockerException, pytest.skip.Exception) as missing:
        print(f"make compose-check needs a Docker engine and Compose v2: {missing}", file=sys.stderr)
        return NO_ENGINE
    if not LOG.exists() and not arguments.keep:
        print(f"the counter's log is not here: {LOG}", file=sys.stderr)
        return NO_ENGINE
    said = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=True).stdout.strip()
    say(f"Docker {version}, Compose {said}")
    if arguments.keep:
        KEPT_IN.mkdir(parents=True, exist_ok=True)
        return _ran(_stack(client, command, KEPT_IN, KEPT), _keep)
    with tempfile.TemporaryDirectory(prefix="motcua-compose-") as scratch:
        stack = _stack(client, command, Path(scratch), CHECKED)
        try:
            return _ran(stack, lambda run: _check(run, quick=arguments.quick))
        finally:
            stack.compose("down", "--volumes", "--timeout", "60")
            say("torn down")


def _stack(client: docker.DockerClient, command: list[str], folder: Path, project: str) -> ComposeStack:
    """Its images found or built, its secrets made in the folder."""
    environment, absent = _images(client, command)
    made = {"MOTCUA_SECRETS": f"{folder}/secrets"}
    subprocess.run(["sh", "deploy/secrets.sh"], cwd=ROOT, env=os.environ | made, check=True)
    return ComposeStack(client, command, folder, project=project, environment=environment | made, absent=absent)


def _ran(stack: ComposeStack, run: Callable[[ComposeStack], None]) -> int:
    """The exit code; what went wrong is said with the logs."""
    try:
        run(stack)
    except (AssertionError, subprocess.CalledProcessError) as wrong:
        say(f"WRONG: {wrong}")
        stack.show_logs()
        return WRONG
    return 0


def _keep(stack: ComposeStack) -> None:
    """Built and up, as docs/deployment.md says; how it is spoken with and ended is printed."""
    with _timed("built"):
        stack.compose("build", "--quiet")
    stack.make_prometheus_key()
    with _timed("up and healthy"):
        stack.up()
    names = " ".join(stack.names)
    sys.stdout.write(KEEPING.format(compose=stack.command_line, folder=stack.folder.relative_to(ROOT), names=names))


def _images(client: docker.DockerClient, command: list[str]) -> tuple[dict[str, str], set[str]]:
    """The variables that name stand-ins, and the services that have no image at all."""
    images = named_images()
    missing = [name for name, image in images.items() if not to_be_had(client, image)]
    if not missing:
        return {}, set()
    say(f"not to be had here: {', '.join(images[name] for name in missing)}")
    found = stand_ins(client, command, missing)
    for name in missing:
        say(f"  {images[name]}: {f'a local stand-in, {found[name]}' if name in found else 'not run'}")
    return variables(found) | {"MOTCUA_BUILD_NETWORK": "host"}, set(missing) - set(found)


def _check(stack: ComposeStack, *, quick: bool) -> None:
    stack.compose("down", "--volumes")  # of a run that was broken off
    with _timed("built"):
        stack.compose("build", "--quiet")
    for service in SERVICES:
        say(f"  {stack.image(service)}")
    stack.make_prometheus_key()
    with _timed("up and healthy, from nothing"):
        stack.up()
    with _timed("the counter's log imported and counted"):
        stack.import_log()
    stack.compare()
    say("figures are those of the data's README; motcua verify found no difference")
    stack.compare_metrics()
    for name in stack.names:
        for act in (stack.kill,) if quick else (stack.restart, stack.kill):
            with _timed(f"{name}: {act.__name__}ed, healthy again, one dossier more received"):
                act(name)
                stack.receive_one()
                stack.compare_figures()
    stack.compare()
    say("after all of them the figures are the same; motcua verify found no difference")
    with _timed("down, and up again with the data kept"):
        stack.compose("down", "--timeout", "60")
        stack.up()
    stack.receive_one()
    stack.compare()
    for line in stack.memory():
        say(f"  {line}")


class _timed:  # noqa: N801 - reads as a statement
    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, wrong: type[BaseException] | None, *_: object) -> None:
        say(f"{'FAILED: ' if wrong else ''}{self._what}: {time.monotonic() - self._began:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make compose-check", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="kill each container, without restarting it too")
    parser.add_argument("--keep", action="store_true", help="build and start it only, and leave it running")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
