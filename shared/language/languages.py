"""The languages that people read, and which of them somebody wants."""

import os
from enum import StrEnum


class Language(StrEnum):
    """A language, under its code of ISO 639-1."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


def of_header(accepted: str | None, otherwise: Language = Language.VIETNAMESE) -> Language:
    """The language that an Accept-Language header prefers among ours."""
    wanted: list[tuple[float, int, Language]] = []
    for place, part in enumerate((accepted or "").split(",")):
        tag, _, weight = part.strip().partition(";")
        quality = weight.strip().removeprefix("q=")
        try:
            rank = float(quality) if quality else 1.0
        except ValueError:
            continue
        primary = tag.strip().partition("-")[0].lower()
        if primary in tuple(Language) and rank > 0:
            wanted.append((-rank, place, Language(primary)))
    return min(wanted)[2] if wanted else otherwise


def of_terminal(otherwise: Language = Language.ENGLISH) -> Language:
    """The language of the terminal's locale (LC_ALL, LC_MESSAGES, LANG)."""
    found = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    primary = found.partition(".")[0].partition("_")[0]
    return Language(primary) if primary in tuple(Language) else otherwise
