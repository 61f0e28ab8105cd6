"""A citizen claims a pack: its first voucher as any claim, the others granted in the same commit, or nothing at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.claim_voucher import SOLD_OUT, Claim, ClaimDesk, ClaimOutcome
from yongquan.flows.grant_vouchers import Grant, grant_vouchers
from yongquan.kernel.ids import bucket_of_hex, named_id
from yongquan.plumbing.batcher import Batcher, BatchKind
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.model import Origin
from yongquan.vouchers.ways.packs import Pack, PackedVoucher, keep_packs, packed_vouchers

WON = frozenset({"claimed", "again"})


@dataclass(frozen=True, slots=True)
class PackClaim:
    """One request for a pack; `claim` names its first type."""

    claim: Claim
    pack: Pack


@dataclass(frozen=True, slots=True)
class PackOutcome:
    """The outcome of the first voucher, and all that came with it."""

    first: ClaimOutcome
    vouchers: tuple[PackedVoucher, ...] = ()


class _HalfPack(Exception):
    """A part is sold out: the transaction must not commit."""


class PackDesk:
    """Takes a process's claims of packs, one line a cell."""

    def __init__(self, database: Database, clock: Clock, claims: ClaimDesk, *, cells: int) -> None:
        self._database = database
        self._clock = clock
        self._claims = claims
        self._cells = cells
        self._lines: dict[int, Batcher[PackClaim, PackOutcome]] = {}

    async def claim(self, wanted: PackClaim) -> PackOutcome:
        """The outcome after its commit. Raises `Outage` if it is unknown: repeat with the same key."""
        if self._claims.knows_sold_out(wanted.claim):
            return PackOutcome(SOLD_OUT)
        cell = bucket_of_hex(wanted.claim.citizen) % self._cells
        line = self._lines.get(cell) or self._open_line(cell)
        outcome = await line.submit(wanted)
        while outcome.first.code == "retry":
            outcome = await line.submit(wanted)
        if outcome.first.code == "sold_out":
            await self._claims.remember_sold_out(wanted.claim.type)
        return outcome

    async def close(self) -> None:
        for line in self._lines.values():
            await line.close()

    def _open_line(self, cell: int) -> Batcher[PackClaim, PackOutcome]:
        async def run(connection: Connection, wanted: Sequence[PackClaim]) -> Sequence[PackOutcome]:
            return await self._run(connection, cell, wanted)

        kind = BatchKind(f"pack-{cell}", run, lambda wanted: wanted.claim.citizen, limit=64)
        self._lines[cell] = Batcher(self._database, kind)
        return self._lines[cell]

    async def _run(self, connection: Connection, cell: int, wanted: Sequence[PackClaim]) -> Sequence[PackOutcome]:
        try:
            return await self._together(connection, cell, wanted)
        except _HalfPack:
            if len(wanted) == 1:
                return [PackOutcome(SOLD_OUT)]
        # Somebody's part is sold out: the claims run again one by one, so that it is nobody else's trouble.
        outcomes: list[PackOutcome] = []
        for one in wanted:
            outcomes += await self._run(connection, cell, [one])
        return outcomes

    async def _together(self, connection: Connection, cell: int, wanted: Sequence[PackClaim]) -> Sequence[PackOutcome]:
        now = self._clock.now()
        async with connection.transaction():
            firsts = await self._claims.take(connection, cell, [one.claim for one in wanted])
            fresh = [
                (one, UUID(first.voucher_id))
                for one, first in zip(wanted, firsts, strict=True)
                if first.code == "claimed"
            ]
            await self._fill(connection, cell, fresh, now=now)
            won = [UUID(first.voucher_id) for first in firsts if first.code in WON]
            vouchers = await packed_vouchers(connection, cell, won) if won else {}
        return [
            PackOutcome(first, tuple(vouchers.get(UUID(first.voucher_id), ())) if first.code in WON else ())
            for first in firsts
        ]

    async def _fill(
        self, connection: Connection, cell: int, fresh: Sequence[tuple[PackClaim, UUID]], *, now: datetime
    ) -> None:
        grants = {first: _grants_of(one, first) for one, first in fresh}
        flat = [grant for mine in grants.values() for grant in mine]
        if not flat:
            return
        granted = iter(await grant_vouchers(connection, flat, origin=Origin.PACK, cells=self._cells, now=now))
        claimed: dict[UUID, tuple[UUID, UUID, list[UUID]]] = {}
        for one, first in fresh:
            vouchers = [first]
            for _ in grants[first]:
                voucher_id = next(granted).voucher_id
                if voucher_id is None:
                    raise _HalfPack
                vouchers.append(voucher_id)
            claimed[first] = (UUID(hex=one.claim.citizen), UUID(hex=one.claim.offer.round_hex), vouchers)
        await keep_packs(connection, cell, claimed)


def _grants_of(one: PackClaim, first: UUID) -> list[Grant]:
    """All of a pack but the one that was claimed."""
    types = [item.type_id for item in one.pack.items for _ in range(item.copies)]
    citizen = UUID(hex=one.claim.citizen)
    platform = one.claim.platform
    return [Grant(citizen, type_id, named_id("pack", first, n), platform) for n, type_id in enumerate(types) if n > 0]
