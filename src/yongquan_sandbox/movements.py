"""Money that leaves or enters accounts on the network's signed instruction: payouts, transfers, their returns."""

from typing import Annotated, Final, Literal

import msgspec

from yongquan_sandbox.accounts import Day, Name, PositiveFen
from yongquan_sandbox.books import Booking, Books, House

OWN_FUNDS: Final = "own-funds"
MOVEMENTS_MAX: Final = 20_000


class Movement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A debit or a credit of one account, named by its number or by a card's.

    A credit with a `name` is refused if the holder is called otherwise. `undoes` names the debit whose money comes
    back, or the credit that goes back.
    """

    id: Name
    side: Literal["debit", "credit"]
    account: Name
    amount_fen: PositiveFen
    settlement_date: Day
    name: str = ""
    purpose: Annotated[str, msgspec.Meta(max_length=200)] = ""
    undoes: str = ""


class Movements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Movements done in their order, each on its own."""

    movements: Annotated[list[Movement], msgspec.Meta(max_length=MOVEMENTS_MAX)]


class MovementResult(msgspec.Struct, frozen=True):
    """booked, or why not: unknown_account, account_closed, name_differs, insufficient_funds, over_daily_limit ..."""

    id: str
    code: str


class NameAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account or card, and the name it should have; without one the answer only tells the masked name."""

    account: Name
    name: str = ""


class NamesAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts to be looked up in one call."""

    accounts: Annotated[list[NameAsked], msgspec.Meta(max_length=MOVEMENTS_MAX)]


class NameTold(msgspec.Struct, frozen=True):
    """match, name_differs, unknown_account or account_closed; the holder's name but for its first sign."""

    account: str
    code: str
    masked: str = ""


class ReturnAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bank's back office wants a credit to go back."""

    movement_id: Name
    reason: Name


class Returned(msgspec.Struct, frozen=True):
    """A credit that is to go back; the network fetches it with a debit that undoes it."""

    id: int
    movement_id: str
    amount_fen: int
    reason: str


class Line(msgspec.Struct, frozen=True):
    """A line of an account's statement; money in is positive."""

    booking_id: int
    kind: str
    amount_fen: int
    business_date: str


class _Place(msgspec.Struct, frozen=True):
    account_no: str
    holder: str
    card_no: str
    daily_limit_fen: int
    ban: str


def move_all(books: Books, asked: Movements) -> list[MovementResult]:
    """Do each movement once; a refused one is not kept, so that it can succeed later under its id."""
    return [_move(books, movement) for movement in asked.movements]


def look_up(books: Books, asked: NamesAsked) -> list[NameTold]:
    """Whether accounts exist, take money, and are called as asked."""
    return [_tell_name(books, one) for one in asked.accounts]


def send_back(books: Books, asked: ReturnAsked) -> Returned | None:
    """Ask the network to take a credit back, once; None if there is no such credit."""
    known = books.find(f"movement:{asked.movement_id}")
    if known is None or known.kind != "transfer_from_network":
        return None
    books.db.execute(
        "INSERT OR IGNORE INTO returned_credit (movement_id, amount_fen, reason) VALUES (?, ?, ?)",
        (asked.movement_id, known.amount_fen, asked.reason),
    )
    row = books.db.execute(
        "SELECT id, movement_id, amount_fen, reason FROM returned_credit WHERE movement_id = ?", (asked.movement_id,)
    ).fetchone()
    return Returned(*row)


