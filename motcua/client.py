"""Where the services are and how to speak with them: addresses, the key, and HTTP failures told as sentences."""

import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Meta, Struct

from motcua.failure import Failure
from motcua.speech import voice

DATA_FOLDERS = (Path(".motcua"), Path(".motcua/demo"))
DEFAULT_URLS = {
    "intake": "http://127.0.0.1:8001",
    "processing": "http://127.0.0.1:8002",
    "reporting": "http://127.0.0.1:8003",
}
HIGHEST_PORT = 65_535
CONNECT_SECONDS = 5.0
TRANSFER_SECONDS = 120.0
TIMEOUT = httpx.Timeout(TRANSFER_SECONDS, connect=CONNECT_SECONDS, pool=None)
LONG = httpx.Timeout(3600.0, connect=CONNECT_SECONDS)  # for a call in which a whole topic or a whole read model is read
READ_BYTES = 1 << 18
REQUEST = f"motcua-{secrets.token_hex(6)}"  # by which the services' logs and audits know this command's calls
T = TypeVar("T")

# what reading an answer can raise when it is not one of ours
UNREADABLE = (httpx.HTTPError, msgspec.MsgspecError, ValueError, KeyError, TypeError, IndexError, AttributeError)


class NotAsRead(Failure):
    """Something answers, but not what this version reads."""

    def __init__(self, service: str, url: str, error: Exception) -> None:
        super().__init__(f"{url} does not answer as {service} of this version does ({error!r}); is --{service} right?")


class ServiceFailed(Failure):
    """The service answered 5xx: it could not do what it was asked, though it was asked rightly."""


class NotPermitted(Failure):
    """The service answered 401 or 403: this key may not do that."""


class Outlived(Failure):
    """The service answered 410: what was asked for belongs to a read model that has been made anew since."""


@dataclass(frozen=True, slots=True)
class Services:
    """The base addresses of the three services and the key they take."""

    intake: str
    processing: str
    reporting: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "X-Request-Id": REQUEST}


@dataclass(frozen=True, slots=True)
class NamedServices:
    """What the command line names; None leaves it to the environment, the running stack and the defaults."""

    intake: str | None = None
    processing: str | None = None
    reporting: str | None = None
    key: str | None = None


class RunningStack(Struct, frozen=True):
    """What `stack.json` says of a running stack: its process, where its parts are reached, and with which key."""

    pid: Annotated[int, Meta(ge=1, lt=2**31)]
    intake: str
    processing: str
    reporting: str
    broker: str
    key: str

    @property
    def services(self) -> Services:
        return Services(self.intake, self.processing, self.reporting, self.key)


