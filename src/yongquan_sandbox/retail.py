"""What a bank sells to other banks' customers: funds bought by order, its credit cards repaid from elsewhere."""

from datetime import date, timedelta
from typing import Annotated, Final

import msgspec

from yongquan_sandbox.accounts import Day, Name, PositiveFen
from yongquan_sandbox.books import Booking, Books, House

NAV_UNIT: Final = 10_000
SHARE_UNIT: Final = 100


class Fund(msgspec.Struct, frozen=True):
    """A fund on sale; `nav` in ten-thousandths of a yuan a share, the least amount in fen, risk 1 (low) to 5."""

    code: str
    name: str
    name_en: str
    nav: int
    least_fen: int
    risk: int


FUNDS: Final = {
    "chaoxin": (
        Fund("CX0001", "潮信日日盈货币", "Chaoxin Daily Cash", 10_000, 100, 1),
        Fund("CX0018", "潮信稳健债券", "Chaoxin Steady Bond", 11_250, 1_000, 2),
    ),
    "yuehu": (
        Fund("YH0007", "月湖活期宝货币", "Yuehu Ready Cash", 10_000, 100, 1),
        Fund("YH0031", "月湖甬江混合", "Yuehu Yongjiang Balanced", 14_380, 1_000, 3),
    ),
}


class FundOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paid order of a fund, for a holder whom the network vouches for."""

    order_id: Name
    fund_code: str
    holder: Name
    amount_fen: PositiveFen
    day: Day


class FundBought(msgspec.Struct, frozen=True):
    """confirmed, or why not: unknown_fund, below_least; shares in hundredths."""

    order_id: str
    code: str
    shares: int = 0
    nav: int = 0


class Holding(msgspec.Struct, frozen=True):
    """What somebody holds of a fund, and what it is worth now."""

    fund_code: str
    name: str
    name_en: str
    shares: int
    value_fen: int
    paid_fen: int


class NewCreditCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credit card: its account holds what may still be spent. Days of the month, 1 to 28."""

    account_no: Name
    card_no: str
    limit_fen: PositiveFen
    statement_day: Annotated[int, msgspec.Meta(ge=1, le=28)]
    due_day: Annotated[int, msgspec.Meta(ge=1, le=28)]


class Bill(msgspec.Struct, frozen=True):
    """A card's last bill and what of it is still to be paid; `owed_fen` counts what was spent since, too."""

    card_tail: str
    holder_masked: str
    statement_on: str
    due_on: str
    bill_fen: int
    left_fen: int
    least_fen: int
    owed_fen: int


class Repayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A repayment that an order paid for."""

    order_id: Name
    card_no: str
    amount_fen: PositiveFen
    day: Day


def buy(books: Books, bank: str, asked: FundOrder) -> FundBought:
    """Turn a paid order into shares at today's value, once."""
    row = books.db.execute("SELECT shares, nav FROM fund_order WHERE order_id = ?", (asked.order_id,)).fetchone()
    if row is not None:
        return FundBought(asked.order_id, "confirmed", *row)
    fund = next((one for one in FUNDS.get(bank, ()) if one.code == asked.fund_code), None)
    if fund is None:
        return FundBought(asked.order_id, "unknown_fund")
    if asked.amount_fen < fund.least_fen:
        return FundBought(asked.order_id, "below_least")
    # Yuan / value, in hundredths of a share, rounded down.
    shares = asked.amount_fen * NAV_UNIT // fund.nav
    books.db.execute(
        "INSERT INTO fund_order VALUES (?, ?, ?, ?, ?, ?, ?)",
        (asked.order_id, asked.fund_code, asked.holder, asked.amount_fen, shares, fund.nav, asked.day),
    )
    return FundBought(asked.order_id, "confirmed", shares, fund.nav)


