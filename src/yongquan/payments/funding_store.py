"""The payments room's SQL for funders: what each paid of voucher types, of payments, of a period."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from yongquan.plumbing.db import Connection

_PAID = """
select s.type_id, s.funder_id, sum(s.amount_fen - payments.given_back(s))::bigint
  from payments.share s join payments.payment p on p.cell = s.cell and p.payment_id = s.payment_id
 where s.type_id = any (%s) and p.state in ('succeeded', 'refunding') group by s.type_id, s.funder_id
"""

# Shares are whole vouchers' discounts; what is owed to the shop is everything but the fees.
_UNEVEN = """
select count(*)::int, coalesce(min(p.payment_id::text), '')
  from payments.payment p
  left join (select cell, payment_id, sum(amount_fen)::bigint as fen, bool_or(amount_fen > face_fen) as beyond
               from payments.share group by cell, payment_id) s on s.cell = p.cell and s.payment_id = p.payment_id
 where coalesce(s.fen, 0) + p.charged_fen <> p.amount_fen or coalesce(s.fen, 0) <> p.discount_fen or s.beyond
"""
_SUMS = """
with done as (
    select cell, payment_id, issuer, acquirer, charged_fen, interchange_fen, network_fee_fen from payments.payment
     where state in ('succeeded', 'refunding', 'refunded')
)
select 201, issuer, sum(charged_fen)::bigint from done group by issuer
union all
select 202, s.funder_id, sum(s.amount_fen)::bigint
  from done d join payments.share s on s.cell = d.cell and s.payment_id = d.payment_id group by s.funder_id
union all
select 203, acquirer, sum(interchange_fen)::bigint from done group by acquirer
union all
select 204, acquirer, sum(network_fee_fen)::bigint from done group by acquirer
"""

_CAPS = "select scope, limit_fen from payments.subsidy_cap where funder_id = %s"
_USED = """
select scope, coalesce(max(used_fen), 0)::bigint from payments.subsidy_used
 where funder_id = %s and day in ('-infinity', %s) group by scope
"""
_SET_CAP = """
insert into payments.subsidy_cap (funder_id, scope, limit_fen) values (%s, %s, %s)
on conflict (funder_id, scope) do update set limit_fen = excluded.limit_fen
"""
_LIFT_CAP = "delete from payments.subsidy_cap where funder_id = %s and scope = %s"
# What was counted under an older cap of the scope is counted afresh from the shares.
_FORGET = "delete from payments.subsidy_used where funder_id = %s and scope = %s"
CAP_SCOPES = ("total", "day", "shop", "shop_day")


async def paid_of_types(connection: Connection, type_ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """What funders paid for redeemed vouchers of some types, less what refunds gave back."""
    rows = await (await connection.execute(_PAID, [list(type_ids)])).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


async def count_uneven_payments(connection: Connection) -> tuple[int, str]:
    """Payments whose funders' shares and charge are not their amount: how many, and one of them."""
    row = await (await connection.execute(_UNEVEN)).fetchone()
    return (row[0], row[1]) if row else (0, "")


async def sums_of_payments(connection: Connection) -> dict[tuple[int, str], int]:
    """What payments that succeeded moved, by the ledger's posting code and who pays it."""
    return {(row[0], row[1]): row[2] for row in await (await connection.execute(_SUMS)).fetchall()}


async def caps_of(connection: Connection, funder_id: str) -> dict[str, int]:
    """A funder's caps in fen by scope: total, day, shop, shop_day."""
    return dict(await (await connection.execute(_CAPS, [funder_id])).fetchall())


async def used_of(connection: Connection, funder_id: str, day: date) -> dict[str, int]:
    """What is used of each cap today; of shops' caps, by the shop that used most."""
    return dict(await (await connection.execute(_USED, [funder_id, day])).fetchall())


async def set_cap(connection: Connection, funder_id: str, scope: str, limit_fen: int | None) -> None:
    """Set a cap, or lift it with None. A new one counts from what was paid until now."""
    had = scope in await caps_of(connection, funder_id)
    if limit_fen is not None:
        await connection.execute(_SET_CAP, [funder_id, scope, limit_fen])
    if limit_fen is None or not had:
        await connection.execute(_LIFT_CAP if limit_fen is None else _FORGET, [funder_id, scope])
