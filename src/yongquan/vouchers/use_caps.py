"""Caps of use: how many more vouchers of a type a citizen may use, read before pricing, checked again under lock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from yongquan.kernel.ids import cell_of
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database
from yongquan.vouchers.selection import HeldVoucher

_ROOM = """
select u.type_id, min(u.room) from (
       select type_id, room from vouchers.use_room(%(cell)s, %(today)s, %(citizen)s, %(merchant)s, %(types)s)
       union all
       select type_id, least(here, anywhere) from vouchers.everyone_room(%(today)s, %(merchant)s, %(types)s)) u
 group by u.type_id
"""


async def within_use_caps(
    database: Database, held: Sequence[HeldVoucher], *, cells: int, citizen_id: UUID, merchant: str, now: datetime
) -> list[HeldVoucher]:
    """The vouchers, those that caps of use forbid marked as spent. Asks the database only where a type has caps."""
    capped = {v.type.type_hex for v in held if v.type.rules.use.caps}
    if not capped:
        return list(held)
    values = {"cell": cell_of(citizen_id, cells), "today": business_day(now), "citizen": citizen_id}
    values |= {"merchant": merchant, "types": [UUID(hex=h) for h in capped]}
    async with database.transaction() as connection:
        rows = await (await connection.execute(_ROOM, values)).fetchall()
    return mark_capped(held, {type_id.hex: room for type_id, room in rows})


def mark_capped(held: Sequence[HeldVoucher], room: Mapping[str, int]) -> list[HeldVoucher]:
    """Leave at most `room` vouchers of a type unmarked, those that take off most, then the earliest to expire."""
    left = defaultdict(int, room)
    marked = {}
    for v in sorted(held, key=lambda v: (-v.amount_fen, v.valid_until, v.voucher_id)):
        if v.type.type_hex in room:
            marked[v.voucher_id] = replace(v, is_capped=left[v.type.type_hex] <= 0)
            left[v.type.type_hex] -= 1
    return [marked.get(v.voucher_id, v) for v in held]
