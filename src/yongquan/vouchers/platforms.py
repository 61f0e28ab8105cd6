"""What institutions' apps did with vouchers: counted by the app through which a voucher came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_DAYS = """
select claimed_on, count(*)::int, sum(amount_fen)::bigint, count(*) filter (where state = 'redeemed')::int,
       coalesce(sum(redeemed_fen) filter (where state = 'redeemed'), 0)::bigint,
       coalesce(array_agg(cell) filter (where state = 'redeemed'), '{}'),
       coalesce(array_agg(payment_id) filter (where state = 'redeemed'), '{}')
  from vouchers.voucher where platform = %s and state <> 'void' group by claimed_on order by claimed_on
"""
_CLAIMED = """
select v.voucher_id, v.cell, v.citizen_id, v.round_id, coalesce(t.part_of, v.type_id), v.amount_fen, v.claimed_at
  from vouchers.voucher v join vouchers.voucher_type t on t.type_id = v.type_id
 where v.platform = %(platform)s and (%(since)s::timestamptz is null or v.claimed_at >= %(since)s)
   and v.claimed_at < %(until)s
 order by v.claimed_at, v.voucher_id
"""
_OF = "select voucher_id from vouchers.voucher where platform = %s and voucher_id = any (%s)"

_BY_FUNDER = """
select count(*)::int, coalesce(sum(v.amount_fen), 0)::bigint, count(*) filter (where v.state = 'redeemed')::int,
       coalesce(sum(v.redeemed_fen) filter (where v.state = 'redeemed'), 0)::bigint, count(distinct v.citizen_id)::int,
       coalesce(array_agg(v.cell) filter (where v.state = 'redeemed'), '{}'),
       coalesce(array_agg(v.payment_id) filter (where v.state = 'redeemed'), '{}')
  from vouchers.voucher v join vouchers.campaign c on c.campaign_id = v.campaign_id
 where c.funder_id = %s and v.state <> 'void'
"""


@dataclass(frozen=True, slots=True)
class PlatformDay:
    """Vouchers claimed through an app on one business day, and what became of them. Amounts in fen."""

    day: date
    claimed: int
    claimed_fen: int
    redeemed: int
    redeemed_fen: int
    payments: tuple[tuple[int, UUID], ...]  # cell and payment


@dataclass(frozen=True, slots=True)
class PlatformClaim:
    """A voucher that was claimed through an app; `type_id` is the type that people see."""

    voucher_id: UUID
    cell: int
    citizen_id: UUID
    round_id: UUID
    type_id: UUID
    amount_fen: int
    claimed_at: datetime


async def platform_days(connection: Connection, platform: str) -> list[PlatformDay]:
    """The days of an app, oldest first."""
    rows = await (await connection.execute(_DAYS, [platform])).fetchall()
    return [PlatformDay(*(*row[:5], tuple(zip(row[5], row[6], strict=True)))) for row in rows]


async def claimed_through(
    connection: Connection, platform: str, *, since: datetime | None, until: datetime
) -> list[PlatformClaim]:
    """Every voucher claimed through an app in a period; `since` None is from the beginning."""
    period = {"platform": platform, "since": since, "until": until}
    return [PlatformClaim(*row) for row in await (await connection.execute(_CLAIMED, period)).fetchall()]


async def vouchers_through(connection: Connection, platform: str, voucher_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these vouchers came through an app."""
    return {row[0] for row in await (await connection.execute(_OF, [platform, list(voucher_ids)])).fetchall()}


@dataclass(frozen=True, slots=True)
class FundersVouchers:
    """What this platform issued of a funder's money. Amounts in fen."""

    issued: int
    issued_fen: int
    redeemed: int
    redeemed_fen: int
    people: int
    payments: list[tuple[int, UUID]]  # cell and payment


async def issued_by_funder(connection: Connection, funder_id: str) -> FundersVouchers:
    """All vouchers of a funder's campaigns; reads them all."""
    row = await (await connection.execute(_BY_FUNDER, [funder_id])).fetchone()
    if row is None:
        return FundersVouchers(0, 0, 0, 0, 0, [])
    return FundersVouchers(*(*row[:5], sorted(set(zip(row[5], row[6], strict=True)))))
