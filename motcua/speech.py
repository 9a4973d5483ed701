"""The language that a command speaks: set once, before it says anything, and English until then."""

from typing import TYPE_CHECKING

from shared.language.languages import Language

if TYPE_CHECKING:
    from shared.language.voice import Voice

_spoken = [Language.ENGLISH]


def speak(language: Language) -> Language:
    """Say everything in this language from now on."""
    _spoken[0] = language
    return language


def voice() -> "Voice":
    """The voice that is spoken with; made when something is said, for `motcua --help` is to answer at once."""
    from shared.language.voice import Voice  # noqa: PLC0415 - the words and numbers are not needed for --help

    return Voice(_spoken[0])
