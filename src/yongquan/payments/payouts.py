"""Payouts (代付): money from a payer's account to a payee's, at whatever bank; states, steps, rules. Pure.

A payout takes the money from the payer's account at its bank, then brings it to the payee's. What the payee's bank
does not take goes back; what it wants to send back later does too. Both sides are one settlement day's, so that a
payout nets out with everything else and the operator holds nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from yongquan.institutions.connectors.service_messages import MOVED, Movement
from yongquan.kernel.errors import Refusal

PAYOUT_NO_MAX: Final = 64
AMOUNT_MAX_FEN: Final = 5_000_000_00
NAME_MAX: Final = 60
PURPOSE_MAX: Final = 100


class PayoutState(StrEnum):
    """Where a payout stands; `processing` also while a bank's answer is unknown."""

    ACCEPTED = "accepted"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETURNED = "returned"


class Stage(StrEnum):
    """What is to be done next for a payout; every stage is one movement at one bank."""

    DEBIT = "debit"
    CREDIT = "credit"
    GIVE_BACK = "give_back"
    TAKE_BACK = "take_back"
    DONE = "done"


PAYOUT_MOVES: Mapping[PayoutState, frozenset[PayoutState]] = {
    PayoutState.ACCEPTED: frozenset({PayoutState.PROCESSING}),
    PayoutState.PROCESSING: frozenset({PayoutState.SUCCEEDED, PayoutState.FAILED}),
    PayoutState.SUCCEEDED: frozenset({PayoutState.RETURNED}),
    # Only by sending it in again: nothing of a failed payout is out, so it may be tried anew under its number.
    PayoutState.FAILED: frozenset({PayoutState.ACCEPTED}),
    PayoutState.RETURNED: frozenset(),
}


class PayoutRefused(Refusal):
    """A payout that is not taken; `reason` says why."""

    code = "payout_refused"

    def __init__(self, reason: str, message: str = "", **facts: object) -> None:
        super().__init__(message or reason, reason=reason, **facts)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PayingAccount:
    """Whose money: `payer` is store:.., institution:.., funder:.. or citizen:..; numbers are unique within it.

    `funder_id` is set if it is a supervised account: its books follow.
    """

    payer: str
    bucket: int
    bank: str
    account: str
    name: str
    funder_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutWish:
    """One payment to an account: `account` is a card's or an account's number, `bank` its institution's code.

    Without `bank` the card number says it. The payee's bank compares the name unless it is empty.
    """

    payout_no: str
    account: str
    name: str
    amount_fen: int
    purpose: str = ""
    bank: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """A payout as it stands, with all that its banks are told."""

    cell: int
    payout_id: UUID
    payer: str
    payout_no: str
    body_hash: UUID
    turn: int
    payer_bank: str
    payer_account: str
    payee_bank: str
    payee_account: str
    payee_name: str
    amount_fen: int
    purpose: str
    funder_id: str | None
    state: PayoutState
    stage: Stage
    reason: str
    settlement_date: date | None
    returned_on: date | None
    facts: Mapping[str, object]
    asked_at: datetime
    ended_at: datetime | None

    @property
    def payee_tail(self) -> str:
        """The last four signs of the payee's account."""
        return self.payee_account[-4:]


@dataclass(frozen=True, slots=True)
class After:
    """What a bank's answer makes of a payout."""

    stage: Stage
    state: PayoutState
    reason: str


def check_wish(wish: PayoutWish) -> str:
    """What is wrong with a wish, field by field; "" if nothing is."""
    if not 1 <= len(wish.payout_no) <= PAYOUT_NO_MAX:
        return "bad_payout_no"
    if not 0 < wish.amount_fen <= AMOUNT_MAX_FEN:
        return "bad_amount"
    if len(wish.name) > NAME_MAX:
        return "bad_name"
    if not 6 <= len(wish.account) <= 40 or not wish.account.replace("-", "").isalnum():
        return "bad_account"
    return "bad_purpose" if len(wish.purpose) > PURPOSE_MAX else ""


def bank_of(payout: Payout) -> str:
    """Whose turn it is."""
    return payout.payer_bank if payout.stage in {Stage.DEBIT, Stage.GIVE_BACK} else payout.payee_bank


def movement_of(payout: Payout) -> Movement:
    """The movement that the present stage asks for; the same stage of the same turn is always the same movement."""
    debit, credit = f"{payout.payout_id.hex}-{payout.turn}-d", f"{payout.payout_id.hex}-{payout.turn}-c"
    day = payout.returned_on or payout.settlement_date
    if day is None:
        raise ValueError(f"payout {payout.payout_id} has no settlement day")
    common = {"amount_fen": payout.amount_fen, "settlement_date": day, "purpose": payout.purpose}
    payer, payee = payout.payer_account, payout.payee_account
    match payout.stage:
        case Stage.DEBIT:
            return Movement(id=debit, side="debit", account=payer, **common)  # type: ignore[arg-type]
        case Stage.CREDIT:
            return Movement(id=credit, side="credit", account=payee, name=payout.payee_name, **common)  # type: ignore[arg-type]
        case Stage.GIVE_BACK:
            return Movement(id=f"{debit}g", side="credit", account=payer, undoes=debit, **common)  # type: ignore[arg-type]
        case Stage.TAKE_BACK:
            return Movement(id=f"{credit}t", side="debit", account=payee, undoes=credit, **common)  # type: ignore[arg-type]
        case Stage.DONE:
            raise ValueError(f"payout {payout.payout_id} has ended")


def after(payout: Payout, code: str) -> After:
    """What comes after a bank's answer. Only a refusal ends in failure; silence changes nothing."""
    done = code == MOVED
    match payout.stage:
        case Stage.DEBIT if done:
            return After(Stage.CREDIT, PayoutState.PROCESSING, "")
        case Stage.DEBIT:
            return After(Stage.DONE, PayoutState.FAILED, f"payer_{code}")
        case Stage.CREDIT if done:
            return After(Stage.DONE, PayoutState.SUCCEEDED, "")
        case Stage.CREDIT:
            return After(Stage.GIVE_BACK, PayoutState.PROCESSING, code)
        case Stage.GIVE_BACK if done:
            ended = PayoutState.RETURNED if payout.returned_on else PayoutState.FAILED
            return After(Stage.DONE, ended, payout.reason)
        case Stage.TAKE_BACK if done:
            return After(Stage.GIVE_BACK, PayoutState.SUCCEEDED, payout.reason)
        case Stage.TAKE_BACK:
            return After(Stage.DONE, PayoutState.SUCCEEDED, "return_refused")
        case _:
            # A bank that debited an account does not refuse its money back: people must look.
            return After(payout.stage, payout.state, payout.reason)


def payout_of_movement(movement_id: str) -> tuple[UUID, int] | None:
    """Which payout and turn a credit belongs to; None if it is none of ours."""
    parts = movement_id.split("-")
    if len(parts) != 3 or parts[2] != "c" or len(parts[0]) != 32 or not parts[1].isdecimal():
        return None
    try:
        return UUID(hex=parts[0]), int(parts[1])
    except ValueError:
        return None
