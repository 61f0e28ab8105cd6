"""Transfers between citizens' cards at any bank: limits, and what a payee shows of itself. Pure."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from yongquan.kernel.ids import named_id
from yongquan.payments.payouts import PayoutRefused

ONE_MAX_FEN: Final = 50_000_00
TO_PHONE_MAX_FEN: Final = 5_000_00
DAY_MAX_FEN: Final = 100_000_00
NOTE_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferWish:
    """From one of a citizen's cards to `to`: a card number, with the payee's name, or a mobile number.

    `masked` is the payee's name as it was shown and confirmed ("" before that).
    """

    instrument_id: UUID
    to: str
    amount_fen: int
    name: str = ""
    note: str = ""
    masked: str = ""

    @property
    def is_to_phone(self) -> bool:
        return len(self.to) == 11

    @property
    def purpose(self) -> str:
        """What a one-time code for this transfer is good for, and nothing else."""
        return f"transfer {named_id(self.instrument_id, self.to, self.amount_fen, self.masked).hex}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """Whom the money goes to, as the payer may see it."""

    bank: str
    account_tail: str
    masked: str


def check_transfer(wish: TransferWish) -> None:
    """Raises `PayoutRefused`: bad_amount, over_limit, bad_payee, name_missing, bad_note."""
    limit_fen = TO_PHONE_MAX_FEN if wish.is_to_phone else ONE_MAX_FEN
    for reason, wrong in (
        ("bad_payee", not wish.to.isdecimal() or not (wish.is_to_phone or 12 <= len(wish.to) <= 19)),
        ("name_missing", not wish.is_to_phone and not wish.name),
        ("bad_amount", wish.amount_fen <= 0),
        ("over_limit", wish.amount_fen > limit_fen),
        ("bad_note", len(wish.note) > NOTE_MAX),
    ):
        if wrong:
            raise PayoutRefused(reason, limit_fen=limit_fen)
