"""Addresses of other programs in settings: one that can't be read is refused with the settings, not when it is used."""

from urllib.parse import urlsplit

MOST_PORT = 65535


def broker_addresses(setting: str) -> str:
    """The addresses; ValueError names one that is none."""
    for address in setting.split(","):
        try:
            parts = urlsplit(f"//{address.strip()}")
            is_one = bool(parts.hostname) and parts.port != 0 and f"//{parts.netloc}" == parts.geturl()
        except ValueError:
            is_one = False
        if not is_one:
            raise ValueError(
                f"{address.strip()!r} is no broker's address; write HOST:PORT, with commas between several"
            )
    return setting


def database_address(url: str) -> str:
    """The address; ValueError for one that can't be read. It may hold a password, so none of it is told."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - processing has no database: a fifth of its start
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        port = make_url(url).port
    except (ArgumentError, ValueError):
        port = 0
    if port is not None and not 0 < port <= MOST_PORT:
        raise ValueError(
            "the port is no number from 1 to 65535; of a password write `:` as %3A, `@` as %40 and `/` as %2F"
        )
    return url


def web_address(url: str) -> str:
    """The address; ValueError for one that can't be called."""
    try:
        parts = urlsplit(url)
        is_one = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise ValueError("write an address such as http://intake:8001")
    return url
