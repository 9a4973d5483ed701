"""How codes and names are written; what a text may not hold: hidden characters, and who a person is (domain §1, §8)."""

import re
import unicodedata
from urllib.parse import unquote

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
    r"(?:[A-Z]\d{2}(?:\.\d{1,3})*|\d{3}(?:\.\d{1,3}){2}\.[A-Z]\d{2})-\d{6}-(?P<serial>\d{4,})"
    r"|\d{3}(?:\.\d{1,3}){2}\.[A-Z]\d{2}"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b\d{1,2}(?P<mark>[/.\-])\d{1,2}(?P=mark)\d{4}\b|\b\d{4}-\d{2}-\d{2}\b"
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
_MAIL = re.compile(
    r"[^\s@<>()\",;:]@[^\s@.]+(?:\.[^\s@.]+)+"
    r"|[A-Za-z0-9._%+\-]\s{0,2}@\s{0,2}[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,10}(?!\w)"
)
# the same numbers whatever stands between their digits or groups; a blank behind a comma or semicolon is a list's
_ANY_GAP = r"(?:[^\w,;]{1,3}|[_;])"
_SPREAD_PHONE = re.compile(
    rf"(?<![\w.,])(?:0|84{_ANY_GAP}?){_ANY_GAP}?[35789](?:{_ANY_GAP}?\d){{8}}(?!{_ANY_GAP}?\d|\w)"
)
_SPREAD_IDENTITY = re.compile(
    rf"(?<![\w.,])(?:0\d\d(?:{_ANY_GAP}\d{{3}}){{3}}|0\d{{3}}(?:{_ANY_GAP}\d{{4}}){{2}}|0\d{{5}}{_ANY_GAP}\d{{6}}"
    rf"|0\d\d{_ANY_GAP}\d{{9}}|0(?:{_ANY_GAP}\d){{11}})(?!{_ANY_GAP}?\d|\w)"
    r"|(?<![\d.,])0\d{11}(?!\d)"
)
_NINE_DIGITS = re.compile(r"\d(?:\D*+\d){8}")  # what any of these numbers has, whatever nobody sees within it
_NEAR_DIGITS = re.compile(r"\d(?:\D{0,4}+\d){8}")
# an identity number: of a province or city, sex and century of birth (0-3 for those who live), year of birth
_PROVINCES = (
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 042 "
    "044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 086 087 "
    "089 091 092 093 094 095 096"
)
_IS_IDENTITY = re.compile(rf"(?:{_PROVINCES.replace(' ', '|')})(?:[01]\d|[23][0-2])\d{{7}}")
_IS_MOBILE = re.compile(r"0(?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9\d)\d{7}")
_LONGEST_COMMON_SERIAL = 9
_DIGITS_OF_IDENTITY = 10  # those of Hà Nội begin with two zeros
_ROUND = 1000
_NO_DIGIT = re.compile(r"\D")
PHONE, IDENTITY = "a phone number", "an identity number"
_OF_MONEY = "amount vnd phi tien gia thue fee price total tong cost value sum"
_MONEY = frozenset(_OF_MONEY.split())

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
    if not _NINE_DIGITS.search(text) and not ("@" in text or "＠" in text or "%40" in text):
        return None
    text = legible(text)
    if "@" not in text and not _NEAR_DIGITS.search(text):
        return None
    plain = _NOBODYS.sub(_serial_of_a_person, text)
    if _PHONE.search(plain) or any(_IS_MOBILE.fullmatch(_dialled(found)) for found in _SPREAD_PHONE.findall(plain)):
        return PHONE
    if _IDENTITY.search(plain) or any(
        _IS_IDENTITY.fullmatch(_NO_DIGIT.sub("", found)) for found in _SPREAD_IDENTITY.findall(plain)
    ):
        return IDENTITY
    return "an e-mail address" if "@" in plain and _MAIL.search(plain) else None


def legible(text: str) -> str:
    """The text as a reader takes it in: without what nobody sees, in plain letters and digits, `%20` a blank."""
    if "%" in text:
        text = unquote(text)
    return text if text.isascii() else unicodedata.normalize("NFKC", seen(text))


def personal_number(key: str, number: float) -> str | None:
    """Whether a JSON number is a phone or identity number, whose first 0 it can't write; None for amounts: round ones,
    and those whose key says so."""
    if number != number // 1 or number % _ROUND == 0 or not _MONEY.isdisjoint(key.split("_")):
        return None
    digits = str(abs(int(number)))
    if _IS_MOBILE.fullmatch(_dialled(digits)) or _IS_MOBILE.fullmatch(f"0{digits}"):
        return PHONE
    return IDENTITY if len(digits) >= _DIGITS_OF_IDENTITY and _IS_IDENTITY.fullmatch(digits.zfill(12)) else None


def personal_serial(code: str) -> str | None:
    """Whether a dossier's code ends in a phone or identity number."""
    serial = code.rpartition("-")[2]
    if len(serial) <= _LONGEST_COMMON_SERIAL:
        return None
    if _IS_MOBILE.fullmatch(serial):
        return PHONE
    return IDENTITY if _IS_IDENTITY.fullmatch(serial) else None


def _serial_of_a_person(found: re.Match[str]) -> str:
    """A blank for what is nobody's; a serial that is somebody's number stays."""
    serial = found["serial"]
    return f" {serial} " if serial and personal_serial(serial) else " "


def _dialled(written: str) -> str:
    """The digits as they are dialled at home."""
    digits = _NO_DIGIT.sub("", written)
    return f"0{digits[2:]}" if digits.startswith("84") else digits


def names_a_person(key: str) -> bool:
    """Whether a key such as `phone`, `full_name` or `ho_ten_nguoi_nop` says that its value is about a person."""
    if key in _PERSONAL_NAMES or key in _RUN_TOGETHER or not _PERSONAL_WORDS.isdisjoint(key.split("_")):
        return True
    return any(f"_{name}_" in f"_{key}_" for name in _OF_SEVERAL_WORDS)
