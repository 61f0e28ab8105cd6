"""What an acquirer paid its shops, could not pay, released of held money and gave back: its journal and day file."""

from collections.abc import Iterable
from datetime import UTC, datetime

from yongquan_sandbox.books import Books

_HEADER = "key,kind,state,amount_fen,at"
Entry = tuple[str, str, str, int]


def note_payments(books: Books, settlement_date: str, entries: Iterable[Entry]) -> None:
    """Keep entries (key, kind, state, fen) of a settlement date. Kinds: payout, release, return."""
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    books.db.executemany(
        "INSERT INTO shop_payment VALUES (?, ?, ?, ?, ?, ?)",
        [(key, settlement_date, kind, state, fen, at) for key, kind, state, fen in entries if fen],
    )


def acquirer_file(books: Books, code: str, settlement_date: str) -> str:
    """The file's text, in the order of payment."""
    rows = books.db.execute(
        "SELECT key, kind, state, amount_fen, at FROM shop_payment WHERE settlement_date = ? ORDER BY rowid",
        (settlement_date,),
    ).fetchall()
    lines = [f"#day-file,1,{code},{settlement_date},{len(rows)},{sum(row[3] for row in rows)}", _HEADER]
    lines += [",".join(map(str, row)) for row in rows]
    return "\n".join(lines) + "\n"
