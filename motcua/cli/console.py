"""Where commands write: results on stdout, everything about them on stderr."""

from rich.console import Console

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)
