"""The proof: what must hold of the whole book, checked at one moment of it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from yongquan.ledger import proof_store
from yongquan.ledger.model import VOUCHER_KINDS, Kind, Posting
from yongquan.ledger.proof_store import TypeBalance
from yongquan.plumbing.db import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFacts:
    """What the vouchers' own tables say of a type, in fen of face value (redeemed: what was taken off).

    `recycled_fen` is all that ever expired, was void, was forfeited, or remained of a percentage voucher.
    """

    type_id: UUID
    stock_fen: int
    claimed_fen: int
    locked_fen: int
    frozen_fen: int
    redeemed_fen: int
    recycled_fen: int


ReadTypeFacts: TypeAlias = Callable[[Connection], Awaitable[Sequence[TypeFacts]]]
"""Reads the facts on the proof's own connection, so that both rooms are seen at the same moment."""


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: the number of its faults and one example."""

    name: str
    faults: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was checked. `holds` if nothing was found."""

    transfers: int
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        return all(check.faults == 0 for check in self.checks)


MakeChecks: TypeAlias = Callable[[Connection, Mapping[tuple[Posting, str], int]], Awaitable[Sequence[Check]]]
"""Makes further checks of the same moment, given what payments' postings came to by posting and owner."""


async def prove(
    connection: Connection, *, type_facts: ReadTypeFacts | None = None, payment_checks: MakeChecks | None = None
) -> Proof:
    """Check every invariant of the book. The connection must be outside a transaction; nothing is locked."""
    async with connection.transaction():
        await connection.execute("set transaction isolation level repeatable read, read only")
        checks = [
            Check(name, *await proof_store.count_faults(connection, statement))
            for name, statement in proof_store.FAULTS.items()
        ]
        in_transit_fen = await proof_store.in_transit_fen(connection)
        checks.append(
            Check("nothing_is_in_transit", int(in_transit_fen != 0), f"{in_transit_fen} fen" if in_transit_fen else "")
        )
        balances = await proof_store.type_balances(connection)
        checks.append(check_reserves(balances))
        if type_facts is not None:
            checks.append(check_facts(balances, await type_facts(connection)))
        if payment_checks is not None:
            checks += await payment_checks(connection, await proof_store.postings_of_payments(connection))
        return Proof(await proof_store.count_transfers(connection), tuple(checks))


def check_reserves(balances: Iterable[TypeBalance]) -> Check:
    """Every voucher's face value sits in exactly one account of its type, and none of them is below zero."""
    net: defaultdict[str, int] = defaultdict(int)
    reserved: defaultdict[str, int] = defaultdict(int)
    wrong: set[str] = set()
    for balance in balances:
        net[balance.type_id] += balance.net_fen
        reserved[balance.type_id] += balance.reserved_fen
        if balance.net_fen < 0:
            wrong.add(balance.type_id)
    wrong |= {type_id for type_id in net if net[type_id] != reserved[type_id]}
    return Check("face_value_sits_in_one_place", len(wrong), min(wrong, default=""))


def check_facts(balances: Iterable[TypeBalance], facts: Iterable[TypeFacts]) -> Check:
    """The ledger and the vouchers' own tables agree on every type."""
    booked = {(balance.type_id, balance.kind): balance for balance in balances}
    told = {str(fact.type_id): fact for fact in facts}
    wrong = [
        f"{type_id} {kind}: ledger {mine}, vouchers {theirs}"
        for type_id in sorted({type_id for type_id, _ in booked} | set(told))
        for kind in VOUCHER_KINDS
        if (mine := _booked_fen(booked.get((type_id, kind)), kind)) != (theirs := _told_fen(told.get(type_id), kind))
    ]
    return Check("vouchers_agree_with_the_ledger", len(wrong), wrong[0] if wrong else "")


def _booked_fen(balance: TypeBalance | None, kind: Kind) -> int:
    if balance is None:
        return 0
    return balance.put_fen if kind is Kind.RECYCLED else balance.net_fen


def _told_fen(fact: TypeFacts | None, kind: Kind) -> int:
    return int(getattr(fact, f"{kind.value}_fen")) if fact is not None else 0
