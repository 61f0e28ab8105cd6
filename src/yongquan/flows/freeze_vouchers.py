"""Staff freeze vouchers while a suspicion is looked into, and thaw them if it did not hold; else they become void.

A frozen voucher keeps its place in the wallet and in the caps, cannot be used, and does not expire. Thawed, it is as it
was: the days in between are not added, so one whose validity is over expires then.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from yongquan import ledger
from yongquan.flows.void_vouchers import VoidWish, ids_by_cell, require_places
from yongquan.kernel.ids import named_id
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.freezing import FrozenVoucher, freeze, thaw

To = Literal["frozen", "held"]


async def freeze_vouchers(
    database: Database, voucher_ids: Iterable[UUID], wish: VoidWish, *, to: To, cells: int, now: datetime
) -> int:
    """Freeze (`to` frozen) or thaw (held) these vouchers in one commit; says how many moved.

    Locks vouchers. Raises `BadInput`, `UnknownCampaign`, `Forbidden` as `void_vouchers`.
    """
    move = freeze if to == "frozen" else thaw
    moved: list[FrozenVoucher] = []
    async with database.transaction() as connection:
        for cell, ids in ids_by_cell(voucher_ids, cells).items():
            await require_places(connection, cell, ids, wish.staff)
            part = await move(connection, cell, ids, reason=wish.reason, actor=wish.staff.actor, now=now)
            await _post(connection, cell, part, to=to, now=now)
            moved += part
        action = "voucher.frozen" if to == "frozen" else "voucher.thawed"
        for voucher in moved:
            entry = AuditEntry(
                actor=wish.staff.actor,
                action=action,
                subject=f"voucher:{voucher.voucher_id}",
                after={"reason": wish.reason, "amount_fen": voucher.amount_fen},
            )
            await append(connection, entry, now=wall_now())
    return len(moved)


async def _post(connection: Connection, cell: int, moved: Sequence[FrozenVoucher], *, to: To, now: datetime) -> None:
    recipe = ledger.recipes.freeze_voucher if to == "frozen" else ledger.recipes.thaw_voucher
    transfers = [
        transfer
        for v in moved
        for transfer in recipe(
            event=named_id(to, v.freeze_id), voucher_id=v.voucher_id, type_id=v.type_id, amount_fen=v.amount_fen
        )
    ]
    await ledger.post(connection, transfers, cell=cell, now=now)
