"""TLS towards the broker and the database: whom the service trusts, with which certificate it shows itself, and what to
set when the other end is not trusted or does not take it."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

_EXPIRED = 10
_OTHER_NAME = frozenset({62, 64})  # a host name, an address
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_EOF", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")


class UnusableFile(ValueError):
    """A certificate or a key that can't be used; the message names the setting."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where certificates and keys are; `prefix` is how the variables that say so begin."""

    prefix: str
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    key_password: SecretStr | None = None

    def context(self) -> ssl.SSLContext:
        """A context that checks the other end's certificate and its name. Raises UnusableFile."""
        trusted = None if self.cafile is None else self._read("CAFILE", self.cafile)
        try:
            context = ssl.create_default_context(cadata=trusted)
        except (ssl.SSLError, ValueError) as wrong:
            msg = f"{self.prefix}CAFILE: {self.cafile} holds no certificates ({_reason(wrong)})"
            raise UnusableFile(msg) from wrong
        if self.certfile is not None:
            self._show(context, self.certfile)
        elif self.keyfile is not None:
            msg = f"{self.prefix}CERTFILE: is not set, and {self.prefix}KEYFILE is; set both or none"
            raise UnusableFile(msg)
        return context

    def _show(self, context: ssl.SSLContext, certfile: str) -> None:
        self._read("CERTFILE", certfile)
        self._read("KEYFILE", self.keyfile or certfile)
        # without a password a key that needs one would ask at the terminal
        password = self.key_password.get_secret_value() if self.key_password else ""
        try:
            context.load_cert_chain(certfile, self.keyfile, password)
        except (ssl.SSLError, ValueError) as wrong:
            given = f"{self.prefix}CERTFILE, {self.prefix}KEYFILE and {self.prefix}KEY_PASSWORD"
            msg = f"{given}: this is no certificate with its key, or not the key's password ({_reason(wrong)})"
            raise UnusableFile(msg) from wrong

    def _read(self, name: str, path: str) -> str:
        try:
            text = Path(path).read_text("ascii")
        except (OSError, UnicodeDecodeError) as wrong:
            msg = f"{self.prefix}{name}: {path} can't be read ({getattr(wrong, 'strerror', None) or 'it is no PEM'})"
            raise UnusableFile(msg) from wrong
        if "-----BEGIN " not in text:
            msg = f"{self.prefix}{name}: {path} holds no PEM"
            raise UnusableFile(msg)
        return text


@dataclass(frozen=True, slots=True)
class DatabaseTls:
    """How a PostgreSQL is trusted; `prefix` is how the service's variables begin."""

    context: ssl.SSLContext
    prefix: str


def what_to_set(failure: BaseException, prefix: str, address: str, protocol: str) -> str | None:
    """What to do about a TLS failure, by the names of settings; None for another failure.

    `prefix` is that of the files' settings; `address` and `protocol` say where the other end is, and whether by TLS.
    """
    if isinstance(failure, ssl.SSLCertVerificationError):
        if failure.verify_code == _EXPIRED:
            return f"the other end's certificate has expired: renew it there ({prefix}CAFILE says who may sign it)"
        if failure.verify_code in _OTHER_NAME:
            return f"the other end's certificate is for another name: write in {address} a name that is in it"
        return f"{prefix}CAFILE trusts nobody who signed the other end's certificate: name there the file of its CA"
    if isinstance(failure, ssl.SSLError):
        if any(said in _reason(failure) for said in _NO_TLS):
            return f"the other end does not speak TLS there: are {address} and {protocol} right?"
        return f"the other end ended the handshake: does it take the certificate of {prefix}CERTFILE, or want one?"
    return None


def _reason(failure: Exception) -> str:
    return str(getattr(failure, "reason", None) or failure)
