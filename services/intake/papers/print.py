"""A paper as a page to print (PDF), from the templates of letters and of sheets; texts go in as data."""

from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import segno

from services.intake.papers.naming import VIETNAMESE
from services.intake.papers.paper import (
    CIRCULAR,
    FILE_NAMES,
    TITLES,
    Block,
    Letter,
    Numbered,
    PaperLine,
    Sheet,
    Signature,
)
from services.intake.papers.slip import LOOK_UP, Slip
from shared.language.papers import COUNTRY, MOTTO, PAGE
from shared.language.words import in_language
from shared.papers.heading import Heading
from shared.papers.typesetting import LETTER, typeset

SHEET = Path(__file__).with_name("sheet.typ")
QR_ERROR_CORRECTION = "m"


def printed(paper: Letter | Sheet, heading: Heading, made_at: datetime, public_url: str | None = None) -> bytes:
    """The page; the same paper under the same heading is the same bytes."""
    if isinstance(paper, Letter):
        return typeset(LETTER, _letter(paper, heading, public_url), made_at)
    return typeset(SHEET, _sheet(paper, heading), made_at)


def file_name(paper: Letter | Sheet) -> str:
    """`01-giay-tiep-nhan-H59.15-231208-0001.pdf`: what a clerk finds again in a folder."""
    about = paper.code if isinstance(paper, Letter) else paper.about
    return f"{paper.form}-{FILE_NAMES[paper.form]}-{about}.pdf"


def _frame(paper: Letter | Sheet, heading: Heading, about: str) -> dict[str, Any]:
    superior, office = heading.lines
    title = TITLES[paper.form]
    return {
        "language": VIETNAMESE.value,
        "title": f"{title}, {about}",
        "author": heading.office or "",
        "superior": superior,
        "office": office,
        "number": f"Số: ……/{paper.mark}",
        "country": in_language(COUNTRY, VIETNAMESE),
        "motto": in_language(MOTTO, VIETNAMESE),
        "dated": heading.dated_on(paper.day, VIETNAMESE),
        "heading": title.upper(),
        "footer": f"Mẫu số {paper.form} - {CIRCULAR}",
        "page": in_language(PAGE, VIETNAMESE),
        "signatures": [_signature(each) for each in paper.signatures],
    }


def _letter(paper: Letter, heading: Heading, public_url: str | None) -> dict[str, Any]:
    slip = None if paper.slip is None else _slip(paper.slip, public_url)
    blocks = [_block(block) for block in paper.blocks]
    return {
        **_frame(paper, heading, paper.code),
        "subtitle": f"Mã hồ sơ: {paper.code}",
        "blocks": blocks,
        "slip": slip,
    }


def _slip(slip: Slip, public_url: str | None) -> dict[str, Any]:
    where = None if public_url is None else f"{public_url.rstrip('/')}{LOOK_UP}"
    how = "Tra cứu hồ sơ bằng mã hồ sơ và mã tra cứu" if where is None else "Quét mã để tra cứu hồ sơ, hoặc vào"
    return {
        "qr": qr_svg(slip.content(public_url)),
        "about": "Mã QR để tra cứu hồ sơ",
        "how": how,
        "where": where,
        "secret": f"Mã tra cứu: {slip.grouped}",
    }


def qr_svg(content: str) -> str:
    """The code as a drawing, with the quiet zone that a reader needs."""
    drawn = BytesIO()
    segno.make(content, error=QR_ERROR_CORRECTION, micro=False).save(drawn, kind="svg", xmldecl=False, border=4)
    return drawn.getvalue().decode()


def _sheet(paper: Sheet, heading: Heading) -> dict[str, Any]:
    return {
        **_frame(paper, heading, paper.about),
        "subtitle": paper.subtitle,
        "facts": [_block(block) for block in paper.facts],
        "heads": [column.head for column in paper.columns],
        "widths": [column.width for column in paper.columns],
        "rows": paper.rows,
        "notes": paper.notes,
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case PaperLine(label, value):
            return {"kind": "line", "label": label, "value": value}
        case Numbered(label, entries, blanks):
            return {"kind": "numbered", "label": label, "entries": entries, "blanks": blanks}
        case _:
            return {"kind": "said", "text": block.text}


def _signature(signature: Signature) -> dict[str, str]:
    return {"who": signature.who, "how": signature.how}
