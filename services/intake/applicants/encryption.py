"""Envelope encryption: each applicant's details under a data key of their own, each data key under a master key.

AES-256-GCM, a random nonce each time. The associated data names the row and what it is for, so that no ciphertext can
be put into another's row. Whoever deletes a data key deletes what it encrypts, wherever copies of it lie; whoever gives
up a master key gives up every copy of the data keys that it wraps.
"""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

KEY_BYTES, NONCE_BYTES = 32, 12
ID_DIGITS = 16
_KEY, _DETAILS = b"motcua/applicants/key/", b"motcua/applicants/details/"


class MasterKeyMissing(Exception):
    """A data key is wrapped by a master key that is not among those that are set."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"the details are encrypted under master key {key_id}, which is not among those of "
            "MOTCUA_INTAKE_APPLICANTS_KEY or MOTCUA_INTAKE_APPLICANTS_KEY_FILE; add it as another line"
        )


class Damaged(Exception):
    """What can't be read though its key is there: it was changed, belongs to another row, or is of a later version."""


class SealedDetails(Struct, frozen=True):
    """What the table keeps: the data key wrapped, under which master key, and the details under the data key."""

    key_id: str
    wrapped_key: bytes
    ciphertext: bytes


class MasterKeys:
    """The master keys by their ids. The first wraps; each unwraps what it wrapped."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_id_of(key): AESGCM(key) for key in keys}
        self.first = next(iter(self._ciphers))

    def seal(self, pseudonym: str, details: bytes) -> SealedDetails:
        """The details under a new data key."""
        data_key = secrets.token_bytes(KEY_BYTES)
        ciphertext = _encrypted(AESGCM(data_key), details, _DETAILS, pseudonym)
        return SealedDetails(self.first, self._wrapped(pseudonym, data_key), ciphertext)

    def unseal(self, pseudonym: str, sealed: SealedDetails) -> bytes:
        """The details; raises MasterKeyMissing or Damaged."""
        data_key = self._unwrapped(pseudonym, sealed)
        return _decrypted(AESGCM(data_key), sealed.ciphertext, _DETAILS, pseudonym)

    def wrapped_anew(self, pseudonym: str, sealed: SealedDetails) -> SealedDetails:
        """The same details and data key, wrapped by the first master key."""
        wrapped = self._wrapped(pseudonym, self._unwrapped(pseudonym, sealed))
        return SealedDetails(self.first, wrapped, sealed.ciphertext)

    def _wrapped(self, pseudonym: str, data_key: bytes) -> bytes:
        return _encrypted(self._ciphers[self.first], data_key, _KEY, pseudonym)

    def _unwrapped(self, pseudonym: str, sealed: SealedDetails) -> bytes:
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise MasterKeyMissing(sealed.key_id)
        return _decrypted(cipher, sealed.wrapped_key, _KEY, pseudonym)


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"motcua/applicants/master/" + key).hexdigest()[:ID_DIGITS]


def _encrypted(cipher: AESGCM, plain: bytes, purpose: bytes, pseudonym: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, purpose + pseudonym.encode())


def _decrypted(cipher: AESGCM, encrypted: bytes, purpose: bytes, pseudonym: str) -> bytes:
    try:
        return cipher.decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], purpose + pseudonym.encode())
    except (InvalidTag, ValueError) as changed:
        raise Damaged(
            f"what is kept of {pseudonym} was changed, or belongs to another row; restore intake's database"
        ) from changed
