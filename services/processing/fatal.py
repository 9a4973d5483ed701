"""Ending the process without committing: what a bug or an unusable broker must do, for the uncommitted batch is then replayed."""

import functools
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

import structlog

EXIT_CODE = 70  # EX_SOFTWARE
log = structlog.get_logger()
F = TypeVar("F", bound=Callable[..., Any])


def end_process(error: BaseException) -> NoReturn:
    """Log and leave at once: no commit, no clean-up that could acknowledge what was not done."""
    log.critical("worker_stops", error=repr(error), exc_info=error)
    sys.stderr.flush()
    os._exit(EXIT_CODE)


def stops_the_worker(function: F) -> F:
    """An exception that leaves the function ends the process; Faust would log it and go on (or lose the event)."""

    @functools.wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return await function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch must be replayed
            end_process(error)

    @functools.wraps(function)
    def guarded_sync(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch must be replayed
            end_process(error)

    return cast("F", guarded if inspect.iscoroutinefunction(function) else guarded_sync)
