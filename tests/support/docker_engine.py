"""Whether a Docker engine serves an image here: then servers come from testcontainers, else from packages."""

import functools
import gc
import os
import warnings

import docker
from docker.errors import DockerException, ImageNotFound

os.environ.setdefault(
    "TESTCONTAINERS_RYUK_DISABLED", "true"
)  # its reaper is one more image; our fixtures stop what they start
ANSWER_WITHIN_S = 5


@functools.cache
def can_run(image: str) -> bool:
    """Whether an engine answers and has the image or can pull it; MOTCUA_TEST_DOCKER=0 says no without asking."""
    if os.environ.get("MOTCUA_TEST_DOCKER") == "0" or not _engine_answers():
        return False
    client = docker.from_env()
    try:
        _have(client, image)
    except DockerException:
        return False
    finally:
        client.close()
    return True


def _engine_answers() -> bool:
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        answers = _connects()
        # where nobody answers, docker's client leaves its socket open: collect it here, not in the middle of some test
        gc.collect()
    return answers


def _connects() -> bool:
    try:
        client = docker.from_env(timeout=ANSWER_WITHIN_S)
        client.close()
    except DockerException:
        return False
    return True


def _have(client: docker.DockerClient, image: str) -> None:
    try:
        client.images.get(image)
    except ImageNotFound:
        client.images.pull(image)
