"""What our fonts can print: other letters are made readable where they have a plain form, or marked as □.

A paper that the law asks for comes whatever a name is written in. The library refuses a page with a letter that it has
no picture of, so it is looked up in the fonts' own tables first.
"""

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

from shared.domain.texts import seen
from shared.language.languages import Language

FONTS = Path(__file__).parent / "fonts"
"""Liberation Serif, set as Times New Roman is: a server has no fonts, and typst's own lack Vietnamese letters."""
MARK = "□"
FOOTER = "footer"
_SAID = {
    Language.VIETNAMESE.value: f"{MARK}: chữ không có trong phông chữ in",
    Language.ENGLISH.value: f"{MARK}: a letter that the font of this paper lacks",
}
_LAYOUT = "\n\t"
_NO_LETTERS = ("Cc", "Cf", "Co", "Cs", "Cn")  # the kept form of PDF takes none of these, whatever a font has
_MARKS = ("Mn", "Mc", "Me")


def printable(text: str) -> str:
    """The text as our fonts print it: without what nobody sees, in plain letters where it has some, else marked."""
    if text.isascii() and text.isprintable():
        return text
    visible = unicodedata.normalize("NFC", seen(text))
    if _prints(visible):
        return visible
    made: list[str] = []
    for letter in visible:
        plain = letter if _prints(letter) else unicodedata.normalize("NFKD", letter)
        if _prints(plain):
            made.append(plain)
        elif unicodedata.category(letter) not in ("Cc", "Cf") and not (
            unicodedata.category(letter) in _MARKS and made[-1:] == [MARK]
        ):
            made.append(MARK)
    return "".join(made)


def printable_values(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a paper with every text printable; its footer says so where a letter was marked."""
    marked = False

    def made(value: Any) -> Any:
        nonlocal marked
        if isinstance(value, str):
            text = printable(value)
            marked = marked or text.count(MARK) > value.count(MARK)
            return text
        if isinstance(value, dict):
            return {name: made(each) for name, each in value.items()}
        return [made(each) for each in value] if isinstance(value, list | tuple) else value

    done: dict[str, Any] = made(values)
    if marked and FOOTER in done:
        done[FOOTER] = f"{done[FOOTER]} · {_SAID[done['language']]}"
    return done


def _prints(text: str) -> bool:
    return _letters().issuperset(text)


@cache
def _letters() -> frozenset[str]:
    """The letters that each of the fonts has."""
    common = set.intersection(*map(_codes, FONTS.glob("*.ttf")))
    letters = map(chr, common)
    return frozenset(letter for letter in letters if unicodedata.category(letter) not in _NO_LETTERS) | set(_LAYOUT)


def _codes(font: Path) -> set[int]:
    with TTFont(font, lazy=True) as opened:
        return set(opened.getBestCmap())
