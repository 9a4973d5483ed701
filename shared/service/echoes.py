"""What was sent, said back: shortened, and with nothing in it that acts on a reader's screen."""

import re

LONGEST_ECHO = 80
_MARK = "…"
_QUOTED = re.compile(r"""(['"`])((?:\\.|(?!\1)[^\\])*)\1""", re.DOTALL)


def shortened(text: str, most_characters: int) -> str:
    """At most so many characters and twice as many bytes: what stands in quotes is cut first, then the middle;
    the fix at the end stays."""
    if len(text) > 4 * most_characters:
        text = _without_middle(text, 4 * most_characters)
    if not text.isprintable():
        text = "".join(character if character.isprintable() else _escaped(character) for character in text)
    if len(text) > LONGEST_ECHO:
        text = _QUOTED.sub(_short_quote, text)
    text = _without_middle(text, most_characters)
    while len(text.encode()) > 2 * most_characters:
        text = _without_middle(text, len(text) * 3 // 4)
    return text


def _short_quote(quote: re.Match[str]) -> str:
    mark, value = quote.groups()
    return quote[0] if len(value) <= LONGEST_ECHO else mark + value[: LONGEST_ECHO - 1] + _MARK + mark


def _without_middle(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    head = most // 2
    return text[:head] + _MARK + text[len(text) - (most - head - 1) :]


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode()
