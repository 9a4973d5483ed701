"""The form as CSV: UTF-8 with a byte-order mark, for without it Excel shows Vietnamese as gibberish; numbers unformatted."""

import csv
import io

from services.reporting.figures import row_json
from services.reporting.forms.lines import Line
from shared.domain.columns import KEYS, SHARE_KEYS

BYTE_ORDER_MARK = "\ufeff"


def as_csv(lines: list[Line]) -> bytes:
    """RFC 4180 (comma, CRLF); every figure under its key; a share that is not applicable is empty."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["number", "code", "name", *KEYS, *SHARE_KEYS])
    for line in lines:
        row = row_json(line.figures)
        writer.writerow([line.number, line.code, line.name, *(row[column] for column in (*KEYS, *SHARE_KEYS))])
    return (BYTE_ORDER_MARK + written.getvalue()).encode()
