"""One institution's double-entry books in its own SQLite file."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

Leg = tuple[str, int]


class House(StrEnum):
    """The institution's own accounts."""

    OPENING_FUNDS = "house:opening_funds"
    DUE_TO_NETWORK = "house:due_to_network"
    CENTRAL_CLEARING = "house:central_clearing"
    PENDING_SETTLEMENT = "house:pending_settlement"
    HELD_SETTLEMENT = "house:held_settlement"
    FEE_INCOME = "house:fee_income"
    OWN_FUNDS = "house:own_funds"


HOUSE_ACCOUNTS = frozenset(account.value for account in House)


@dataclass(frozen=True, slots=True)
class Booking:
    """What is kept of one request, whether it moved money or was declined. Dates are YYYY-MM-DD."""

    key: str
    kind: str
    state: str
    code: str
    amount_fen: int
    business_date: str
    settlement_date: str
    card_no: str = ""
    payment_id: str = ""
    retrieval_ref: str = ""
    merchant_no: str = ""
    original_id: int | None = None
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True)
class KnownBooking:
    """An earlier booking, as a repeat or a refund needs it."""

    id: int
    kind: str
    state: str
    code: str
    amount_fen: int
    business_date: str
    card_no: str
    refunded_fen: int
    fingerprint: bytes | None
    original_id: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the books hold: every figure but the counts must be zero."""

    accounts: int
    bookings: int
    entries: int
    sum_fen: int
    unbalanced_bookings: int
    wrong_balances: int

    @property
    def balanced(self) -> bool:
        """True when nothing is out of balance."""
        return self.sum_fen == 0 and self.unbalanced_bookings == 0 and self.wrong_balances == 0


class Books:
    """Accounts, bookings and entries; changes happen only inside `one_commit`."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("PRAGMA wal_autocheckpoint = 8000")
        self.db.execute("PRAGMA cache_size = -65536")
        for script in ("schema.sql", "services.sql"):
            self.db.executescript(files("yongquan_sandbox").joinpath(script).read_text(encoding="utf-8"))
        self._house_moves: Counter[str] = Counter()
        self._open_house_accounts()

    @contextmanager
    def one_commit(self) -> Iterator[None]:
        """Apply everything done inside in one durable transaction, or nothing of it."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._save_house_balances()
        except BaseException:
            self._house_moves.clear()
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def find(self, key: str) -> KnownBooking | None:
        """The booking made under this key, if any."""
        row = self.db.execute(
            "SELECT id, kind, state, code, amount_fen, business_date, card_no, refunded_fen, fingerprint, original_id"
            " FROM booking WHERE key = ?",
            (key,),
        ).fetchone()
        return None if row is None else KnownBooking(*row)

    def record(self, booking: Booking, legs: Iterable[Leg] = ()) -> int:
        """Keep a booking and move its legs (account, fen; credit is positive); returns the booking's id."""
        cursor = self.db.execute(
            "INSERT INTO booking (key, kind, state, code, amount_fen, business_date, settlement_date,"
            " card_no, payment_id, retrieval_ref, merchant_no, original_id, fingerprint)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                booking.key,
                booking.kind,
                booking.state,
                booking.code,
                booking.amount_fen,
                booking.business_date,
                booking.settlement_date,
                booking.card_no,
                booking.payment_id,
                booking.retrieval_ref,
                booking.merchant_no,
                booking.original_id,
                booking.fingerprint,
            ),
        )
        booking_id = int(cursor.lastrowid or 0)
        self._move(booking_id, [leg for leg in legs if leg[1] != 0])
        return booking_id

    def balance(self, account_no: str) -> int | None:
        """An account's balance in fen, credit positive; None when there is no such account."""
        row = self.db.execute("SELECT balance_fen FROM account WHERE no = ?", (account_no,)).fetchone()
        return None if row is None else int(row[0]) + self._house_moves[account_no]

    def held(self, account_no: str, *, on: str) -> int:
        """What open pre-authorisations keep back of an account on a day, in fen."""
        row = self.db.execute(
            "SELECT coalesce(sum(amount_fen), 0) FROM hold WHERE account_no = ? AND state = 'open' AND expires_on >= ?",
            (account_no, on),
        ).fetchone()
        return int(row[0])

    def prove(self) -> Proof:
        """Recount the books from their entries."""
        entries, sum_fen = self.db.execute("SELECT count(*), coalesce(sum(amount_fen), 0) FROM entry").fetchone()
        unbalanced = self._count(
            "SELECT count(*) FROM (SELECT 1 FROM entry GROUP BY booking_id HAVING sum(amount_fen) <> 0)"
        )
        wrong = self._count(
            "SELECT count(*) FROM account a LEFT JOIN"
            " (SELECT account_no, sum(amount_fen) AS fen FROM entry GROUP BY account_no) e"
            " ON e.account_no = a.no"
            " WHERE a.balance_fen <> coalesce(e.fen, 0)"
        )
        return Proof(
            accounts=self._count("SELECT count(*) FROM account"),
            bookings=self._count("SELECT count(*) FROM booking"),
            entries=entries,
            sum_fen=sum_fen,
            unbalanced_bookings=unbalanced,
            wrong_balances=wrong,
        )

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def _move(self, booking_id: int, legs: list[Leg]) -> None:
        if sum(amount for _, amount in legs) != 0:
            raise ValueError(f"booking {booking_id} does not balance")
        self.db.executemany("INSERT INTO entry VALUES (?, ?, ?)", [(booking_id, no, fen) for no, fen in legs])
        outside = []
        for account_no, amount_fen in legs:
            if account_no in HOUSE_ACCOUNTS:
                # Hot rows: all moves of one commit are saved once, at its end.
                self._house_moves[account_no] += amount_fen
            else:
                outside.append((amount_fen, account_no))
        self.db.executemany("UPDATE account SET balance_fen = balance_fen + ? WHERE no = ?", outside)

    def _save_house_balances(self) -> None:
        moves = [(fen, no) for no, fen in self._house_moves.items() if fen]
        self.db.executemany("UPDATE account SET balance_fen = balance_fen + ? WHERE no = ?", moves)
        self._house_moves.clear()

    def _open_house_accounts(self) -> None:
        rows = [(account.value, account.name.lower()) for account in House]
        self.db.executemany("INSERT OR IGNORE INTO account (no, kind, holder) VALUES (?, 'house', ?)", rows)

    def _count(self, question: str) -> int:
        return int(self.db.execute(question).fetchone()[0])