def holdings(books: Books, bank: str, holder: str) -> list[Holding]:
    """What a holder has of each fund."""
    rows = books.db.execute(
        "SELECT fund_code, sum(shares), sum(amount_fen) FROM fund_order WHERE holder = ? GROUP BY 1 ORDER BY 1",
        (holder,),
    )
    funds = {fund.code: fund for fund in FUNDS.get(bank, ())}
    return [
        Holding(code, funds[code].name, funds[code].name_en, shares, shares * funds[code].nav // NAV_UNIT, paid_fen)
        for code, shares, paid_fen in rows
    ]


def issue(books: Books, asked: NewCreditCard) -> bool:
    """Make an open account's card a credit card; False if there is no such card."""
    known = books.db.execute(
        "SELECT 1 FROM card WHERE card_no = ? AND account_no = ?", (asked.card_no, asked.account_no)
    ).fetchone()
    if known is None:
        return False
    books.db.execute(
        "INSERT OR REPLACE INTO credit_card VALUES (?, ?, ?, ?, ?)",
        (asked.card_no, asked.account_no, asked.limit_fen, asked.statement_day, asked.due_day),
    )
    return True


def bill(books: Books, card_no: str, today: str) -> Bill | None:
    """The last bill of a credit card; None for another card."""
    row = books.db.execute(
        "SELECT c.account_no, c.limit_fen, c.statement_day, c.due_day, a.holder, a.balance_fen"
        " FROM credit_card c JOIN account a ON a.no = c.account_no WHERE c.card_no = ?",
        (card_no,),
    ).fetchone()
    if row is None:
        return None
    account_no, limit_fen, statement_day, due_day, holder, balance_fen = row
    closed = _last(date.fromisoformat(today), statement_day)
    due = _last(closed + timedelta(days=31), due_day) if due_day <= statement_day else closed.replace(day=due_day)
    spent_later, paid_later = _since(books, card_no, account_no, closed.isoformat())
    owed_fen = limit_fen - balance_fen
    bill_fen = max(owed_fen - spent_later + paid_later, 0)
    left_fen = max(bill_fen - paid_later, 0)
    return Bill(
        card_tail=card_no[-4:],
        holder_masked=f"*{holder[1:]}",
        statement_on=closed.isoformat(),
        due_on=due.isoformat(),
        bill_fen=bill_fen,
        left_fen=left_fen,
        least_fen=min(left_fen, max(bill_fen // 10, 100)),
        owed_fen=max(owed_fen, 0),
    )


def repay(books: Books, asked: Repayment) -> str:
    """Give a card the room to spend back that an order paid for, once: booked, or unknown_card."""
    key = f"repayment:{asked.order_id}"
    if books.find(key) is not None:
        return "booked"
    row = books.db.execute("SELECT account_no FROM credit_card WHERE card_no = ?", (asked.card_no,)).fetchone()
    if row is None:
        return "unknown_card"
    booking = Booking(
        key=key,
        kind="repayment",
        state="approved",
        code="00",
        amount_fen=asked.amount_fen,
        business_date=asked.day,
        settlement_date=asked.day,
        card_no=row[0],
        payment_id=asked.order_id,
    )
    # The money itself comes with the settlement of the bank's own shop; until then the bank fronts it.
    books.record(booking, ((row[0], asked.amount_fen), (House.OWN_FUNDS.value, -asked.amount_fen)))
    return "booked"


def _last(until: date, day: int) -> date:
    """The last such day of a month that is not after `until`."""
    if until.day >= day:
        return until.replace(day=day)
    return (until.replace(day=1) - timedelta(days=1)).replace(day=day)


def _since(books: Books, card_no: str, account_no: str, day: str) -> tuple[int, int]:
    row = books.db.execute(
        "SELECT coalesce(sum(amount_fen) FILTER (WHERE kind IN ('purchase', 'transfer_to_network')), 0),"
        " coalesce(sum(amount_fen) FILTER (WHERE kind NOT IN ('purchase', 'transfer_to_network')), 0)"
        " FROM booking WHERE card_no IN (?, ?) AND card_no <> '' AND business_date > ? AND state <> 'declined'",
        (card_no, account_no, day),
    ).fetchone()
    return int(row[0]), int(row[1])
