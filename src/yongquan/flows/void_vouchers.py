"""Staff make vouchers void, with a reason that the citizen is told: some by id, or all of a round that nobody used.

Void is not expiry: it is a person's doing, audited. The face value goes to the type's recycled money, and with the
round's end back to the budget. Vouchers that are in a payment, used or gone stay as they are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.steer_campaign import REASON_MAX, STEERING_ROLES, UnknownCampaign
from yongquan.kernel.errors import BadInput
from yongquan.kernel.ids import cell_of, named_id
from yongquan.kernel.reasons import require_reason
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Staff
from yongquan.vouchers.steering import lock_round
from yongquan.vouchers.voiding import VoidedVoucher, places_of, unused_of_round, void

AT_ONCE = 1000
BY_ID_MAX = 1000


@dataclass(frozen=True, slots=True)
class VoidWish:
    """Who makes vouchers void (or freezes them), and why (1 to `REASON_MAX` characters, shown to the citizen)."""

    staff: Staff
    reason: str

    def __post_init__(self) -> None:
        require_reason(self.reason, most=REASON_MAX)

    def entry(self, subject: str, vouchers: Sequence[VoidedVoucher]) -> AuditEntry:
        """The audit entry of what was made void."""
        return AuditEntry(
            actor=self.staff.actor,
            action="voucher.void",
            subject=subject,
            before=None,
            after={
                "vouchers": len(vouchers),
                "amount_fen": sum(v.amount_fen for v in vouchers),
                "reason": self.reason,
            },
        )


@dataclass(frozen=True, slots=True)
class Voided:
    """How many vouchers became void, and their face value in fen."""

    vouchers: int
    amount_fen: int


async def void_vouchers(
    database: Database, voucher_ids: Iterable[UUID], wish: VoidWish, *, cells: int, now: datetime
) -> Voided:
    """Make these vouchers void, all in one commit; `now` is the product's time.

    Raises `BadInput` for more than `BY_ID_MAX`, `UnknownCampaign` for ids that are no voucher, `Forbidden`.
    """
    gone: list[VoidedVoucher] = []
    async with database.transaction() as connection:
        for cell, ids in ids_by_cell(voucher_ids, cells).items():
            await require_places(connection, cell, ids, wish.staff)
            gone += await _void(connection, cell, ids, wish, now=now)
        for voucher in gone:
            await append(connection, wish.entry(f"voucher:{voucher.voucher_id}", [voucher]), now=wall_now())
    return _counted(gone)


async def void_round(database: Database, round_id: UUID, wish: VoidWish, *, cells: int, now: datetime) -> Voided:
    """Make void what nobody has used of a round, `AT_ONCE` a commit: a repeat goes on where the first stopped.

    Locks campaign, round, vouchers. Raises `UnknownCampaign`, `Forbidden`.
    """
    gone: list[VoidedVoucher] = []
    for cell in range(cells):
        part_size = AT_ONCE
        while part_size == AT_ONCE:
            async with database.transaction() as connection:
                found = await lock_round(connection, round_id)
                if found is None:
                    raise UnknownCampaign
                wish.staff.require(*STEERING_ROLES, adcode=found.adcode)
                ids = await unused_of_round(connection, cell, round_id, limit=AT_ONCE)
                part = await _void(connection, cell, ids, wish, now=now)
                if part:
                    await append(connection, wish.entry(f"round:{round_id}", part), now=wall_now())
            gone += part
            part_size = len(part)
    return _counted(gone)


def ids_by_cell(voucher_ids: Iterable[UUID], cells: int) -> dict[int, list[UUID]]:
    """Vouchers by their cells, both ascending. Raises `BadInput` for more than `BY_ID_MAX`."""
    by_cell: defaultdict[int, set[UUID]] = defaultdict(set)
    for id_ in voucher_ids:
        by_cell[cell_of(id_, cells)].add(id_)
    if sum(map(len, by_cell.values())) > BY_ID_MAX:
        raise BadInput(f"at most {BY_ID_MAX} vouchers at once")
    return {cell: sorted(ids) for cell, ids in sorted(by_cell.items())}


async def require_places(connection: Connection, cell: int, ids: Sequence[UUID], staff: Staff) -> None:
    """Raises `UnknownCampaign` for ids that are no voucher, `Forbidden` where one is of another's place."""
    places = await places_of(connection, cell, ids)
    if not places:
        raise UnknownCampaign("there is no such voucher")
    for adcode in places:
        staff.require(*STEERING_ROLES, adcode=adcode)


async def _void(
    connection: Connection, cell: int, ids: Sequence[UUID], wish: VoidWish, *, now: datetime
) -> list[VoidedVoucher]:
    gone = await void(connection, cell, ids, reason=wish.reason, actor=wish.staff.actor, now=now)
    transfers = [
        transfer
        for v in gone
        for transfer in ledger.recipes.void_voucher(
            event=named_id("void", v.voucher_id),
            voucher_id=v.voucher_id,
            type_id=v.type_id,
            amount_fen=v.amount_fen,
            frozen=v.was == "frozen",
        )
    ]
    await ledger.post(connection, transfers, cell=cell, now=now)
    return gone


def _counted(gone: Sequence[VoidedVoucher]) -> Voided:
    return Voided(len(gone), sum(v.amount_fen for v in gone))
