"""The day file an issuer gives the network: its purchases and refunds of one settlement date."""

from yongquan_sandbox.books import Books

_HEADER = "key,kind,state,amount_fen,at"
_STATES = {"approved": "succeeded", "reversed": "reversed"}


def day_file(books: Books, code: str, settlement_date: str) -> str:
    """The file's text. A booking's key carries its time of sending in UTC; a reversal is its purchase's state."""
    rows = books.db.execute(
        "SELECT key, kind, state, amount_fen FROM booking WHERE settlement_date = ?"
        " AND kind IN ('purchase', 'refund') AND state <> 'declined' AND amount_fen > 0 ORDER BY id",
        (settlement_date,),
    ).fetchall()
    sum_fen = sum(row[3] for row in rows)
    lines = [f"#day-file,1,{code},{settlement_date},{len(rows)},{sum_fen}", _HEADER]
    lines += [f"{key},{kind},{_STATES[state]},{fen},{_moment(key)}" for key, kind, state, fen in rows]
    return "\n".join(lines) + "\n"


def _moment(key: str) -> str:
    sent = key.split("-")[1]
    return f"{sent[:4]}-{sent[4:6]}-{sent[6:8]}T{sent[8:10]}:{sent[10:12]}:{sent[12:14]}Z"
