"""The local stack: broker and services as children of one runner."""

from motcua.stack.errors import DataDirInUse, Ended, PortInUse, StackFailure
from motcua.stack.foreground import run_in_foreground, run_up
from motcua.stack.stack import Endpoints, Stack

__all__ = ["DataDirInUse", "Ended", "Endpoints", "PortInUse", "Stack", "StackFailure", "run_in_foreground", "run_up"]
