"""A stack in the foreground of a terminal: until Ctrl-C, SIGTERM or a failure."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from motcua.failure import Failure
from motcua.stack.crew import Interrupted, first_of
from motcua.stack.stack import Stack

Work = Callable[[Stack], Awaitable[None]]


def run_up(data_dir: Path, port_base: int) -> int:
    """`motcua up`: one line on stdout when ready; the exit code."""
    return run_in_foreground(lambda: Stack(data_dir, port_base), _print_ready_line)


def run_in_foreground(make_stack: Callable[[], Stack], when_ready: Work) -> int:
    """Start a stack, do the work, stay until SIGINT or SIGTERM, stop; 0, or 1 when a part keeps dying or the stack cannot start."""
    return asyncio.run(_foreground(make_stack, when_ready))


async def _foreground(make_stack: Callable[[], Stack], when_ready: Work) -> int:
    stack, stop = make_stack(), asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            stack.hurry.set()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    try:
        await first_of(_run(stack, when_ready), stop.wait())
    except Interrupted:
        stack.say("stopping (once more to hurry)")
    except Failure as failure:
        stack.say(f"motcua: {failure}")
        return failure.exit_code
    finally:
        await stack.stop()
    return 0


async def _run(stack: Stack, when_ready: Work) -> None:
    await stack.start()
    await first_of(_then_stay(stack, when_ready), stack.failure())


async def _then_stay(stack: Stack, when_ready: Work) -> None:
    await when_ready(stack)
    await asyncio.Event().wait()


async def _print_ready_line(stack: Stack) -> None:
    print(stack.endpoints.ready_line, flush=True)
