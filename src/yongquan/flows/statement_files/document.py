"""The document: the same figures on A4 pages, set by Typst with a Chinese font of this machine."""

import json
from datetime import timedelta
from functools import cache
from importlib.resources import files

import typst

from yongquan.flows.draw_statement import Statement
from yongquan.flows.statement_files.wording import kind_name, posting_name
from yongquan.kernel.errors import BadInput
from yongquan.kernel.money import yuan
from yongquan.plumbing.clock import SHANGHAI

LINES_MAX = 2_000
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Serif CJK SC", "WenQuanYi Zen Hei", "SimSun", "PingFang SC")


class NoChineseFont(BadInput):
    """This machine has no font for Chinese; the message names the package."""


def write_document(statement: Statement, *, invoice_no: str = "") -> bytes:
    """A PDF. Raises `NoChineseFont`. Beyond `LINES_MAX` transfers it has sums only and points to the workbook."""
    font = chinese_font(_families())
    template = files("yongquan.flows.statement_files").joinpath("statement.typ").read_bytes()
    facts = json.dumps(_facts(statement, invoice_no), ensure_ascii=False)
    return bytes(typst.compile(template, format="pdf", sys_inputs={"facts": facts, "font": font}))


def chinese_font(families: frozenset[str]) -> str:
    """The first known Chinese font among those installed. Raises `NoChineseFont`."""
    for font in FONTS:
        if font in families:
            return font
    raise NoChineseFont("the PDF needs a Chinese font: install Debian's package fonts-noto-cjk, then ask again")


@cache
def _families() -> frozenset[str]:
    return frozenset(typst.Fonts(include_system_fonts=True).families())


def _facts(statement: Statement, invoice_no: str) -> dict[str, object]:
    lines = statement.lines if len(statement.lines) <= LINES_MAX else ()
    return {
        "invoice_no": invoice_no,
        "name": statement.funder.name,
        "name_en": statement.funder.name_en,
        "since": statement.since.isoformat(),
        "last": (statement.until - timedelta(days=1)).isoformat(),
        "accounts": [
            [kind_name(a.kind), *map(yuan, (a.opening_fen, a.debit_fen, a.credit_fen, a.closing_fen))]
            for a in statement.accounts
        ],
        "postings": [
            [posting_name(posting), str(sum(line.posting is posting for line in statement.lines)), yuan(fen)]
            for posting in sorted({line.posting for line in statement.lines})
            if (fen := statement.total_fen(posting))
        ],
        "count": len(statement.lines),
        "lines": [
            [
                line.recorded_at.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S"),
                posting_name(line.posting),
                statement.documents[line.event_id].document_no if line.event_id in statement.documents else "",
                str(line.transfer_id),
                yuan(line.amount_fen),
            ]
            for line in lines
        ],
    }
