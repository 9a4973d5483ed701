"""What a sender may say of an applicant: it goes into intake's encrypted table and nowhere else."""

from typing import Annotated

from msgspec import Meta, Struct

LONGEST_NUMBER, LONGEST_PHONE, LONGEST_PERSON, LONGEST_EMAIL, LONGEST_ADDRESS = 32, 32, 200, 254, 500
BIRTHDAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\n)$"


class ApplicantDetails(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Who applies; at least a number, a phone, an e-mail address or a name. Texts are kept as they are written (NFC).

    The events carry a pseudonym in its place: made from the identity number; without one from the name with the phone,
    the e-mail address, the birthday or the address, the first of them that is given; or from what there is.
    """

    id_number: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST_NUMBER)] | None,
        Meta(description="number of the identity card or passport, or an organisation's", examples=["084180001234"]),
    ] = None
    name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST_PERSON)] | None,
        Meta(description="full name, diacritics kept", examples=["Nguyễn Thị Hoa"]),
    ] = None
    phone: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST_PHONE)] | None,
        Meta(description="phone number", examples=["0912 345 678"]),
    ] = None
    email: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST_EMAIL)] | None,
        Meta(description="e-mail address", examples=["hoa@example.vn"]),
    ] = None
    address: Annotated[
        Annotated[str, Meta(min_length=1, max_length=LONGEST_ADDRESS)] | None,
        Meta(description="postal address", examples=["12 Trần Phú, phường 1, Trà Vinh"]),
    ] = None
    birthday: Annotated[
        Annotated[str, Meta(pattern=BIRTHDAY)] | None,
        Meta(description="day of birth", examples=["1980-01-31"]),
    ] = None
