"""Authorities to collect that the account bank holds: it checks every debit against them, whoever sends it."""

from datetime import date
from typing import Annotated, Final, Literal

import msgspec

from yongquan_sandbox.accounts import Day, Name
from yongquan_sandbox.binding import owner_of
from yongquan_sandbox.books import Books

SCENES: Final = frozenset(
    {"utilities", "communications", "property", "tuition", "insurance", "transit", "parking"}
    | {"membership", "fund_plan", "card_repayment", "loan_repayment"}
)
NO_AUTHORITY: Final = "M1"
REVOKED: Final = "M2"
OUT_OF_TERM: Final = "M3"
OTHER_PAYEE: Final = "M4"
OVER_DEBIT_LIMIT: Final = "M5"
OVER_CYCLE_LIMIT: Final = "M6"
OTHER_CARD: Final = "M7"
TOO_OFTEN: Final = "M8"
PositiveFen = Annotated[int, msgspec.Meta(ge=1, le=10**15)]


class NewMandate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a holder allows a payee; `cycle` none means that the limit of the cycle is that of the whole term.

    `holder` is compared with the account's name unless it is empty.
    """

    mandate_id: Name
    card_no: str
    holder: str
    payee_id: Name
    payee_name: Name
    scene: str
    cycle: Literal["none", "day", "week", "month", "quarter", "year"]
    debit_max_fen: PositiveFen
    cycle_max_fen: PositiveFen
    starts_on: Day
    ends_on: Day
    cycle_times: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An authority taken back; `by` is the network, or the customer at the bank's own counter or app."""

    mandate_id: Name
    by: Literal["network", "customer"] = "network"


class Told(msgspec.Struct, frozen=True):
    """What the bank says of an authority: held, revoked, unknown, or why it was not taken."""

    mandate_id: str
    code: str
    revoked_by: str = ""
    used_fen: int = 0


def hold(books: Books, asked: NewMandate) -> Told:
    """Keep an authority; the same again is the same. A refused one is not kept."""
    fingerprint = msgspec.json.encode(asked)
    row = books.db.execute(
        "SELECT fingerprint, state FROM mandate WHERE mandate_id = ?", (asked.mandate_id,)
    ).fetchone()
    if row is not None:
        return Told(asked.mandate_id, row[1] if row[0] == fingerprint else "conflicting_request")
    code = _refusal(books, asked)
    if code:
        return Told(asked.mandate_id, code)
    books.db.execute(
        "INSERT INTO mandate (mandate_id, card_no, payee_id, payee_name, scene, cycle, debit_max_fen, cycle_max_fen,"
        " cycle_times, starts_on, ends_on, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(asked.mandate_id, asked.card_no, asked.payee_id, asked.payee_name, asked.scene, asked.cycle),
            *(asked.debit_max_fen, asked.cycle_max_fen, asked.cycle_times, asked.starts_on, asked.ends_on),
            fingerprint,
        ),
    )
    return Told(asked.mandate_id, "held")


def revoke(books: Books, asked: Revocation) -> Told:
    """Take an authority back at once; a repeat changes nothing."""
    books.db.execute(
        "UPDATE mandate SET state = 'revoked', revoked_by = ? WHERE mandate_id = ? AND state = 'held'",
        (asked.by, asked.mandate_id),
    )
    return tell(books, asked.mandate_id)


def tell(books: Books, mandate_id: str) -> Told:
    """An authority as it stands, with all that was ever debited under it."""
    row = books.db.execute("SELECT state, revoked_by FROM mandate WHERE mandate_id = ?", (mandate_id,)).fetchone()
    if row is None:
        return Told(mandate_id, "unknown")
    used = books.db.execute(
        "SELECT coalesce(sum(b.amount_fen), 0) FROM mandate_debit d JOIN booking b ON b.id = d.booking_id"
        " WHERE d.mandate_id = ? AND b.state = 'approved'",
        (mandate_id,),
    ).fetchone()
    return Told(mandate_id, row[0], row[1], int(used[0]))


def debit_refusal(books: Books, authority: str, *, card_no: str, amount_fen: int, business_date: str) -> str:
    """Why a debit under `authority` (mandate and payee, 32 hex digits each) is refused; "" if it may be made."""
    mandate_id, payee_id = authority[:32], authority[32:]
    row = books.db.execute(
        "SELECT card_no, payee_id, state, starts_on, ends_on, debit_max_fen, cycle_max_fen, cycle_times, cycle"
        " FROM mandate WHERE mandate_id = ?",
        (mandate_id,),
    ).fetchone()
    if row is None:
        return NO_AUTHORITY
    card, payee, state, starts_on, ends_on, debit_max_fen, cycle_max_fen, cycle_times, cycle = row
    if card != card_no:
        return OTHER_CARD
    if payee != payee_id:
        return OTHER_PAYEE
    if state != "held":
        return REVOKED
    if not starts_on <= business_date <= ends_on:
        return OUT_OF_TERM
    if amount_fen > debit_max_fen:
        return OVER_DEBIT_LIMIT
    times, used_fen = _used(books, mandate_id, cycle_key(cycle, business_date))
    if used_fen + amount_fen > cycle_max_fen:
        return OVER_CYCLE_LIMIT
    return TOO_OFTEN if cycle_times is not None and times >= cycle_times else ""


def note_debit(books: Books, authority: str, *, booking_id: int, business_date: str) -> None:
    """Count an approved debit towards its cycle; one that is reversed later counts no more."""
    mandate_id = authority[:32]
    row = books.db.execute("SELECT cycle FROM mandate WHERE mandate_id = ?", (mandate_id,)).fetchone()
    books.db.execute(
        "INSERT INTO mandate_debit VALUES (?, ?, ?)", (booking_id, mandate_id, cycle_key(row[0], business_date))
    )


def cycle_key(cycle: str, business_date: str) -> str:
    """The name of the cycle that a business date (YYYY-MM-DD) falls into."""
    day = date.fromisoformat(business_date)
    match cycle:
        case "day":
            return business_date
        case "week":
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02d}"
        case "month":
            return business_date[:7]
        case "quarter":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case "year":
            return business_date[:4]
    return "term"


def _used(books: Books, mandate_id: str, key: str) -> tuple[int, int]:
    row = books.db.execute(
        "SELECT count(*), coalesce(sum(b.amount_fen), 0) FROM mandate_debit d JOIN booking b ON b.id = d.booking_id"
        " WHERE d.mandate_id = ? AND d.cycle_key = ? AND b.state = 'approved'",
        (mandate_id, key),
    ).fetchone()
    return int(row[0]), int(row[1])


def _refusal(books: Books, asked: NewMandate) -> str:
    owner = owner_of(books, asked.card_no)
    if owner is None:
        return "unknown_card"
    if asked.holder and asked.holder != owner[0]:
        return "name_differs"
    if asked.scene not in SCENES:
        return "scene_not_allowed"
    if asked.debit_max_fen > asked.cycle_max_fen or asked.ends_on < asked.starts_on:
        return "bad_terms"
    return ""
