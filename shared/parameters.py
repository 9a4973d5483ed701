"""Which query parameters a route takes: one that is misspelt and ignored would answer, or do, something else than was meant."""

from collections import Counter
from collections.abc import Awaitable, Callable

from fastapi import Request

from shared.problems import UNPROCESSABLE, Problem


def invalid(parameter: str, detail: str) -> Problem:
    """422 that names the parameter and what to write instead."""
    return Problem(422, UNPROCESSABLE, f"{parameter}: {detail}", parameter=parameter)


def only(once: tuple[str, ...] = (), repeated: tuple[str, ...] = ()) -> Callable[[Request], Awaitable[None]]:
    """A dependency that answers 422 to any other parameter, and to a second value where one is taken."""
    known = (*once, *repeated)
    fix = f"not a parameter of this address; known: {', '.join(known)}" if known else "this address takes no parameters; leave it out"

    async def check(request: Request) -> None:
        given = Counter(name for name, _ in request.query_params.multi_items())
        for name, times in given.items():
            if name not in known:
                raise invalid(name, fix)
            if times > 1 and name in once:
                raise invalid(name, f"given {times} times; give it once")

    return check
