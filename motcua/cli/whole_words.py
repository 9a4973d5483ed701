"""Help texts whose names stay whole: tra-vinh-2023, half-day/1 and --as-known-at are not broken at their hyphens."""

from collections.abc import Sequence

from typer.core import TyperGroup

_KEPT = "\u2011"  # a hyphen at which no line is broken
_Context = TyperGroup.context_class


class WholeWords(_Context.formatter_class):  # type: ignore[name-defined,misc]  # Typer's formatter has no public name
    def write_text(self, text: str) -> None:
        super().write_text(text.replace("-", _KEPT))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(first, second.replace("-", _KEPT)) for first, second in rows], col_max, col_spacing)

    def write(self, string: str) -> None:
        super().write(string.replace(_KEPT, "-"))


def keep_words_whole() -> None:
    """For every command's help from now on."""
    _Context.formatter_class = WholeWords
