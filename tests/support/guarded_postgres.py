"""A PostgreSQL that is reached by TLS alone, by password or by certificate: the one that this machine has, for the one
that comes as a Python package speaks no TLS."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.certificates import Signed
from tests.support.ports import free_port_base

BY_PASSWORD, PASSWORD = "by_password", "p-as s=w0rd"
BY_CERTIFICATE = "by_certificate"
_RULES = f"""
local all all trust
hostssl all {BY_PASSWORD} all scram-sha-256
hostssl all {BY_CERTIFICATE} all cert
"""
_SETTINGS = {"ssl_cert_file": "tls.crt", "ssl_key_file": "tls.key", "ssl_ca_file": "tls.ca", "fsync": "off"}
_OWNER = "postgres"


@dataclass(slots=True)
class GuardedPostgres:
    """The server on a folder of its own."""

    programs: Path
    folder: Path
    port: int
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def make(self, signed: Signed, cafile: Path) -> None:
        self._program("initdb", "-D", str(self._data), "-U", _OWNER, "-A", "trust", "--no-sync")
        self._copy(signed, cafile)
        settings = {**_SETTINGS, "ssl": "on", "port": str(self.port), "unix_socket_directories": str(self.folder)}
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        (self._data / "pg_hba.conf").write_text(_RULES)
        self._program("pg_ctl", "-D", str(self._data), "-l", str(self.folder / "log"), "-w", "start")
        for user, password in ((BY_PASSWORD, f" password '{PASSWORD}'"), (BY_CERTIFICATE, "")):
            self._run(f"create role {user} login{password}")

    def stop(self) -> None:
        self._program("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def new_database(self) -> str:
        """Its name; it belongs to who comes by certificate."""
        name = f"motcua_{next(self._numbers)}"
        self._run(f"create database {name} owner {BY_CERTIFICATE}")
        return name

    def url(self, database: str, user: str = BY_PASSWORD, password: str = PASSWORD, host: str = "localhost") -> str:
        secret = f":{password.replace(' ', '%20')}" if user == BY_PASSWORD else ""
        return f"postgresql+asyncpg://{user}{secret}@{host}:{self.port}/{database}"

    def show(self, signed: Signed, cafile: Path) -> None:
        """From the next connection on it shows this certificate."""
        self._copy(signed, cafile)
        self._run("select pg_reload_conf()")

    def speak_tls(self, *, on: bool) -> None:
        self._run(f"alter system set ssl = {'on' if on else 'off'}")
        self._run("select pg_reload_conf()")

    def _copy(self, signed: Signed, cafile: Path) -> None:
        for path, name in ((signed.certificate, "tls.crt"), (signed.key, "tls.key"), (cafile, "tls.ca")):
            copied = self._data / name
            shutil.copyfile(path, copied)
            copied.chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(copied, _OWNER)

    def _run(self, statement: str) -> None:
        self._program("psql", "-h", str(self.folder), "-p", str(self.port), "-U", _OWNER, "-c", statement)

    def _program(self, name: str, *arguments: str) -> None:
        owner = _OWNER if os.geteuid() == 0 else None  # it refuses to run as root
        command = [str(self.programs / name), *arguments]
        subprocess.run(command, user=owner, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=sys.stderr, check=True)


@contextmanager
def guarded_postgres(signed: Signed, cafile: Path) -> Iterator[GuardedPostgres]:
    """A server on this machine's loopback."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = shutil.which("pg_ctl")
    if not found and path is None:
        pytest.skip("this machine has no PostgreSQL that speaks TLS")
    programs = found[-1] if found else Path(str(path)).parent
    with TemporaryDirectory(prefix="motcua-postgres-", dir="/tmp") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, _OWNER)
        server = GuardedPostgres(programs, Path(folder), free_port_base(1))
        server.make(signed, cafile)
        try:
            yield server
        finally:
            server.stop()
