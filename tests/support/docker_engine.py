"""Whether servers for tests come from containers: where MOTCUA_TEST_BROKER says so; else from packages.

The images are those of docker-compose.yml, or what MOTCUA_TEST_IMAGE_KAFKA and MOTCUA_TEST_IMAGE_POSTGRES name.
"""

import gc
import os
import warnings

import docker
from docker.errors import DockerException

from tests.compose.images import named_images, to_be_had

os.environ.setdefault(
    "TESTCONTAINERS_RYUK_DISABLED", "true"
)  # its reaper is one more image; our fixtures stop what they start
CONTAINERS = "containers"
ANSWER_WITHIN_S = 60


class NoContainers(Exception):
    """Containers were asked for and can't be had; the message says why and what to do."""


def wanted() -> bool:
    """Whether containers are asked for. Raises NoContainers for a word that is none."""
    said = os.environ.get("MOTCUA_TEST_BROKER", "")
    if said not in ("", CONTAINERS):
        raise NoContainers(f"MOTCUA_TEST_BROKER is {said!r}: set it to {CONTAINERS!r}, or not at all")
    return said == CONTAINERS


def image(name: str) -> str:
    """The image to run, which the engine has or has pulled. Raises NoContainers."""
    variable = f"MOTCUA_TEST_IMAGE_{name.upper()}"
    chosen = os.environ.get(variable) or named_images()[name]
    client = _engine()
    if client is None:
        raise NoContainers("no Docker engine answers: start one, or unset MOTCUA_TEST_BROKER")
    try:
        if not to_be_had(client, chosen):
            raise NoContainers(
                f"the image {chosen} can't be had: name another in {variable}, or unset MOTCUA_TEST_BROKER"
            )
    finally:
        client.close()
    return chosen


def _engine() -> docker.DockerClient | None:
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        client = _connected()
        # where nobody answers, docker's client leaves its socket open: collect it here, not in the middle of some test
        gc.collect()
    return client


def _connected() -> docker.DockerClient | None:
    try:
        return docker.from_env(timeout=ANSWER_WITHIN_S)
    except DockerException:
        return None
