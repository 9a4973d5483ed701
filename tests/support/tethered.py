"""Commands that end with the test run, even with one that is killed."""

import os
import sys
from pathlib import Path

from motcua.stack.child import TETHER


def tethered(*command: str | Path) -> list[str]:
    """The command, to be started from a thread that outlives it."""
    return [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *map(str, command)]
