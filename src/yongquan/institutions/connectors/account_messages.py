"""What travels over signed HTTP: the bodies of our calls and of the institutions' answers. Amounts in fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

NETWORK_ACCOUNT: Final = "network"
OWN_FUNDS_ACCOUNT: Final = "own-funds"
HELD_ACCOUNT: Final = "held-settlement"


class Hold(StrEnum):
    """What of a shop's line the acquirer keeps back."""

    NONE = "none"
    SUBSIDY = "subsidy"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpening:
    """An account to open, with its card or wallet number if it has one."""

    account_no: str
    holder: str
    opening_balance_fen: int
    card_no: str | None = None
    daily_limit_fen: int = 10**15
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person to be compared with the state's register; the card's number too, if it is given."""

    id_no: str
    name: str
    social_card_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFound:
    """`result` is matches, differs or unknown."""

    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOpening:
    """A shop and the account its acquirer settles it to."""

    shop_id: str
    name: str
    account_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAccountChange:
    """A shop is settled to another account from now on; once for each `id`."""

    id: str
    shop_id: str
    name: str
    account_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAccountChanged:
    """`code` is changed, unknown_shop or conflicting_request."""

    id: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedOpening:
    """What was not opened, and the institution's code for why."""

    code: str
    account_no: str = ""
    shop_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAnswer:
    """What became of a call that opens accounts or shops."""

    opened: int
    existing: int
    refused: tuple[RefusedOpening, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account as its institution tells it."""

    account_no: str
    holder: str
    balance_fen: int
    cards: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTransfer:
    """Money between two accounts of one institution; `NETWORK_ACCOUNT` is its clearing side.

    `OWN_FUNDS_ACCOUNT` is its own money: fees it earns or pays, refunds and subsidies it fronts.
    """

    id: str
    from_account: str
    to_account: str
    amount_fen: int
    settlement_date: date
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferResult:
    """`code` is booked, insufficient_funds, unknown_account, same_account or conflicting_request."""

    id: str
    code: str
    booking_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementLine:
    """What one shop is owed: trade plus subsidy less fee; below zero is taken from its account."""

    line_id: str
    shop_id: str
    trade_fen: int
    subsidy_fen: int
    fee_fen: int
    hold: Hold = Hold.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementInstruction:
    """Pay these shops; `expected_funds_fen` is what the net settlement brings in for it, fees included."""

    instruction_id: str
    settlement_date: date
    expected_funds_fen: int
    lines: Sequence[SettlementLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What became of one line: paid, part_held, held or refused (with a reason)."""

    line_id: str
    shop_id: str
    state: str
    paid_fen: int
    held_fen: int
    fee_fen: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementReport:
    """What became of an instruction; the answer to the instruction itself has no lines."""

    instruction_id: str
    settlement_date: date
    state: str
    expected_funds_fen: int
    paid_fen: int
    held_fen: int
    fee_fen: int
    refused_lines: int
    lines: tuple[LineReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSettlement:
    """A day's net position; positive when the institution pays the network."""

    id: str
    settlement_date: date
    net_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSettled:
    """The booked entry, and what is still due to the network after it."""

    id: str
    code: str
    booking_id: int
    net_fen: int
    due_to_network_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """How many, and their sum."""

    count: int
    sum_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotals:
    """What moved at an institution on one settlement date; `net_fen` is what it owes the network."""

    settlement_date: date
    purchases: Total
    refunds: Total
    reversals: Total
    transfers_to_network: Total
    transfers_from_network: Total
    settlement_funds: Total
    net_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One approved booking of an institution; `key` is network, UTC time and STAN, or our HTTP id."""

    id: int
    key: str
    kind: str
    state: str
    amount_fen: int
    business_date: str
    settlement_date: date
    card_no: str
    payment_id: str
    retrieval_ref: str
    merchant_no: str
    original_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionPage:
    """A page of transactions; `next` continues after it."""

    transactions: tuple[Transaction, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksProof:
    """An institution's recount of its books."""

    accounts: int
    bookings: int
    entries: int
    sum_fen: int
    unbalanced_bookings: int
    wrong_balances: int
    balanced: bool
