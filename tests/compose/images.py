"""The images that docker-compose.yml names: those that can be had, and local stand-ins for the others."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound

from motcua.stack.jars import resolve_jars
from tests.deploy.deployment import ROOT

STAND_INS = Path(__file__).with_name("stand_ins")
BASE = "motcua-stand-in/debian"
DEBIAN = "bookworm"
NAMED = re.compile(r"\$\{MOTCUA_IMAGE_([A-Z_]+):-([^}]+)\}")
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")


def named_images() -> dict[str, str]:
    """By the name in its variable, such as kafka."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    return {name.lower().replace("_", "-"): image for name, image in NAMED.findall(text)}


def to_be_had(client: docker.DockerClient, image: str) -> bool:
    """Whether the engine has it or can pull it."""
    try:
        client.images.get(image)
    except ImageNotFound:
        try:
            client.images.pull(image)
        except DockerException:
            return False
    return True


def stand_ins(client: docker.DockerClient, compose: list[str], names: list[str]) -> dict[str, str]:
    """The images built for these names; no image for a name for which nothing can stand in."""
    known = re.findall(r"^  ([a-z-]+): \{image", (STAND_INS / "compose.yml").read_text("utf-8"), re.MULTILINE)
    buildable = [name for name in names if name in known]
    with _context() as context:
        _ensure_base(client, context)
        environment = os.environ | {"STAND_INS_CONTEXT": str(context)}
        command = [*compose, "--file", str(STAND_INS / "compose.yml"), "build", "--quiet", *buildable]
        subprocess.run(command, env=environment, check=True, stdout=sys.stderr)
    return {name: f"motcua-stand-in/{name}" for name in buildable}


@contextmanager
def _context() -> Iterator[Path]:
    """The stand-ins' files, with Kafka's jars as Maven brings them."""
    with tempfile.TemporaryDirectory(prefix="motcua-stand-ins-") as scratch:
        context = Path(scratch) / "context"
        shutil.copytree(STAND_INS, context)
        shutil.copytree(resolve_jars(), context / "jars", ignore=shutil.ignore_patterns("*.jsa"))
        yield context


def _ensure_base(client: docker.DockerClient, scratch: Path) -> None:
    """Debian's smallest system, made by debootstrap, with the certificates that this machine trusts."""
    try:
        client.images.get(BASE)
    except ImageNotFound:
        folder, packed = scratch.parent / "debian", scratch.parent / "debian.tar"
        command = ["debootstrap", "--variant=minbase", "--include=ca-certificates", DEBIAN, str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if (trusted := Path("/") / CERTIFICATES).exists():
            shutil.copy(trusted, folder / CERTIFICATES)
        leave_out = ["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*"]
        subprocess.run(["tar", "-C", str(folder), *leave_out, "-cf", str(packed), "."], check=True)
        client.api.import_image_from_file(str(packed), repository=BASE)


def variables(images: Mapping[str, str]) -> dict[str, str]:
    """The environment that puts these images in the place of those named."""
    return {f"MOTCUA_IMAGE_{name.upper().replace('-', '_')}": image for name, image in images.items()}
