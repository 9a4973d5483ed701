"""Names that intake makes up: event ids that sort by time, and pseudonyms of applicants."""

import hashlib
import hmac
import re
import secrets
import time

from shared.domain.names import compared

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS = 80
LENGTH = 26
BITS_A_CHARACTER = 5
_PSEUDONYM = re.compile(r"p-[0-9a-f]{32}")


def new_event_id() -> str:
    """A ULID: ids made later sort later, which keeps the log's index on ids compact."""
    value = (time.time_ns() // 1_000_000) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)
    return "".join(ALPHABET[value >> (BITS_A_CHARACTER * place) & 31] for place in reversed(range(LENGTH)))


def pseudonym(applicant: str, key: bytes) -> str:
    """The same applicant always gets the same name, however it is composed and spaced, and nobody without the key can tell whose it is."""
    return "p-" + hmac.digest(key, compared(applicant).encode(), hashlib.sha256).hex()[:32]


def is_pseudonym(applicant: str) -> bool:
    """Whether it has the form that `pseudonym` gives: an exported event is sent again with it."""
    return _PSEUDONYM.fullmatch(applicant) is not None
