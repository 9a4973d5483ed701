"""What a browser remembers of its counter, in a cookie without personal data: presets, and the codes received last."""

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from fastapi import Request
from starlette.responses import Response

from shared.domain.texts import DOSSIER_CODE
from shared.pages.look import A_YEAR_S
from shared.pages.site import Pages

COOKIE = "motcua_counter"
MOST_CODES = 10
PRESETS = ("department", "channel", "online_level", "received_by")
_SAFE = re.compile(r"[\w.]{0,32}", re.ASCII)
_is_code = re.compile(DOSSIER_CODE).fullmatch


@dataclass(frozen=True, slots=True)
class Memory:
    """Presets by field, and codes, the latest first."""

    preset: dict[str, str]
    received: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: Request) -> "Memory":
        """What the browser says; what it can't have got from here is left out."""
        parts = unquote(request.cookies.get(COOKIE, "")).split("|")
        values = [*parts[: len(PRESETS)], *[""] * len(PRESETS)]
        preset = {name: value for name, value in zip(PRESETS, values, strict=False) if _SAFE.fullmatch(value)}
        received = tuple(code for code in parts[len(PRESETS) :][:MOST_CODES] if _is_code(code))
        return cls({"channel": "in_person"} | {name: value for name, value in preset.items() if value}, received)

    def received_also(self, code: str, typed: dict[str, str]) -> "Memory":
        """With one more dossier, and the presets as its form had them."""
        codes = (code, *(each for each in self.received if each != code))
        return replace(self, preset={name: typed[name] for name in PRESETS}, received=codes[:MOST_CODES])

    def keep(self, pages: Pages, request: Request, answer: Response) -> None:
        """Let the browser remember it."""
        value = "|".join([*(self.preset.get(name, "") for name in PRESETS), *self.received])
        sessions = pages.access.sessions
        secure = sessions is not None and sessions.is_https(request)
        answer.set_cookie(COOKIE, quote(value), max_age=A_YEAR_S, secure=secure, httponly=True, samesite="strict")
