"""`motcua check`: what in a report made by hand cannot be true, which cell would repair it, what is unknown."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.failure import Failure
from motcua.terminal.console import wrapped

if TYPE_CHECKING:
    from shared.contract.http.checks import CheckAnswer
    from shared.language.languages import Language

FOUND = 1
HEADINGS = {  # Vietnamese first
    "findings": ("Không thể đúng, hoặc không đọc được", "Cannot be true, or can't be read"),
    "repairs": ("Sửa ở đâu", "What would repair it"),
    "unchecked": ("Không kiểm tra được", "Not checked"),
    "remarks": ("Đã đọc như thế nào", "How it was read"),
    "holding": ("Đã kiểm tra và khớp", "Checked, and it holds"),
}


class CheckLanguage(StrEnum):
    VIETNAMESE = "vi"
    ENGLISH = "en"


class CheckFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def check(
    *,
    file: Annotated[
        Path, typer.Argument(help="A table of form II.06a: XLSX or CSV; TOML or JSON by keys.", metavar="FILE")
    ],
    lang: Annotated[
        CheckLanguage | None, typer.Option(help="Language of the answer [default: the terminal's, else en].")
    ] = None,
    shape: Annotated[CheckFormat, typer.Option("--format", help="How to print the answer.")] = CheckFormat.TEXT,
) -> None:
    """Check a hand-made report for what cannot be true.

    Says which sums of the form fail and by how much, which single cell would repair them, which percentage is wrong and
    of what it would be right, and what could not be checked and why. Columns are known by the form's numbers or
    headings, or by the keys of the figures (received_total, ...).

    Exit code: 0 nothing found, 1 something cannot be true or cannot be read, 2 the file is no report.
    """
    from shared.language.languages import Language, of_terminal

    language = of_terminal() if lang is None else Language(lang.value)
    answer = _answer(file, language)
    if shape is CheckFormat.JSON:
        from msgspec.json import encode, format  # noqa: A004 - msgspec's name for it

        print(format(encode(answer)).decode())
    else:
        _print(file, answer, language)
    if not answer.good:
        raise typer.Exit(FOUND)


def _answer(file: Path, language: "Language") -> "CheckAnswer":
    """Raises Failure when the file can't be read as a report."""
    from shared.checking.failures import UnreadableTable
    from shared.checking.reading import MOST_BYTES, OF_SUFFIX
    from shared.checking.report import check_bytes
    from shared.checking.say import said, why_unreadable

    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        return said(check_bytes(content, OF_SUFFIX.get(file.suffix.lower())), language)
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror or error}") from error
    except UnreadableTable as unreadable:
        raise Failure(why_unreadable(unreadable, language, str(file))) from unreadable


def _print(file: Path, answer: "CheckAnswer", language: "Language") -> None:
    from shared.language.words import in_language

    sheet = f" [{', '.join(answer.sheets)}]" if answer.sheets else ""
    print(wrapped(f"{file}{sheet}: {answer.summary}"))
    for name, heading in HEADINGS.items():
        sentences = [each.sentence for each in getattr(answer, name)]
        if not sentences:
            continue
        print(f"\n{in_language(heading, language)}")
        for place, sentence in enumerate([" · ".join(sentences)] if name == "holding" else sentences, start=1):
            mark = f"{place:>3}. " if name == "findings" else "   - " if name != "holding" else "     "
            print(wrapped(mark + sentence, len(mark)))
