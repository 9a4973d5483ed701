"""Details of an applicant: how they are written, which of them say who it is, and how to find them in a text. Pure."""

import re
import unicodedata
from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from shared.contract.applicants import ApplicantDetails
from shared.domain.texts import legible

_SEPARATORS = re.compile(r"[\s.,\-–_/()+]+")
_BETWEEN = re.compile(r"[\W_]+")
_COUNTRY = re.compile(r"^(?:00)?84(?=[0-9]{8,10}$)")
_WORD = re.compile(r"[^\W_]+")
_MARKS = {ord("đ"): "d", ord("ı"): "i"}
LEAST_WORDS, LEAST_ADDRESS_WORDS = 2, 4
LEAST_DIGITS = 6
LEAST_RUN_TOGETHER = 8
_BY_NAME = ("phone", "email", "birthday", "address")


class KeptDetails(Struct, frozen=True):
    """An applicant's details, and when the receipt happened that gave them: a later one changes them."""

    details: ApplicantDetails
    as_of: float

    def updated(self, details: ApplicantDetails, as_of: float) -> "KeptDetails":
        """With what a later receipt says; what that leaves out stays, and an earlier receipt changes nothing."""
        if as_of < self.as_of:
            return self
        said = {name: value for name, value in asdict(details).items() if value is not None}
        return KeptDetails(replace(self.details, **said), as_of)


def tidied(details: ApplicantDetails) -> ApplicantDetails:
    """The details composed as NFC, with one blank between words and none around; diacritics and case stay."""
    texts = {name: unicodedata.normalize("NFC", " ".join(text.split())) for name, text in _texts(details)}
    return replace(details, **{name: text or None for name, text in texts.items()})


def identity(details: ApplicantDetails) -> str | None:
    """What the pseudonym is made of, so that the same person gets the same one; None when nothing says who it is.

    The identity number alone, when there is one. A phone, an e-mail address and a postal address are shared by
    families, so the name goes with the first of them that is given: a slip must not show another's name, and erasing
    one person must not erase another. A name alone is what a text that says it would be.
    """
    if details.id_number:
        return _compact(details.id_number)
    second = next(((field, getattr(details, field)) for field in _BY_NAME if getattr(details, field)), None)
    if details.name is None:
        return None if second is None or second[0] not in ("phone", "email") else _compared(*second)
    return details.name if second is None else f"{folded(details.name)}|{_compared(*second)}"


def _compared(field: str, text: str) -> str:
    if field == "phone":
        return _national(text)
    return folded(text) if field == "address" else text.casefold()


def folded(text: str) -> str:
    """The words without case, diacritics and punctuation, one blank between them: Nguyễn Văn-ĐẠT is nguyen van dat."""
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(_MARKS)
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(_WORD.findall(plain))


def _compact(text: str) -> str:
    """Without what people put between digits."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def _national(phone: str) -> str:
    """The digits as they are dialled at home: 0912345678 of +84 912 345 678."""
    return _COUNTRY.sub("0", _compact(phone))


class Recogniser:
    """Finds an applicant's own details in texts, however they are spaced, cased and marked."""

    def __init__(self, details: ApplicantDetails) -> None:
        self._name = folded(details.name or "")
        self._run_together = self._name.replace(" ", "")
        address = folded(details.address or "")
        self._address = address if address.count(" ") >= LEAST_ADDRESS_WORDS - 1 else ""
        self._email = (details.email or "").casefold()
        numbers = (("identity number", _compact(details.id_number or "")), ("phone", _national(details.phone or "")))
        self._numbers = [(kind, number) for kind, number in numbers if len(number) >= LEAST_DIGITS]

    def found_in(self, text: str) -> str | None:
        """What of the applicant the text holds, such as `name`; None when nothing."""
        text = legible(text)
        words = f" {folded(text)} "
        if self._name.count(" ") >= LEAST_WORDS - 1 and (
            f" {self._name} " in words
            or (len(self._run_together) >= LEAST_RUN_TOGETHER and self._run_together in words)
        ):
            return "name"
        compact = _BETWEEN.sub("", text).upper()
        for kind, number in self._numbers:
            if number.removeprefix("0") in compact:
                return kind
        if self._email and self._email in "".join(text.split()).casefold():
            return "e-mail address"
        if self._address and f" {self._address} " in words:
            return "address"
        return None


def _texts(details: ApplicantDetails) -> Iterable[tuple[str, str]]:
    return ((name, text) for name, text in asdict(details).items() if text is not None)


def texts_of(details: ApplicantDetails) -> tuple[tuple[str, str], ...]:
    """Each field that is given, with its text."""
    return tuple(_texts(details))


encode_details = msgspec.json.Encoder().encode
decode_details = msgspec.json.Decoder(ApplicantDetails, strict=True).decode
