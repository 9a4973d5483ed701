"""Which query parameters a route takes: a filter that is misspelt and ignored would give figures of something else."""

from collections import Counter
from collections.abc import Awaitable, Callable

from fastapi import Request

from services.reporting.parameters import invalid

FIGURES_ONCE = ("from", "to", "definition")
FIGURES_REPEATED = ("by", "department", "channel", "procedure", "field")
FORM_ONCE = ("from", "to", "by", "format")
LATER = {"as_known_at": "not available yet: figures are as known now; leave it out"}


def only(once: tuple[str, ...], repeated: tuple[str, ...] = ()) -> Callable[[Request], Awaitable[None]]:
    """A dependency that answers 422 to any other parameter, and to a second value where one is taken."""

    async def check(request: Request) -> None:
        given = Counter(name for name, _ in request.query_params.multi_items())
        for name, times in given.items():
            if name not in {*once, *repeated}:
                raise invalid(name, LATER.get(name, f"not a parameter of this address; known: {', '.join((*once, *repeated))}"))
            if times > 1 and name in once:
                raise invalid(name, f"given {times} times; give it once")

    return check
