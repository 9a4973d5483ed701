"""Papers made of a history by hand, and read back: their text, their pages, their size, their QR code."""

import io
import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pypdfium2
import zxingcpp
from pypdf import PdfReader

from services.intake.log.history import HistoryEntry, history
from services.intake.papers.control import control_slip
from services.intake.papers.letters import letter
from services.intake.papers.paper import NOBODY, Applicant, FormNumber, Letter, Sheet
from services.intake.papers.print import printed
from shared.papers.heading import Heading
from tests.builders.events import Dated
from tests.builders.wire import cloud_event as envelope_of
from tests.intake.explained import NOW, SHIPPED, Office
from tests.intake.sending import CODE

KEY = b"a key of slips, for tests"
OFFICE = Heading("Ủy ban nhân dân tỉnh Trà Vinh", "Trung tâm Phục vụ hành chính công", "Trà Vinh")
PUBLIC_URL = "https://motcua.example.vn"
A4, A5 = (595, 842), (420, 595)  # points
DOTTED_LINE = re.compile(r"(?<!\d)(\. ?){4,}")
PRINTER_DPI, POINTS = 300, 72


def history_of(*events: dict[str, Any]) -> list[HistoryEntry]:
    """What intake logs of the events."""
    return history(CODE, Office().takes(*events).log)


def logged(events: Sequence[Dated]) -> list[HistoryEntry]:
    """The history of events that the domain took."""
    lines = []
    for number, (event, at) in enumerate(events, start=1):
        data, time = msgspec.to_builtins(event), at.isoformat()
        envelope = envelope_of(event.kind, id=f"e-{number}", time=time, recordedtime=time, sequence=number, data=data)
        lines.append((msgspec.json.encode(envelope), ""))
    return history(CODE, lines)


def paper(
    form: FormNumber, entries: Sequence[HistoryEntry], applicant: Applicant = NOBODY, number: int | None = None
) -> Letter | Sheet:
    if form is FormNumber.CONTROL:
        return control_slip(entries, SHIPPED, NOW)
    return letter(form, entries, lambda _: SHIPPED, key=KEY, applicant=applicant, number=number)


def pdf_of(made: Letter | Sheet, public_url: str | None = PUBLIC_URL) -> bytes:
    return printed(made, OFFICE, NOW, public_url)


def text_of(pdf: bytes) -> str:
    """All that stands on the pages, one blank between words; a dotted line is four dots."""
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
    return DOTTED_LINE.sub("....", text)


def sizes_of(pdf: bytes) -> list[tuple[int, int]]:
    """Of each page, in points."""
    boxes = (page.mediabox for page in PdfReader(io.BytesIO(pdf)).pages)
    return [(round(box.width), round(box.height)) for box in boxes]


def qr_codes_of(pdf: bytes, dpi: int = PRINTER_DPI) -> list[str]:
    """What a reader finds on the first page as a printer puts it there."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=dpi / POINTS, grayscale=True)
    width, stride, pixels = picture.width, picture.stride, bytes(picture.buffer)
    rows = b"".join(pixels[row * stride : row * stride + width] for row in range(picture.height))
    return [found.text for found in zxingcpp.read_barcodes(memoryview(rows).cast("B", (picture.height, width)))]
