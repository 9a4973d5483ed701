"""Who may call: one key from settings, compared in constant time (roles and sessions come with their own keys)."""

import hmac
from collections.abc import Awaitable, Callable

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from shared.problems import Problem

_BEARER = HTTPBearer(auto_error=False, description="the service's API key")


def key_matches(presented: str, expected: SecretStr) -> bool:
    """Whether the key is the expected one; takes the same time whatever differs."""
    return hmac.compare_digest(presented.encode(), expected.get_secret_value().encode())


def require_key(expected: SecretStr) -> Callable[[HTTPAuthorizationCredentials | None], Awaitable[None]]:
    """A FastAPI dependency that answers 401 unless the call carries `Authorization: Bearer KEY`."""

    # async, for FastAPI sends a plain function to a thread, which costs more than the check
    async def check(credentials: HTTPAuthorizationCredentials | None = Security(_BEARER)) -> None:
        if credentials is None or not key_matches(credentials.credentials, expected):
            raise Problem(401, "Unauthorized", "send the API key as `Authorization: Bearer KEY`", headers={"WWW-Authenticate": "Bearer"})

    return check
