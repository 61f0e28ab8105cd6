"""What forms of the desk carry: yuan as people write them, days, files to take away."""

import re
from datetime import date
from typing import Literal

from fastapi import Response

from yongquan.flows.draw_statement import Statement
from yongquan.flows.statement_files import write_document, write_workbook
from yongquan.kernel.errors import BadInput

_YUAN = re.compile(r"\s*(\d{1,12})(?:\.(\d{1,2}))?\s*")
FileKind = Literal["xlsx", "pdf"]
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def fen_of(yuan: str) -> int:
    """'1,234.5' yuan is 123450 fen; nothing is 0. Raises `BadInput`."""
    text = yuan.replace(",", "")
    if not text.strip():
        return 0
    found = _YUAN.fullmatch(text)
    if found is None:
        raise BadInput("amount: write yuan with at most two decimals")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def day_of(text: str) -> date:
    """A day as browsers send it. Raises `BadInput`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("day: write YYYY-MM-DD") from error


def statement_file(statement: Statement, kind: FileKind, *, invoice_no: str = "") -> Response:
    """A statement to take away. Raises `NoChineseFont`."""
    content = write_workbook(statement) if kind == "xlsx" else write_document(statement, invoice_no=invoice_no)
    name = f"{invoice_no or statement.funder.funder_id}-{statement.since}-{statement.until}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=_MEDIA[kind], headers=headers)
