"""Tokens made by hand: as the provider would, and as it would not."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.jwk import Key

from tests.support.oidc_provider import AUDIENCE, RunningProvider

GRANTS = ["officer@H59.15"]


class _TakesAll(jws.JWSRegistry):
    """Signs what joserfc would rather not."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]

    def check_header(self, header: dict[str, Any]) -> None:
        """Nothing is wrong with it."""


def claims(real: RunningProvider, **changed: Any) -> dict[str, Any]:
    """What a good token says, with changes; None leaves a claim out."""
    now = int(time.time())
    good = {"iss": real.issuer, "sub": "thu", "aud": AUDIENCE, "iat": now, "exp": now + 300, "motcua_grants": GRANTS}
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def encoded(given: bytes | Mapping[str, Any]) -> str:
    written = given if isinstance(given, bytes) else json.dumps(given).encode()
    return base64.urlsafe_b64encode(written).rstrip(b"=").decode()


def signed(key: Key, said: Mapping[str, Any], algorithm: str = "RS256", **header: Any) -> str:
    """A token that the key signs."""
    protected = {"alg": algorithm, "kid": key.kid, "typ": "at+jwt", **header}
    given = {name: value for name, value in protected.items() if value is not None}
    return jws.serialize_compact(given, json.dumps(said), key, registry=_TakesAll())


def forged(header: Mapping[str, Any], said: Mapping[str, Any], secret: bytes | None = None) -> str:
    """A token without a signature, or with one that a secret makes."""
    signing = f"{encoded(header)}.{encoded(said)}"
    signature = b"" if secret is None else hmac.digest(secret, signing.encode(), hashlib.sha256)
    return f"{signing}.{encoded(signature)}"
