"""In which language an explanation is told: set for one explanation, heard by all that makes its sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.language.languages import Language
from shared.language.voice import Voice

_VOICE: ContextVar[Voice] = ContextVar("voice of the explanation", default=Voice(Language.ENGLISH))  # noqa: B039 - it is frozen


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Everything said inside is said in the language."""
    token = _VOICE.set(Voice(language))
    try:
        yield
    finally:
        _VOICE.reset(token)


def say(vietnamese: str, english: str) -> str:
    """One of two texts."""
    return _VOICE.get()(vietnamese, english)


def voice() -> Voice:
    """The voice that is spoken with."""
    return _VOICE.get()
