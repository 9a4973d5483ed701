"""What the receipt slip lets its holder look up: the secret, how it is typed, and what the QR code says.

The secret is derived and stored nowhere: who has the key makes it again, who has not can't guess it. A new key makes
every slip that was printed useless.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from shared.domain.texts import DOSSIER_CODE, canonical_unit

ALPHABET = "34679ACDEFGHJKMNPQRTVWXY"
"""Nothing that is taken for something else by eye or by ear: no 0 O, 1 I L, 2 Z, 5 S, 8 B, and no U beside V."""
LENGTH = 10  # of 24 symbols: 45 bits
GROUP = 5
LOOK_UP = "/look-up"
_PURPOSE = b"slip/1/"
_NO_SYMBOL = re.compile(r"[\s.\-–_]+")
_BLANK = re.compile(r"\s+")
_OLDER_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Slip:
    """A dossier's code with its secret."""

    code: str
    secret: str

    @property
    def grouped(self) -> str:
        """The secret as it is printed: K7M4P-9XQTC."""
        return "-".join(self.secret[start : start + GROUP] for start in range(0, LENGTH, GROUP))

    def content(self, public_url: str | None) -> str:
        """What the QR code says: the look-up's address with both behind `#`, which no browser sends to a server."""
        if public_url is None:
            return f"{self.code} {self.grouped}"
        return f"{public_url.rstrip('/')}{LOOK_UP}#{self.code}/{self.secret}"


def slip_of(code: str, key: bytes) -> Slip:
    """The slip of a dossier; every spelling of its code has the same secret."""
    digest = hmac.digest(key, _PURPOSE + canonical(code).encode(), hashlib.sha256)
    number, symbols = int.from_bytes(digest), []
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        symbols.append(ALPHABET[place])
    return Slip(code, "".join(symbols))


def opens(code: str, secret: str, key: bytes) -> bool:
    """Whether the secret is the code's; the time it takes says nothing of either."""
    return hmac.compare_digest(slip_of(code, key).secret.encode(), typed_secret(secret).encode())


def typed_secret(text: str) -> str:
    """The secret as somebody types it: small letters, blanks and dashes do not matter."""
    return _NO_SYMBOL.sub("", text).upper()


def typed_code(text: str) -> str | None:
    """The code as somebody types it; None when it is none."""
    code = _BLANK.sub("", text).replace("–", "-").upper()
    return code if re.fullmatch(DOSSIER_CODE, code, re.ASCII) else None


def canonical(code: str) -> str:
    """The code with its unit's code of Decision 20/2020: H59.18-231208-0001 of 000.00.18.H59-231208-0001."""
    unit, day, serial = code.rsplit("-", 2)
    return f"{canonical_unit(unit)}-{day}-{serial}"


def spellings(code: str) -> tuple[str, ...]:
    """The codes that a dossier may have been logged under, the one that was typed first."""
    unit, day, serial = canonical(code).rsplit("-", 2)
    levels = unit.split(".")
    older = [*(level.zfill(2) for level in reversed(levels[1:])), levels[0]]
    padded = ["00"] * (_OLDER_LEVELS - len(older)) + older
    forms = [code, f"{unit}-{day}-{serial}", f"{padded[0].zfill(3)}.{'.'.join(padded[1:])}-{day}-{serial}"]
    return tuple(dict.fromkeys(forms))


def read(text: str) -> Slip | None:
    """The slip that a scanner or a person wrote: the QR code's content, or code and secret with a blank between."""
    _, found, behind = text.partition("#")
    first, _, second = (behind if found else text).strip().replace("/", " ").partition(" ")
    code, secret = typed_code(first), typed_secret(second)
    return Slip(code, secret) if code and len(secret) == LENGTH and set(secret) <= set(ALPHABET) else None