def locate(named: NamedServices, environ: Mapping[str, str] = os.environ, here: Path | None = None) -> Services:
    """The services as named, else as the environment says, else the local stack's, else on the default ports."""
    chosen = environ.get("MOTCUA_DATA_DIR")
    folders = [(here or Path.cwd()) / folder for folder in (*([Path(chosen)] if chosen else []), *DATA_FOLDERS)]
    running = next((stack for folder in folders if (stack := _running(folder))), None)
    urls = {
        service: (
            getattr(named, service)
            or environ.get(f"MOTCUA_{service.upper()}_URL")
            or (getattr(running, service) if running else default)
        ).rstrip("/")
        for service, default in DEFAULT_URLS.items()
    }
    for service, url in urls.items():
        if not _is_address(url):
            msg = f"{printable(url)} is not an address of {service}; write it like {DEFAULT_URLS[service]}"
            raise Failure(msg)
    key = named.key or environ.get("MOTCUA_API_KEY") or _local_key(urls, running, folders)
    if not key:
        raise Failure(
            voice()(
                "chưa có khóa API: hãy khởi động bằng `motcua up`, hoặc chỉ ra các dịch vụ bằng --intake, --reporting "
                "và khóa của chúng bằng --key",
                "no API key: start a local stack with `motcua up`, or name the services "
                "with --intake, --reporting and their key with --key",
            )
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise Failure(
            "the API key holds a blank, a line break or a character outside ASCII, as no key does: pass it with --key "
            "or MOTCUA_API_KEY just as it was given to you"
        )
    return Services(**urls, key=key)


def printable(text: str) -> str:
    """Text of unknown origin in a message: control characters as escapes."""
    return text if text.isprintable() else repr(text)


def _is_address(url: str) -> bool:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        return False
    return (
        " " not in url
        and address.scheme in {"http", "https"}
        and bool(address.host)
        and (address.port or 0) <= HIGHEST_PORT
    )


def _running(folder: Path) -> RunningStack | None:
    """What `stack.json` says while its stack runs; None for one left by a killed stack, or written by none."""
    try:
        stack = msgspec.json.decode((folder / "stack.json").read_bytes(), type=RunningStack)
        os.kill(stack.pid, 0)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return stack


def _local_key(urls: Mapping[str, str], running: RunningStack | None, folders: list[Path]) -> str | None:
    """The local stack's own key, never for an address on another machine."""
    if not all(is_loopback(url) for url in urls.values()):
        return None
    if running is not None:
        return running.key
    return next((key for folder in folders if (key := _key_file(folder / "key"))), None)


def _key_file(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Failure(
            f"the key {path} cannot be read: {error.strerror}; pass one with --key or MOTCUA_API_KEY"
        ) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{path} holds no key; pass one with --key or MOTCUA_API_KEY") from error


def is_loopback(url: str) -> bool:
    """Whether the address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ServiceClient:
    """One service over HTTP; what goes wrong in a call or in reading its answer is a `Failure` that says what to do."""

    def __init__(self, name: str, url: str, key: str) -> None:
        self.name, self.url = name, url
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": voice().language, "X-Request-Id": REQUEST}
        # a proxy of the environment is left out for this machine
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=not is_loopback(url))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, path: str, *, expected: Collection[int] = (), **arguments: Any) -> httpx.Response:
        """The answer of a call that succeeded, or whose status code is expected."""
        with told_plainly(self.name, self.url):
            response = self._http.request(method, path, **arguments)
            return response if response.status_code in expected else response.raise_for_status()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> httpx.Response:
        return self.call("GET", path, params=params)

    def answer(self, kind: type[T], method: str, path: str, **arguments: Any) -> T:
        """The answer as a value."""
        return self.decoded(kind, self.call(method, path, **arguments).content)

    def decoded(self, kind: type[T], content: bytes) -> T:
        with told_plainly(self.name, self.url):
            return msgspec.json.decode(content, type=kind)

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of an NDJSON answer, as they arrive."""
        with told_plainly(self.name, self.url), self._http.stream("GET", path) as response:
            if response.is_error:
                response.read()
            response.raise_for_status()
            rest = b""
            for part in response.iter_bytes(READ_BYTES):
                *lines, rest = (rest + part).split(b"\n")
                yield from (line for line in lines if line)
            if rest:
                yield rest


@contextmanager
def reading(services: Services, name: str) -> Iterator[ServiceClient]:
    """A client of one service for a body that reads its answers as they stand: what they lack is told plainly, too."""
    url = getattr(services, name)
    with ServiceClient(name, url, services.key) as client, told_plainly(name, url):
        yield client


@contextmanager
def told_plainly(service: str, url: str) -> Iterator[None]:
    """Turn what can go wrong in a call, and in reading its answer, into a sentence that says what to do."""
    try:
        yield
    except httpx.ConnectError as error:
        raise unreachable(service, url) from error
    except httpx.HTTPStatusError as error:
        raise refused(service, error.response) from error
    except httpx.TimeoutException as error:
        raise Failure(
            voice()(
                f"{service} tại {url} không trả lời trong {TRANSFER_SECONDS:.0f} giây; hãy xem nhật ký rồi thử lại",
                f"{service} at {url} took longer than {TRANSFER_SECONDS:.0f} s to answer; see its log and try again",
            )
        ) from error
    except httpx.TransportError as error:
        broke = type(error).__name__
        raise Failure(
            voice()(
                f"kết nối tới {service} tại {url} bị ngắt ({broke}); hãy thử lại",
                f"the connection to {service} at {url} broke ({broke}); try again",
            )
        ) from error
    except (UnicodeEncodeError, httpx.InvalidURL) as error:
        raise Failure(f"what was asked of {service} can't be sent ({error}); is an option mistyped?") from error
    except UNREADABLE as error:
        raise NotAsRead(service, url, error) from error


def unreachable(service: str, url: str) -> Failure:
    return Failure(
        voice()(
            f"không có gì trả lời tại {url}: hãy chạy `motcua up`, hoặc chỉ ra {service} bằng --{service} URL",
            f"nothing answers at {url}: start it with `motcua up`, or name {service} with --{service} URL",
        )
    )


def refused(service: str, response: httpx.Response) -> Failure:
    """What an answer other than success says, from its problem details when it carries them."""
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return NotPermitted(
            voice()(
                f"{service} không nhận khóa này: hãy đưa khóa đúng bằng --key hoặc MOTCUA_API_KEY",
                f"{service} does not take this key: pass the right one with --key or MOTCUA_API_KEY",
            )
        )
    answered = f"{service} {voice()('trả lời', 'answered')} {response.status_code}"
    said = (
        f"{answered}: {detail_of(response) or response.reason_phrase or voice()('không nói gì thêm', 'nothing more')}"
    )
    if response.status_code == HTTPStatus.GONE:
        return Outlived(said)
    return ServiceFailed(said) if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else Failure(said)


def detail_of(response: httpx.Response) -> object:
    """What the problem details of an answer say; None when it carries none."""
    try:
        return response.json()["detail"]
    except (ValueError, KeyError, TypeError, httpx.ResponseNotRead):
        return None
