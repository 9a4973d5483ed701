"""How codes and names are written; what a text may not hold: hidden characters, and who a person is (domain §1, §8)."""

import re
import unicodedata

# [0-9] because Python's \d takes the digits of any script
_UNIT = (
    r"([A-Z][0-9]{2}(\.[0-9]{1,3})*|[0-9]{3}(\.[0-9]{1,3}){2}\.[A-Z][0-9]{2})"  # H59.18, and the older 000.00.18.H59
)
DOSSIER_CODE = rf"^{_UNIT}-[0-9]{{6}}-[0-9]{{4,}}$"
DEPARTMENT_CODE = rf"^{_UNIT}$"
PROCEDURE_CODE = r"^[0-9]\.[0-9]{6}$"


def exactly(pattern: str) -> str:
    """The pattern without Python's leniency: its `$` forgives a final line feed, and a code would have a twin."""
    return pattern.removesuffix("$") + r"(?!\n)$"


def compared(name: str) -> str:
    """The form in which two names are the same: NFC, one blank between words, none around;
    case and diacritics tell names apart.

    What is stored stays as it was sent.
    """
    return unicodedata.normalize("NFC", " ".join(name.split()))


def same_name(one: str | None, other: str | None) -> bool:
    """Whether two names, or two absent ones, are the same."""
    if one is None or other is None:
        return one is other
    return one == other or compared(one) == compared(other)


def canonical_unit(code: str) -> str:
    """The code of Decision 20/2020 for a unit: `H59.18` of the older `000.00.18.H59`, which is read from the right.

    Levels of zeros name no unit below. Any other code stays as it is.
    """
    if code[:1].isalpha():
        return code
    levels = code.split(".")[::-1]
    while len(levels) > 1 and not levels[-1].strip("0"):
        levels.pop()
    return ".".join(levels)


_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LAYOUT = re.compile("\r\n|[\n\t]")
# what Unicode lets a reader pass over (Default_Ignorable_Code_Point, which Python does not know), the blank of Braille
# and the annotations: nobody sees them, and a search that does not know them finds nothing
_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

_CURRENCY = r"(?!\s*(?:đ|vn[dđ]|triệu|tỷ|tỉ|d\b))"
_GAP = r"[\s.\-–()]{0,2}"
# whatever holds long numbers and is no person's:
# codes and numbers of dossiers, dates, times, numbered papers such as 15/2020/NĐ-CP
_NOBODYS = re.compile(
    r"[A-Z]\d{2}(?:\.\d{1,3})*-\d{6}-\d{4,}|\d{3}(?:\.\d{1,3}){2}\.[A-Z]\d{2}(?:-\d{6}-\d{4,})?"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b\d{1,2}([/.\-])\d{1,2}\1\d{4}\b|\b\d{4}-\d{2}-\d{2}\b"
    r"|\b\d{1,2}(?::|h|giờ\s?)\d{2}(?::\d{2}(?:\.\d+)?)?\b"
    r"|\b\d+(?:/\d+)*/[A-ZĐ][\w\-]*",
    re.IGNORECASE,
)
_PHONE = re.compile(
    rf"(?<![\w.,/])\(?0[1-9](?:{_GAP}\d){{8,9}}(?!{_GAP}\d)(?!\w)"
    rf"|(?<![\w+])\(?(?:\+|00){_GAP}84{_GAP}(?:\(0\))?{_GAP}\d(?:{_GAP}\d){{7,9}}(?!{_GAP}\d)"
    r"|(?<![\w.,/])84[35789]\d{8}(?!\w)"
)
_IDENTITY = re.compile(
    rf"(?<![\w.,/\-])\d{{9}}(?:\d{{3}})?(?!\w|/|[.,\-]\d){_CURRENCY}"
    r"|(?<![\w.,/\-])0\d{2}(?:[ .\-]\d{3}){3}(?!\w|[ .\-]\d)",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[^\s@<>()\",;:]+@[^\s@.]+(?:\.[^\s@.]+)+")
_NINE_DIGITS = re.compile(r"\d(?:\D{0,4}+\d){8}")  # what any of these numbers has

_WORDS = (
    "applicant citizen phone telephone tel mobile zalo email mail cccd cmnd cmt passport address birthday birthdate "
    "dob sdt hoten"
)
_NAMES = (
    "name full_name first_name last_name middle_name family_name given_name person_name owner_name contact_name "
    "ho_ten ho_va_ten ten_nguoi_nop dia_chi dien_thoai so_dien_thoai ngay_sinh id_number id_card identity "
    "identity_number national_id date_of_birth can_cuoc ho_chieu"
)
_PERSONAL_WORDS, _PERSONAL_NAMES = frozenset(_WORDS.split()), frozenset(_NAMES.split())
_OF_SEVERAL_WORDS = tuple(name for name in _NAMES.split() if "_" in name)
_RUN_TOGETHER = _PERSONAL_WORDS | {name.replace("_", "") for name in _PERSONAL_NAMES}


def hidden_character(text: str, *, layout: bool = False) -> str | None:
    """The first control character, turn of direction or half character, as `U+0007`;
    `layout` allows line feeds and tabs."""
    if text.isprintable():
        return None
    found = _HIDDEN.search(_LAYOUT.sub(" ", text) if layout else text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def seen(text: str) -> str:
    """The text without the characters that nobody sees; what is left is blank when there is nothing to see."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def personal(text: str) -> str | None:
    """What in the text tells who a person is: a phone number, an identity number, an e-mail address;
    None when nothing does."""
    if not _NINE_DIGITS.search(text) and "@" not in text and "＠" not in text:
        return None
    plain = _NOBODYS.sub(" ", unicodedata.normalize("NFKC", text))
    if _PHONE.search(plain):
        return "a phone number"
    if _IDENTITY.search(plain):
        return "an identity number"
    return "an e-mail address" if _MAIL.search(plain) else None


def names_a_person(key: str) -> bool:
    """Whether a key such as `phone`, `full_name` or `ho_ten_nguoi_nop` says that its value is about a person."""
    if key in _PERSONAL_NAMES or key in _RUN_TOGETHER or not _PERSONAL_WORDS.isdisjoint(key.split("_")):
        return True
    return any(f"_{name}_" in f"_{key}_" for name in _OF_SEVERAL_WORDS)
