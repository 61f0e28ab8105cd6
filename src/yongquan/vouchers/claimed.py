"""What is known of a claim after its commit, for whoever looks at claims later; and whether claims are waiting now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.kernel.ids import cell_of
from yongquan.plumbing.db import Connection

_CLAIMED = """
select u.voucher_id, c.adcode, r.opens_at, v.threshold_fen, v.platform, d.device
  from unnest(%s::smallint[], %s::uuid[]) as u(cell, voucher_id)
  join lateral (
       select * from vouchers.voucher v where v.cell = u.cell and v.voucher_id = u.voucher_id limit 1) v on true
  join lateral (select * from vouchers.round r where r.round_id = v.round_id limit 1) r on true
  join lateral (select * from vouchers.campaign c where c.campaign_id = r.campaign_id limit 1) c on true
  left join lateral (
       select d.device from vouchers.device_claim d where d.voucher_id = u.voucher_id limit 1) d on true
"""
# Claims of a cell stand in one line (flows.claim_vouchers): in a rush there is always one that waits for its turn.
_WAITING = """
select exists (select from pg_locks
                where locktype = 'advisory' and classid = 20001 and objsubid = 2 and not granted)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One voucher that was claimed. `device` (a keyed hash) is known only where the round asks for one."""

    adcode: str | None  # of the campaign; None is the whole city
    opens_at: datetime
    threshold_fen: int
    platform: str | None
    device: UUID | None


async def claimed_of(connection: Connection, voucher_ids: Sequence[UUID], *, cells: int) -> dict[UUID, Claimed]:
    """What is known of each voucher's claim."""
    places = [cell_of(voucher_id, cells) for voucher_id in voucher_ids]
    rows = await (await connection.execute(_CLAIMED, [places, list(voucher_ids)], prepare=True)).fetchall()
    return {
        voucher_id: Claimed(
            adcode=adcode, opens_at=opens_at, threshold_fen=threshold_fen, platform=platform, device=device
        )
        for voucher_id, adcode, opens_at, threshold_fen, platform, device in rows
    }


async def claims_wait(connection: Connection) -> bool:
    """Whether a batch of claims waits for its turn anywhere."""
    row = await (await connection.execute(_WAITING)).fetchone()
    return bool(row and row[0])
