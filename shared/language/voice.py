"""A voice: one language, in which it says one of two texts and writes numbers, shares and instants."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.domain.localtime import local
from shared.language import numbers
from shared.language.languages import Language
from shared.language.words import Words, word

WHOLE = 100


@dataclass(frozen=True, slots=True)
class Voice:
    """Says things in its language, with its numbers."""

    language: Language

    def __call__(self, vietnamese: str, english: str) -> str:
        return vietnamese if self.language is Language.VIETNAMESE else english

    def count(self, number: int) -> str:
        """80.121, or 80,121."""
        return numbers.count(number, self.language)

    def dossiers(self, number: int) -> str:
        """80.121 hồ sơ, or 80,121 dossiers."""
        return f"{self.count(number)} {self('hồ sơ', 'dossier' if number == 1 else 'dossiers')}"

    def percent(self, share: Any) -> str:
        """62,8%, or 62.8%, with all decimals; a dash where it is not applicable."""
        return numbers.percent(share, self.language)

    def share(self, share: Any) -> str:
        """The same for running text, where the whole is 100%."""
        return self.percent(str(WHOLE) if float(share) == WHOLE else share)

    def day(self, day: date) -> str:
        """14/03/2023, or 14 Mar 2023."""
        return numbers.day(day, self.language)

    def minute(self, instant: datetime) -> str:
        """The local minute in running text."""
        return numbers.minute(instant, self.language)

    def short_minute(self, instant: datetime | None) -> str:
        """The local minute in a table; a dash for none."""
        return numbers.NOT_APPLICABLE if instant is None else numbers.short_minute(instant, self.language)

    def second(self, instant: datetime) -> str:
        """An instant as precisely as one asks for it: 14/03/2023 14:05:00, or 2023-03-14 14:05:00."""
        at = local(instant)
        return self(f"{at:%d/%m/%Y %H:%M:%S}", f"{at:%Y-%m-%d %H:%M:%S}")

    def word(self, words: Words, value: str) -> str:
        """The word for a value."""
        return word(words, value, self.language)