def returns_after(books: Books, after: int, limit: int = 1000) -> list[Returned]:
    """Credits that are to go back, in order, from the one after `after`."""
    rows = books.db.execute(
        "SELECT id, movement_id, amount_fen, reason FROM returned_credit WHERE id > ? ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [Returned(*row) for row in rows]


def statement(books: Books, account: str, *, before: int, limit: int) -> list[Line] | None:
    """An account's last movements, the newest first; None for an unknown account."""
    place = _place(books, account)
    if place is None:
        return None
    rows = books.db.execute(
        "SELECT id, kind, CASE WHEN kind IN ('purchase', 'transfer_to_network') THEN -amount_fen ELSE amount_fen END,"
        " business_date FROM booking"
        " WHERE card_no IN (SELECT card_no FROM card WHERE account_no = ?1 UNION ALL SELECT ?1) AND card_no <> ''"
        " AND id < ?2 AND state <> 'declined' AND amount_fen > 0 ORDER BY id DESC LIMIT ?3",
        (place.account_no, before, limit),
    )
    return [Line(*row) for row in rows]


def balance(books: Books, account: str) -> int:
    """What an account or a card's account holds."""
    place = _place(books, account)
    return (books.balance(place.account_no) or 0) if place else 0


def ban(books: Books, account: str, why: str) -> bool:
    """Close an account, let it lie dormant, or open it again (`why` is empty)."""
    place = _place(books, account)
    if place is None:
        return False
    books.db.execute("DELETE FROM account_ban WHERE account_no = ?", (place.account_no,))
    if why:
        books.db.execute("INSERT INTO account_ban VALUES (?, ?)", (place.account_no, why))
    return True


def _move(books: Books, movement: Movement) -> MovementResult:
    key, fingerprint = f"movement:{movement.id}", msgspec.json.encode(movement)
    known = books.find(key)
    if known is not None:
        return MovementResult(movement.id, "booked" if known.fingerprint == fingerprint else "conflicting_request")
    place, sign = _place(books, movement.account), -1 if movement.side == "debit" else 1
    if movement.undoes:
        code, account_no = _undoing(books, movement)
    else:
        code = _refusal(books, movement, place)
        # What a dormant account is sent lies aside: nobody can spend it before it goes back.
        account_no = House.OWN_FUNDS.value if place and place.ban == "dormant" else place.account_no if place else ""
    if code:
        return MovementResult(movement.id, code)
    if place is not None and place.card_no and (movement.side == "debit") is not bool(movement.undoes):
        _use_day(books, place.card_no, movement.settlement_date, -sign * movement.amount_fen)
    _record(books, key, account_no, sign * movement.amount_fen, day=movement.settlement_date, fingerprint=fingerprint)
    return MovementResult(movement.id, "booked")


def _refusal(books: Books, movement: Movement, place: _Place | None) -> str:
    if place is None:
        return "unknown_account"
    if place.ban == "closed":
        return "account_closed"
    if movement.side == "credit":
        return "name_differs" if movement.name and movement.name != place.holder else ""
    if place.account_no == House.OWN_FUNDS.value:
        return ""
    if (
        place.card_no
        and _used(books, place.card_no, movement.settlement_date) + movement.amount_fen > place.daily_limit_fen
    ):
        return "over_daily_limit"
    left_fen = (books.balance(place.account_no) or 0) - books.held(place.account_no, on=movement.settlement_date)
    return "insufficient_funds" if left_fen < movement.amount_fen else ""


def _undoing(books: Books, movement: Movement) -> tuple[str, str]:
    """Why a movement cannot be undone ("" if it can), and the account where the original was booked."""
    original = books.find(f"movement:{movement.undoes}")
    kind = "transfer_from_network" if movement.side == "debit" else "transfer_to_network"
    if original is None or original.kind != kind or original.amount_fen != movement.amount_fen:
        return "original_differs", ""
    account_no = original.card_no
    short = movement.side == "debit" and account_no != House.OWN_FUNDS.value
    if short and (books.balance(account_no) or 0) < movement.amount_fen:
        return "insufficient_funds", account_no
    return "", account_no


def _tell_name(books: Books, asked: NameAsked) -> NameTold:
    place = _place(books, asked.account)
    if place is None:
        return NameTold(asked.account, "unknown_account")
    masked = f"*{place.holder[1:]}"
    if place.ban == "closed":
        return NameTold(asked.account, "account_closed", masked)
    code = "name_differs" if asked.name and asked.name != place.holder else "match"
    return NameTold(asked.account, code, masked)


def _place(books: Books, account: str) -> _Place | None:
    if account == OWN_FUNDS:
        return _Place(House.OWN_FUNDS.value, "", "", 0, "")
    row = books.db.execute(
        "SELECT a.no, a.holder, coalesce(c.card_no, ''), coalesce(c.daily_limit_fen, 0), coalesce(b.why, '')"
        " FROM account a LEFT JOIN card c ON c.account_no = a.no AND c.card_no = ?1"
        " LEFT JOIN account_ban b ON b.account_no = a.no"
        " WHERE a.kind <> 'house' AND a.no = coalesce((SELECT account_no FROM card WHERE card_no = ?1), ?1)",
        (account,),
    ).fetchone()
    return None if row is None else _Place(*row)


def _used(books: Books, card_no: str, day: str) -> int:
    row = books.db.execute(
        "SELECT used_fen FROM card_day WHERE card_no = ? AND business_date = ?", (card_no, day)
    ).fetchone()
    return int(row[0]) if row else 0


def _use_day(books: Books, card_no: str, day: str, amount_fen: int) -> None:
    books.db.execute(
        "INSERT INTO card_day VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used_fen = max(0, used_fen + ?)",
        (card_no, day, max(amount_fen, 0), amount_fen),
    )


def _record(
    books: Books, key: str, account_no: str, amount_fen: int, *, day: str, fingerprint: bytes | None = None
) -> None:
    booking = Booking(
        key=key,
        kind="transfer_to_network" if amount_fen < 0 else "transfer_from_network",
        state="approved",
        code="00",
        amount_fen=abs(amount_fen),
        business_date=day,
        settlement_date=day,
        card_no=account_no,
        payment_id=key.partition(":")[2],
        fingerprint=fingerprint,
    )
    books.record(booking, ((account_no, amount_fen), (House.DUE_TO_NETWORK.value, -amount_fen)))
