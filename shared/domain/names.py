"""Names compared as people read them: one spelling of letters and marks, and blanks that don't count."""

import unicodedata


def compared(name: str) -> str:
    """The form in which two names are the same: NFC, one blank between words, none around; case and diacritics tell names apart.

    What is stored stays as it was sent.
    """
    return unicodedata.normalize("NFC", " ".join(name.split()))


def same_name(one: str | None, other: str | None) -> bool:
    """Whether two names, or two absent ones, are the same."""
    if one is None or other is None:
        return one is other
    return one == other or compared(one) == compared(other)
