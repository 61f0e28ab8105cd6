"""What an institution and the network compare and settle: totals, transactions, the net position."""

from itertools import starmap
from typing import Annotated

import msgspec

from yongquan_sandbox.accounts import Day, Name
from yongquan_sandbox.books import Booking, Books, House


class NetSettlement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day's net position; positive when the institution pays the network."""

    id: Name
    settlement_date: Day
    net_fen: Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]


class NetSettled(msgspec.Struct, frozen=True):
    """The booked entry; `code` is booked or conflicting_request."""

    id: str
    code: str
    booking_id: int | None
    net_fen: int
    due_to_network_fen: int


class Total(msgspec.Struct, frozen=True):
    """How many, and their sum."""

    count: int = 0
    sum_fen: int = 0


class Totals(msgspec.Struct, frozen=True):
    """What moved on one settlement date; `net_fen` is what the institution owes the network for it.

    Purchases include those reversed later; a reversal counts on its own settlement date, and only if
    it moved money.
    """

    settlement_date: str
    purchases: Total
    refunds: Total
    reversals: Total
    transfers_to_network: Total
    transfers_from_network: Total
    settlement_funds: Total
    net_fen: int


class Transaction(msgspec.Struct, frozen=True):
    """One approved booking, for reconciliation; card numbers are masked.

    `key` is network, full UTC time and STAN, or the id of an HTTP request.
    """

    id: int
    key: str
    kind: str
    state: str
    amount_fen: int
    business_date: str
    settlement_date: str
    card_no: str
    payment_id: str
    retrieval_ref: str
    merchant_no: str
    original_id: int | None


def settle_net(books: Books, asked: NetSettlement) -> NetSettled:
    """Book the net position between due-to-network and the central clearing account, once for each id."""
    key, fingerprint = f"net:{asked.id}", msgspec.json.encode(asked)
    known = books.find(key)
    if known is not None:
        code = "booked" if known.fingerprint == fingerprint else "conflicting_request"
        return _net_settled(books, asked, code=code, booking_id=known.id)
    booking = Booking(
        key=key,
        kind="net_settlement",
        state="approved",
        code="00",
        amount_fen=asked.net_fen,
        business_date=asked.settlement_date,
        settlement_date=asked.settlement_date,
        payment_id=asked.id,
        fingerprint=fingerprint,
    )
    legs = ((House.DUE_TO_NETWORK.value, -asked.net_fen), (House.CENTRAL_CLEARING.value, asked.net_fen))
    return _net_settled(books, asked, code="booked", booking_id=books.record(booking, legs))


def totals(books: Books, settlement_date: str) -> Totals:
    """Count and sum what moved on one settlement date."""
    rows = books.db.execute(
        "SELECT kind, count(*), sum(amount_fen) FROM booking"
        " WHERE settlement_date = ? AND state <> 'declined' AND amount_fen > 0 GROUP BY kind",
        (settlement_date,),
    )
    by_kind = {kind: Total(count, sum_fen) for kind, count, sum_fen in rows}
    owed = sum(by_kind.get(kind, Total()).sum_fen for kind in ("purchase", "transfer_to_network"))
    due_back = ("refund", "reversal", "transfer_from_network", "settlement_instruction")
    return Totals(
        settlement_date=settlement_date,
        purchases=by_kind.get("purchase", Total()),
        refunds=by_kind.get("refund", Total()),
        reversals=by_kind.get("reversal", Total()),
        transfers_to_network=by_kind.get("transfer_to_network", Total()),
        transfers_from_network=by_kind.get("transfer_from_network", Total()),
        settlement_funds=by_kind.get("settlement_instruction", Total()),
        net_fen=owed - sum(by_kind.get(kind, Total()).sum_fen for kind in due_back),
    )


def transactions(books: Books, *, settlement_date: str, after: int, limit: int) -> list[Transaction]:
    """Approved bookings of one settlement date in the order they were made, from the one after `after`."""
    rows = books.db.execute(
        "SELECT id, key, kind, state, amount_fen, business_date, settlement_date, card_no, payment_id,"
        " retrieval_ref, merchant_no, original_id FROM booking"
        " WHERE settlement_date = ? AND id > ? AND state <> 'declined' AND code = '00' ORDER BY id LIMIT ?",
        (settlement_date, after, limit),
    )
    return [msgspec.structs.replace(found, card_no=_masked(found.card_no)) for found in starmap(Transaction, rows)]


def _masked(card_no: str) -> str:
    return f"{card_no[:6]}{'*' * (len(card_no) - 10)}{card_no[-4:]}"


def _net_settled(books: Books, asked: NetSettlement, *, code: str, booking_id: int) -> NetSettled:
    due_fen = books.balance(House.DUE_TO_NETWORK.value) or 0
    return NetSettled(asked.id, code, booking_id, asked.net_fen, due_fen)
