"""Whom a unit's follow-ups go to: a file of the office's own, with addresses as data and secrets in files beside it."""

import base64
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.catalogue import Catalogue
from shared.service.oidc.configuration import confidential

SHORTEST_SECRET = 16
PREFIX = "whsec_"
MAKE_ONE = "make one with `openssl rand -base64 32`"


class UnusableRecipients(Exception):
    """The file can't be used; the message says where and what to write."""


def mail_address(address: str) -> str:
    """The address; ValueError for what a mail server would not take for one."""
    name, at, host = address.rpartition("@")
    if not at or not name or not host or not address.isascii() or any(sign in address for sign in ' \r\n\t<>,;"'):
        raise ValueError("write one address such as mot-cua@so.example")
    return address


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    department: str
    mail: tuple[Annotated[str, AfterValidator(mail_address)], ...] = ()
    webhook: Annotated[str, AfterValidator(confidential)] | None = None
    webhook_secret_file: str | None = None
    digest: bool = True


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    recipients: tuple[_Entry, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address and the key that what is posted there is signed with."""

    url: str
    key: bytes


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a unit's follow-ups go; with neither mail nor webhook they are made to be printed."""

    department: str
    mail: tuple[str, ...] = ()
    webhook: Webhook | None = None
    digest: bool = True


Recipients = Mapping[str, Recipient]


def read_recipients(path: Path, catalogue: Catalogue) -> Recipients:
    """The recipients by department. Raises UnusableRecipients."""
    try:
        entries = _File.model_validate(tomllib.loads(path.read_text("utf-8"))).recipients
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise UnusableRecipients(f"{path} can't be read ({wrong})") from wrong
    except ValidationError as wrong:
        said = [
            f"{path}: {'.'.join(map(str, error['loc']))}: {error['msg'].removeprefix('Value error, ')}"
            for error in wrong.errors()
        ]
        raise UnusableRecipients("; ".join(said)) from wrong
    found: dict[str, Recipient] = {}
    for entry in entries:
        if entry.department not in catalogue.departments:
            raise UnusableRecipients(f"{path}: department {entry.department!r} is not in the catalogue")
        if entry.department in found:
            raise UnusableRecipients(f"{path}: department {entry.department} stands there twice; put it into one entry")
        webhook = None if entry.webhook is None else Webhook(entry.webhook, _key(path, entry))
        found[entry.department] = Recipient(entry.department, entry.mail, webhook, entry.digest)
    return found


def _key(path: Path, entry: _Entry) -> bytes:
    """The secret as Standard Webhooks reads it: base64, with `whsec_` before it or without."""
    if entry.webhook_secret_file is None:
        raise UnusableRecipients(
            f"{path}: {entry.department} has a webhook and no webhook_secret_file: name a file with the secret that "
            "what is posted is signed with"
        )
    file = path.parent / entry.webhook_secret_file
    try:
        text = file.read_text("utf-8").strip().removeprefix(PREFIX).rstrip("=")
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except OSError as wrong:
        raise UnusableRecipients(
            f"{path}: {entry.department}: webhook_secret_file {file} can't be read ({wrong.strerror})"
        ) from wrong
    except ValueError:
        raise UnusableRecipients(f"{path}: {entry.department}: the secret in {file} is no base64; {MAKE_ONE}") from None
    if len(key) < SHORTEST_SECRET:
        raise UnusableRecipients(
            f"{path}: {entry.department}: the secret in {file} is shorter than {SHORTEST_SECRET} bytes; " + MAKE_ONE
        )
    return key
