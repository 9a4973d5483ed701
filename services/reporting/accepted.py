"""Which query parameters a route takes: a filter that is misspelt and ignored would give figures of something else."""

from collections import Counter
from collections.abc import Awaitable, Callable

from fastapi import Request

from services.reporting.parameters import invalid

FIGURES_ONCE = ("from", "to", "period", "as_of", "definition", "as_known_at", "tokens")
FIGURES_REPEATED = ("by", "department", "channel", "procedure", "field")
FORM_ONCE = ("from", "to", "period", "as_of", "definition", "as_known_at", "by", "format")
LIST_ONCE = ("limit", "cursor")
CHANGES_ONCE = ("from", "to", "period", "as_of", "definition", "as_known_at", "until_known_at", *LIST_ONCE)
DEFINITIONS_ONCE = ("from", "to", "period", "as_of", "as_known_at", *LIST_ONCE)
FILTERS_REPEATED = ("department", "channel", "procedure", "field")


def only(once: tuple[str, ...], repeated: tuple[str, ...] = ()) -> Callable[[Request], Awaitable[None]]:
    """A dependency that answers 422 to any other parameter, and to a second value where one is taken."""

    async def check(request: Request) -> None:
        given = Counter(name for name, _ in request.query_params.multi_items())
        for name, times in given.items():
            if name not in {*once, *repeated}:
                raise invalid(name, f"not a parameter of this address; known: {', '.join((*once, *repeated))}")
            if times > 1 and name in once:
                raise invalid(name, f"given {times} times; give it once")

    return check
