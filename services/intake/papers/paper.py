"""A paper as values: what stands on it from the top, before anybody sets it in type."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.intake.papers.slip import Slip
from shared.domain.errors import Refusal


class FormNumber(StrEnum):
    """The forms of Circular 03/2025/TT-VPCP."""

    RECEIPT = "01"
    SUPPLEMENT = "02"
    REFUSAL = "03"
    APOLOGY = "04"
    STOP = "05"
    CONTROL = "06"
    REGISTER = "07"


TITLES = {
    FormNumber.RECEIPT: "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
    FormNumber.SUPPLEMENT: "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
    FormNumber.REFUSAL: "Phiếu từ chối tiếp nhận, giải quyết hồ sơ",
    FormNumber.APOLOGY: "Phiếu xin lỗi và hẹn lại ngày trả kết quả",
    FormNumber.STOP: "Thông báo dừng giải quyết hồ sơ",
    FormNumber.CONTROL: "Phiếu kiểm soát quá trình giải quyết hồ sơ",
    FormNumber.REGISTER: "Sổ theo dõi hồ sơ",
}
FILE_NAMES = {
    FormNumber.RECEIPT: "giay-tiep-nhan",
    FormNumber.SUPPLEMENT: "yeu-cau-bo-sung",
    FormNumber.REFUSAL: "tu-choi",
    FormNumber.APOLOGY: "xin-loi-hen-lai",
    FormNumber.STOP: "dung-giai-quyet",
    FormNumber.CONTROL: "phieu-kiem-soat",
    FormNumber.REGISTER: "so-theo-doi",
}
CIRCULAR = "Thông tư 03/2025/TT-VPCP"


class NoSuchPaper(Refusal):
    """Nothing happened to the dossier that this form tells; `vietnamese` says it to the clerk."""

    code = "no_such_paper"

    def __init__(self, detail: str, vietnamese: str) -> None:
        super().__init__(detail)
        self.vietnamese = vietnamese


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applied, as the encrypted table tells those who may know; what is None is a dotted line."""

    name: str | None = None
    address: str | None = None
    phone: str | None = None
    email: str | None = None


NOBODY = Applicant()


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A fact under its name; a dotted line to write on where there is none."""

    label: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Numbered:
    """A numbered list under its name; dotted lines where nothing is known."""

    label: str
    entries: tuple[str, ...] = ()
    blanks: int = 3


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the form's own."""

    text: str


Block = PaperLine | Numbered | Said


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs, and how."""

    who: str
    how: str = "(Ký, ghi rõ họ tên)"


@dataclass(frozen=True, slots=True)
class Letter:
    """A paper of one page: forms 01-05."""

    form: FormNumber
    code: str
    day: date
    mark: str
    blocks: tuple[Block, ...]
    signatures: tuple[Signature, Signature]
    slip: Slip | None = None


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table: its head, and how much of the width it has."""

    head: str
    width: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper with a table that may run on over pages: forms 06 and 07."""

    form: FormNumber
    about: str
    day: date
    mark: str
    subtitle: str
    facts: tuple[Block, ...]
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    signatures: tuple[Signature, Signature]


APPLICANT_SIGNS = Signature("NGƯỜI NỘP HỒ SƠ")
HEAD_SIGNS = Signature("THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ", "(Ký, ghi rõ họ tên, đóng dấu)")
