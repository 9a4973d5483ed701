"""Runs a command that the kernel kills when the process that asked for it dies: nothing is left behind a killed runner.

Called as a script, by path: `python -I -S tether.py PARENT_PID COMMAND…`. It becomes the command, which keeps its
process id.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for the signal, make sure the parent did not die meanwhile, become the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != int(parent):
        sys.exit("the process that started this one is gone")
    os.execvp(command[0], command)  # noqa: S606 - the command comes from our own runner, and no shell is wanted


if __name__ == "__main__":
    main()
