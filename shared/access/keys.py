"""API keys: tokens with a purpose, of which only a digest is kept (contract §6)."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from shared.access.roles import Grant, Principal
from shared.domain.errors import Refusal

PREFIX = "motcua"
ID_BYTES = 6
SECRET_BYTES = 32
InTime = Annotated[datetime, Meta(tz=True)]


class DoubleKey(Refusal):
    """Two keys have one id or one token, so that revoking one would leave the other."""

    code = "double_key"


class ApiKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a key: never the token, which is shown once. A token is `motcua_ID_SECRET`."""

    id: str
    name: str
    digest: str
    grants: tuple[str, ...]
    created_at: InTime
    created_by: str = ""
    expires_at: InTime | None = None
    revoked_at: InTime | None = None

    def holds_at(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def principal(self) -> Principal:
        grants = tuple(Grant.parse(grant) for grant in self.grants)
        return Principal(f"key:{self.id}", self.name, grants, self.expires_at)


class Keys:
    """The keys there are, found by their tokens. Raises a `Refusal` for grants that can't be read and for doubles."""

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self.all = tuple(keys)
        self._of_digest = {key.digest: key for key in self.all}
        if len(self._of_digest) < len(self.all) or len({key.id for key in self.all}) < len(self.all):
            raise DoubleKey("two of its keys have one id or one digest; leave one of them out")
        for key in self.all:
            key.principal()

    def of_token(self, token: str, now: datetime) -> ApiKey | None:
        """The key that the token is, while it holds. What is looked up is a digest, so the time taken tells nothing."""
        key = self.any_of_token(token)
        return key if key is not None and key.holds_at(now) else None

    def any_of_token(self, token: str) -> ApiKey | None:
        """The key that the token is, whether or not it holds."""
        return self._of_digest.get(digest_of(token))


def new_key(
    name: str, grants: Iterable[Grant], now: datetime, *, by: str = "", expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A key and its token, which is kept nowhere."""
    key_id, token = new_token()
    key = ApiKey(
        id=key_id,
        name=name,
        digest=digest_of(token),
        grants=tuple(str(grant) for grant in grants),
        created_at=now,
        created_by=by,
        expires_at=expires_at,
    )
    return key, token


def new_token() -> tuple[str, str]:
    """The id and the token of a new key."""
    key_id = secrets.token_hex(ID_BYTES)
    return key_id, f"{PREFIX}_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"


def digest_of(token: str) -> str:
    """SHA-256 in hex: enough for 256 random bits, which nobody can guess at."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
