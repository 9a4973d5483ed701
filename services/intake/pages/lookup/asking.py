"""Asking with a slip: limits first, then the secret, then the log; whatever is wrong is answered alike and as late.

The secret is checked without the log, by the code alone: a wrong secret and a code that was never given out take the
same way. A dossier that is not told of is read first, so every answer without a finding waits until the same time.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence

from services.intake.papers.slip import canonical, opens, spellings, typed_code
from shared.contract.http.lookup import LONGEST_TYPED, LookUpAnswer
from shared.service.turns import Rates

ANSWERED_AFTER_S = 0.1

Find = Callable[[Sequence[str]], Awaitable[LookUpAnswer | None]]
"""Reads the dossier that was logged under one of the codes, the first before the others."""


class TooManyLookUps(Exception):
    """Nobody looks before so many seconds have passed."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.0f} s")
        self.retry_after_s = max(1, math.ceil(wait_s))


class LookUps:
    """What was asked of late, by whom and for which code, within bounds of memory; and the way to an answer."""

    def __init__(self, key: bytes, clock: Callable[[], float], *, answered_after_s: float = ANSWERED_AFTER_S) -> None:
        self._key = key
        self._clock = clock
        self._answered_after_s = answered_after_s
        self._peers = Rates(0.5, 30)  # a household or an office behind one address: 30 at once, then 30 a minute
        self._codes = Rates(1 / 30, 20)  # whoever guesses at one code's secret: 20 at once, then 2 a minute
        self._all = Rates(50, 500)

    async def ask(self, peer: str, code: str, secret: str, find: Find) -> LookUpAnswer | None:
        """How the dossier stands; None where code and secret do not belong together. Raises TooManyLookUps."""
        asked_at = self._clock()
        known = typed_code(code[:LONGEST_TYPED])
        about = canonical(known) if known else code[:LONGEST_TYPED]
        for rates, whose in ((self._peers, peer), (self._codes, about), (self._all, "all")):
            if wait_s := rates.wait_s(whose, asked_at):
                raise TooManyLookUps(wait_s)
        is_right = opens(known or "A00-000000-0000", secret[:LONGEST_TYPED], self._key)
        found = await find(spellings(known)) if known and is_right else None
        if found is None:
            await asyncio.sleep(max(0.0, asked_at + self._answered_after_s - self._clock()))
        return found
