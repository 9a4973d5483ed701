"""A failure that a person can act on: one sentence on what is wrong and what to do, no traceback."""


class Failure(Exception):
    """Ends a command with its message on stderr; `exit_code` 2 means that the command could not do its work."""

    exit_code = 2
