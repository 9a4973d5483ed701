"""What a service is told of the provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA", "Ed25519")
ALLOWED = (*ALGORITHMS, "RS384", "RS512", "ES384", "ES512", "PS384", "PS512")
"""Signatures whose check needs no secret; what needs one (HS*), and `none`, can't be set."""
GRANTS_CLAIM = "motcua_grants"
LEEWAY_S = 30
SCOPE = "openid profile"
SESSION_MINUTES = 720
CALLBACK = "/session/callback"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcClient:
    """How this service is known to the provider, so that people log in to its pages."""

    client_id: str
    secret: str | None
    public_url: str
    scope: str = SCOPE
    session_s: int = SESSION_MINUTES * 60

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends a browser back to: by the settings, never by what a request says of its host."""
        return self.public_url.rstrip("/") + CALLBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """A provider, and what its tokens must say."""

    issuer: str
    audience: str | None = None
    client: OidcClient | None = None
    name: str | None = None
    grants_claim: str = GRANTS_CLAIM
    algorithms: Sequence[str] = ALGORITHMS
    leeway_s: int = LEEWAY_S

    @property
    def called(self) -> str:
        """What pages call the provider."""
        return self.name or urlsplit(self.issuer).netloc


def is_confidential(address: str) -> bool:
    """Whether nobody on the way can read along or answer in its place: https, or this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def confidential(address: str) -> str:
    """The address; ValueError for one that anybody could answer for."""
    if not is_confidential(address):
        raise ValueError("write an https address; http is for this machine only")
    return address


def page_address(address: str) -> str:
    """Likewise, without a path: pages stand at the root."""
    parts = urlsplit(confidential(address))
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise ValueError("write the address without a path, such as https://motcua.example")
    return address


def algorithms(setting: str) -> str:
    """Comma separated; ValueError for one that can't be taken."""
    given = [part.strip() for part in setting.split(",") if part.strip()]
    if not given or set(given) - set(ALLOWED):
        raise ValueError(f"choose from {', '.join(ALLOWED)}")
    return ",".join(given)
