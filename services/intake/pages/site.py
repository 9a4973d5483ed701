"""What the counter's pages are made of, and the failures that have words of their own."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

from fastapi import Request
from starlette.responses import Response

from services.intake.accepting.committer import CannotBeStored, LogRefuses, StoreUnavailable
from services.intake.http.service import Intake, failed
from services.intake.log.history import LogDisagrees
from services.intake.pages.choices import Choices
from services.intake.pages.lists import Lists
from services.intake.pages.texts import TEXTS
from shared.access.roles import Permission
from shared.pages.look import Look
from shared.pages.site import Pages
from shared.service.access import Caller
from shared.service.problems import Problem
from shared.service.turns import Rates

SEARCHES_AT_ONCE, SEARCHES_PER_S = 20, 0.2
"""Of one caller, for dossiers of a person: 20 in a row, then 12 a minute."""
LOOK = Look(
    Path(__file__).parent,
    TEXTS,
    [("/", "receive"), ("/today", "today"), ("/find", "find")],
    back="back",
    styles=["counter.css"],
    scripts=["unsent.js", "counter.js"],
)


@dataclass(frozen=True, kw_only=True)
class Counter(Pages):
    """The pages, wired once; intake itself stands in the application's state as long as it runs."""

    unsent_secret: bytes
    choices: Choices = field(default_factory=Choices)
    lists: Lists = field(default_factory=Lists)
    searches: Rates = field(default_factory=lambda: Rates(SEARCHES_PER_S, SEARCHES_AT_ONCE))

    permission: ClassVar[Permission] = Permission.READ_DOSSIERS
    said_of_problems: ClassVar[Mapping[str, str]] = {
        **Pages.said_of_problems,
        "unknown_dossier": "no_dossier",
        "unavailable": "away",
        "log_behind_topic": "log_behind_topic",
        "log_disagrees": "log_disagrees",
    }

    def of_every_page(self, request: Request) -> Mapping[str, Any]:
        """The key under which this reader's browser keeps what it could not send: another reader's is another one."""
        reader = getattr(request.state, "principal", None)
        if reader is None:
            return {"seal": ""}
        return {"seal": b64encode(hmac.digest(self.unsent_secret, reader.id.encode(), hashlib.sha256)).decode()}

    def failure(self, request: Request, error: Exception) -> Response | None:
        """The page that says what failed; None for a bug."""
        if isinstance(error, StoreUnavailable | LogRefuses | CannotBeStored | LogDisagrees):
            return super().failure(request, failed(error))
        return super().failure(request, error)

    def posting(self, request: Request) -> Caller:
        """The caller as one who may post events; raises the `Problem` 403 of one who may read only."""
        return self.permitted(request, request.state.principal, Permission.POST_EVENTS)


def intake_of(request: Request) -> Intake:
    """The running service."""
    return cast("Intake", request.app.state.intake)


def caller_of(request: Request) -> Caller:
    """Who the page is for, and the dossiers that they may see."""
    return cast("Caller", request.state.caller)


def outside(request: Request, department: str) -> Problem:
    """The refusal of what lies outside the caller's scope."""
    principal, scope = caller_of(request).principal, caller_of(request).scope
    return Problem(
        403,
        "Forbidden",
        f"department {department} is outside of what {principal.name} may see ({scope}); ask for a key that covers it",
        vietnamese=f"cơ quan {department} ngoài phạm vi của {principal.name} ({scope}); hãy xin khóa có phạm vi này",
    )
