"""The order of Vietnamese words in a dictionary: Bảo before Bưu, Đất after Dân and before Y.

Letters first (ă and â after a, đ after d, ê after e, ô and ơ after o, ư after u), then tones (ngang, huyền, hỏi, ngã,
sắc, nặng). The Unicode default puts none of them so, and ICU's rules for it come with no wheel.
"""

import unicodedata

_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER = {letter: f"{place:02}" for place, letter in enumerate(_LETTERS)}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}  # huyền, hỏi, ngã, sắc, nặng


def vietnamese_order(text: str) -> tuple[list[tuple[int, str]], list[int], str]:
    """A key to sort by: signs and digits before letters, letters by the alphabet, then tones, then the text itself."""
    letters: list[tuple[int, str]] = []
    tones: list[int] = []
    for sign in unicodedata.normalize("NFC", text).casefold():
        decomposed = unicodedata.normalize("NFD", sign)
        marks = decomposed[1:]
        base = unicodedata.normalize("NFC", decomposed[0] + "".join(mark for mark in marks if mark not in _TONES))
        letters.append((1, _LETTER[base]) if base in _LETTER else (0 if not base.isalpha() else 2, base))
        tones.append(max((_TONES.get(mark, 0) for mark in marks), default=0))
    return letters, tones, text
