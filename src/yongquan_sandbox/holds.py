"""Pre-authorisations in an issuer's books: money kept back of an account, completed once or given free.

A completion may take up to 115 % of what was held (hotels, car hire); what it takes beyond the hold must be there. It
ends the whole hold. A hold lapses by itself after its last day.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from yongquan_sandbox.books import Books
from yongquan_sandbox.card_request import CardRequest

HOLD_DAYS: Final = 30
COMPLETION_PERCENT_MAX: Final = 115
WRONG_STATE: Final = "22"
NOT_FOUND: Final = "25"
INSUFFICIENT_FUNDS: Final = "51"
AMOUNT_DIFFERS: Final = "64"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as a completion or a cancel finds it."""

    booking_id: int
    account_no: str
    card_no: str
    amount_fen: int
    expires_on: str
    state: str

    def is_open(self, on: str) -> bool:
        """Whether it keeps money back on a day."""
        return self.state == "open" and on <= self.expires_on


def keep_back(books: Books, booking_id: int, account_no: str, *, amount_fen: int, business_date: str) -> None:
    """Hold money for the booking of a pre-authorisation, until 30 days after its business date."""
    last = date.fromisoformat(business_date) + timedelta(days=HOLD_DAYS)
    row = (booking_id, account_no, amount_fen, last.isoformat())
    books.db.execute("INSERT INTO hold VALUES (?, ?, ?, ?, 'open')", row)


def find_hold(books: Books, key: str) -> Hold | None:
    """The hold of the pre-authorisation under this key."""
    row = books.db.execute(
        "SELECT h.booking_id, h.account_no, b.card_no, h.amount_fen, h.expires_on, h.state"
        " FROM hold h JOIN booking b ON b.id = h.booking_id WHERE b.key = ?",
        (key,),
    ).fetchone()
    return None if row is None else Hold(*row)


def turn(books: Books, booking_id: int | None, state: str) -> None:
    """Let a hold be completed or cancelled, or open again once its completion is undone."""
    books.db.execute("UPDATE hold SET state = ? WHERE booking_id = ?", (state, booking_id))


def refusal_of(request: CardRequest, hold: Hold | None, authorization: str) -> str:
    """Why what follows a pre-authorisation cannot be done, or nothing."""
    if hold is None or hold.card_no != request.card_no or request.authorization != authorization:
        return NOT_FOUND
    return "" if hold.is_open(request.business_date) else WRONG_STATE


def beyond_limit(request: CardRequest, hold: Hold) -> bool:
    """Whether a completion asks for more than the hold allows."""
    return not 0 < request.amount_fen <= hold.amount_fen * COMPLETION_PERCENT_MAX // 100
