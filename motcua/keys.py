"""Keys made, listed, revoked and replaced in the folder that the services read them from (docs/access.md)."""

import getpass
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from pathlib import Path

from msgspec.structs import replace

from motcua.client import DATA_FOLDERS
from motcua.failure import Failure
from shared.access.folder import BrokenKeys, KeyFolder
from shared.access.keys import ApiKey, new_key
from shared.access.roles import Grant, InvalidGrant, Role, Scope
from shared.auditing.file import BrokenAudit
from shared.auditing.key_changes import changing_keys
from shared.catalogue import Catalogue
from shared.domain.localtime import LOCAL, ONE_DAY, local_date

ACCESS = "access"  # in a stack's data folder
LONGEST_NAME = 100
_DURATION = re.compile(r"(\d{1,5})([dhm])", re.ASCII)
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key, and when a service last saw it; None for never."""

    key: ApiKey
    used_at: datetime | None


def access_folder(named: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """As named, else as the environment says, else the local stack's."""
    if named is not None:
        return named
    if chosen := environ.get("MOTCUA_ACCESS_DIR"):
        return Path(chosen)
    if data_dir := environ.get("MOTCUA_DATA_DIR"):
        return Path(data_dir) / ACCESS
    return next((folder / ACCESS for folder in DATA_FOLDERS if (folder / ACCESS).is_dir()), DATA_FOLDERS[0] / ACCESS)


def kept(folder: Path) -> list[KeptKey]:
    """The keys of a folder, in the order in which they were made."""
    with _told(folder):
        files = KeyFolder(folder)
        keys, used = files.read(), files.last_used()
    return [KeptKey(key, used.get(key.id)) for key in sorted(keys.all, key=lambda key: (key.created_at, key.id))]


def create(
    folder: Path, name: str, grants: Iterable[Grant], now: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key and its token, which is kept nowhere."""
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise Failure(f"the name must have 1 to {LONGEST_NAME} characters that can be read, such as the counter's name")
    if expires_at is not None and expires_at <= now:
        raise Failure(f"--expires: {expires_at:%Y-%m-%d %H:%M} is past; name a later day, or leave it out")
    with _told(folder), changing_keys(KeyFolder(folder), _user(), now) as keys:
        key, token = new_key(name, grants, now, by=_user(), expires_at=expires_at)
        keys[key.id] = key
    return key, token


def revoke(folder: Path, key_id: str, now: datetime) -> ApiKey:
    """The key does not hold any more; services see it within a second or two."""
    with _told(folder), changing_keys(KeyFolder(folder), _user(), now) as keys:
        key = _of_id(keys, key_id)
        if key.revoked_at is None:
            keys[key.id] = key = replace(key, revoked_at=now)
    return key


def rotate(folder: Path, key_id: str, now: datetime, old_holds_for: timedelta | None) -> tuple[ApiKey, str]:
    """A new key with the name and the grants of another one, and its token; the other one is revoked, or goes on for a
    while."""
    with _told(folder), changing_keys(KeyFolder(folder), _user(), now) as keys:
        old = _of_id(keys, key_id)
        if not old.holds_at(now):
            raise Failure(f"the key {old.id} does not hold any more; make a new one with `motcua keys create`")
        lasting = None if old.expires_at is None else now + (old.expires_at - old.created_at)
        key, token = new_key(old.name, map(Grant.parse, old.grants), now, by=_user(), expires_at=lasting)
        keys[key.id] = key
        if old_holds_for is None:
            keys[old.id] = replace(old, revoked_at=now)
        else:
            until = now + old_holds_for
            keys[old.id] = replace(old, expires_at=until if old.expires_at is None else min(old.expires_at, until))
    return key, token


def checked_grants(written: Iterable[str], catalogue: Catalogue, now: datetime) -> tuple[Grant, ...]:
    """The grants, whose departments are the catalogue's, by their own codes."""
    return tuple(_checked(_grant(text), catalogue, now) for text in written)


def instant_of(written: str, now: datetime) -> datetime:
    """`90d` from now, or the end of a day such as 2027-12-31."""
    if (length := duration_of(written)) is not None:
        return now + length
    try:
        return datetime.combine(date.fromisoformat(written) + ONE_DAY, time(), LOCAL)
    except (ValueError, OverflowError):
        raise Failure(f"{written} is no time: write a number of days like 90d, or a day like 2027-12-31") from None


def duration_of(written: str) -> timedelta | None:
    """`90d`, `12h` or `30m`."""
    found = _DURATION.fullmatch(written)
    return None if found is None else timedelta(**{_UNITS[found[2]]: int(found[1])})


def _grant(text: str) -> Grant:
    try:
        return Grant.parse(text)
    except InvalidGrant as wrong:
        role = text.partition("@")[0]
        near = [] if role in set(Role) else get_close_matches(role, list(Role), n=1)
        raise Failure(f"--grant: {wrong}{f'; did you mean {near[0]}?' if near else ''}") from wrong


def _checked(grant: Grant, catalogue: Catalogue, now: datetime) -> Grant:
    scope = grant.scope
    if scope.departments is None:
        return grant
    departments = frozenset(_unit(code, catalogue, now) for code in scope.departments)
    received_by = frozenset(_unit(code, catalogue, now) for code in scope.received_by)
    return Grant(grant.role, Scope(departments, received_by))


def _unit(code: str, catalogue: Catalogue, now: datetime) -> str:
    own = catalogue.canonical(code, local_date(now))
    if own in catalogue.departments:
        return own
    spelt = {known.casefold(): known for known in catalogue.departments}
    for known, unit in catalogue.departments.items():
        spelt.setdefault(unit.name.casefold(), known)
    near = get_close_matches(code.casefold(), spelt, n=1)
    own = spelt[near[0]] if near else ""
    hint = f"did you mean {own} ({catalogue.departments[own].name})?" if near else "* stands for all of them"
    raise Failure(f"--grant: {code} is no department of the catalogue; {hint}")


def _of_id(keys: Mapping[str, ApiKey], key_id: str) -> ApiKey:
    wanted = key_id.removeprefix("key:")
    if wanted in keys:
        return keys[wanted]
    near = get_close_matches(wanted, keys, n=1)
    raise Failure(
        f"there is no key {wanted}{f'; did you mean {near[0]}?' if near else ''} (`motcua keys list` shows the ids)"
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What can befall the folder, as a sentence."""
    try:
        yield
    except (BrokenKeys, BrokenAudit) as broken:
        raise Failure(str(broken)) from broken
    except OSError as error:
        raise Failure(
            f"{folder} can't be used: {error.strerror or error}; name another one with --access-dir"
        ) from error
