"""What travels over signed HTTP for the bank services: authorities, movements of accounts, names, statements."""

from dataclasses import dataclass
from datetime import date
from typing import Final

MOVED: Final = "booked"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMandate:
    """An authority for the account's bank to keep; `holder` "" leaves the name unchecked."""

    mandate_id: str
    card_no: str
    holder: str
    payee_id: str
    payee_name: str
    scene: str
    cycle: str
    debit_max_fen: int
    cycle_max_fen: int
    starts_on: date
    ends_on: date
    cycle_times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateTold:
    """held, revoked, unknown, or why it was not taken (unknown_card, name_differs, scene_not_allowed, bad_terms)."""

    mandate_id: str
    code: str
    revoked_by: str
    used_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A debit or credit of one account against the network's clearing side; the same id again is the same movement.

    `account` is an account's or a card's number. `undoes` names the debit whose money this credit brings back, or the
    credit that this debit takes back.
    """

    id: str
    side: str
    account: str
    amount_fen: int
    settlement_date: date
    name: str = ""
    purpose: str = ""
    undoes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementResult:
    """`code` is booked, or the bank's reason."""

    id: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAsked:
    """An account or card, and the name that it should have ("" only asks for the masked one)."""

    account: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTold:
    """match, name_differs, unknown_account or account_closed; the holder's name without its first sign."""

    account: str
    code: str
    masked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A line of an account's statement; money in is positive."""

    booking_id: int
    kind: str
    amount_fen: int
    business_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """What the account holds, and lines, the newest first; `next` continues before it."""

    balance_fen: int
    lines: tuple[StatementLine, ...]
    next: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedCredit:
    """A credit that the payee's bank wants to go back; `id` counts up at that bank."""

    id: int
    movement_id: str
    amount_fen: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundOnSale:
    """A fund that a bank sells; `nav` in ten-thousandths of a yuan a share, risk 1 (low) to 5."""

    code: str
    name: str
    name_en: str
    nav: int
    least_fen: int
    risk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundBought:
    """`code` is confirmed, unknown_fund or below_least; shares in hundredths."""

    order_id: str
    code: str
    shares: int
    nav: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundHolding:
    """What somebody holds of a fund, its worth now and what was paid for it."""

    fund_code: str
    name: str
    name_en: str
    shares: int
    value_fen: int
    paid_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditCardOpening:
    """An open account's card that becomes a credit card; its account holds what may still be spent."""

    account_no: str
    card_no: str
    limit_fen: int
    statement_day: int
    due_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBill:
    """A credit card's last bill; `left_fen` is still to be paid by `due_on`, `least_fen` of it at least."""

    card_tail: str
    holder_masked: str
    statement_on: date
    due_on: date
    bill_fen: int
    left_fen: int
    least_fen: int
    owed_fen: int
