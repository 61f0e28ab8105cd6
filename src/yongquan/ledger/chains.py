"""What recipes are made of: single steps and the chains that tie them together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias
from uuid import UUID

from yongquan.kernel.ids import named_id
from yongquan.ledger.model import FEN, Kind, Posting, Transfer, TransferFlags, account_id

NETWORK = "network"
"""The operator as an owner of accounts: its fees, and what is on the way between cells."""

Place: TypeAlias = tuple[object, Kind]
"""Whose account, and what for."""


def chain_of(*parts: Sequence[Transfer]) -> list[Transfer]:
    """The recipes' transfers as one linked chain, in order, named after the event of the first."""
    transfers = [transfer for part in parts for transfer in part]
    transfers = [replace(t, chain_id=transfers[0].chain_id) for t in transfers]
    linked = [replace(t, flags=t.flags | TransferFlags.LINKED) for t in transfers[:-1]]
    return linked + [replace(t, flags=t.flags & ~TransferFlags.LINKED) for t in transfers[-1:]]


def turn(
    posting: Posting, source: Kind, target: Kind, *, event: UUID, voucher_id: UUID, type_id: object, amount_fen: int
) -> list[Transfer]:
    """One voucher's face value from one account of its type to another; nothing for 0 fen."""
    if amount_fen == 0:
        return []
    moved = step(event, posting, (type_id, source), (type_id, target), amount_fen)
    return [replace(moved, id=named_id(event, int(posting), voucher_id))]


def steps(event: UUID, *parts: tuple[Posting, Place, Place, int]) -> list[Transfer]:
    """The steps that move anything."""
    return [step(event, *part) for part in parts if part[3] != 0]


def step(event: UUID, posting: Posting, debit: Place, credit: Place, amount_fen: int) -> Transfer:
    """One transfer, named after its event, its posting and its accounts."""
    debit_account_id, credit_account_id = account_id(*debit), account_id(*credit)
    return Transfer(
        id=named_id(event, int(posting), debit_account_id, credit_account_id),
        chain_id=event,
        debit_account_id=debit_account_id,
        credit_account_id=credit_account_id,
        amount=amount_fen,
        ledger=FEN,
        code=int(posting),
    )
