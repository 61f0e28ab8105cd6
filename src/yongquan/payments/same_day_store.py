"""The payments room's SQL for same-day settlement: cut-offs, what each takes, and what institutions paid at it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from yongquan.payments.clearing import Moved, Owed, Position, StoreDay
from yongquan.plumbing.db import Connection

_DUE = """
select u.cut_no from (select distinct unnest(cut_offs) as cut_no from payments.settlement_terms) u
 where u.cut_no <= %(minute)s
   and exists (select from payments.settlement_day d where d.day = %(day)s and d.state = 'open')
   and not exists (select from payments.same_day_cut c where c.day = %(day)s and c.cut_no = u.cut_no)
 order by u.cut_no
"""
# The share lock makes a closing day wait for a cut-off that is being drawn.
_OPEN = "select state from payments.settlement_day where day = %s for key share"
_BEGIN = """
insert into payments.same_day_cut (day, cut_no, state, drawn_at) values (%s, %s, 'drawn', %s)
on conflict do nothing returning cut_no
"""
_TAKE = """
with shop as (
    select store_id from payments.settlement_terms where %(cut)s = any (cut_offs)
), item as (
    select p.cell, p.payment_id as item_id, p.acquirer, p.store_id, 1 as sign, p.issuer, p.charged_fen,
           p.interchange_fen, p.network_fee_fen, p.interchange_fen + p.network_fee_fen + p.acquirer_fee_fen as fee_fen
      from shop join payments.payment p using (store_id)
     where p.settlement_date = %(day)s and p.state in ('succeeded', 'refunding', 'refunded')
    union all
    select r.cell, r.refund_id, p.acquirer, p.store_id, -1, p.issuer, r.charged_fen, r.interchange_fen,
           r.network_fee_fen, r.interchange_fen + r.network_fee_fen + r.acquirer_fee_fen
      from payments.refund r join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
      join shop on shop.store_id = p.store_id
     where r.settlement_date = %(day)s and r.state = 'succeeded'
)
insert into payments.same_day_item (cell, item_id, day, cut_no, acquirer, store_id, sign, issuer, charged_fen,
                                    interchange_fen, network_fee_fen, fee_fen)
select i.cell, i.item_id, %(day)s, %(cut)s, i.acquirer, i.store_id, i.sign, i.issuer, i.charged_fen,
       i.interchange_fen, i.network_fee_fen, i.fee_fen
  from item i where i.charged_fen > 0
on conflict do nothing
"""
# What earlier days left for the shop is locked until the commit, so that no other line takes it.
_SHOPS = """
with own as (
    select i.acquirer, i.store_id, count(*) filter (where i.sign > 0) as payments,
           count(*) filter (where i.sign < 0) as refunds, sum(i.sign * i.charged_fen)::bigint as trade,
           sum(i.sign * i.fee_fen)::bigint as fee
      from payments.same_day_item i where i.day = %(day)s and i.cut_no = %(cut)s group by i.acquirer, i.store_id
), left_over as (
    select s.acquirer, s.store_id, s.carried_trade_fen, s.carried_subsidy_fen, s.carried_fee_fen
      from payments.settlement s join own using (acquirer, store_id)
     where s.carried_into is null and s.day <> %(day)s
       and (s.carried_trade_fen, s.carried_subsidy_fen, s.carried_fee_fen) <> (0, 0, 0)
     for update of s
), brought as (
    select acquirer, store_id, sum(carried_trade_fen)::bigint as trade, sum(carried_subsidy_fen)::bigint as subsidy,
           sum(carried_fee_fen)::bigint as fee from left_over group by acquirer, store_id
)
select o.acquirer, o.store_id, o.payments, o.refunds, o.trade, o.fee, coalesce(b.trade, 0), coalesce(b.subsidy, 0),
       coalesce(b.fee, 0), coalesce(t.minimum_fen, 0)
  from own o left join brought b using (acquirer, store_id) left join payments.settlement_terms t using (store_id)
 order by o.acquirer, o.store_id
"""
_LET_GO = """
delete from payments.same_day_item i using unnest(%(acquirers)s::text[], %(stores)s::uuid[]) as u(acquirer, store_id)
 where i.day = %(day)s and i.cut_no = %(cut)s and i.acquirer = u.acquirer and i.store_id = u.store_id
"""
_BRING = """
update payments.settlement s set carried_into = %(day)s, carried_into_cut = %(cut)s
  from unnest(%(acquirers)s::text[], %(stores)s::uuid[]) as u(acquirer, store_id)
 where s.acquirer = u.acquirer and s.store_id = u.store_id and s.carried_into is null and s.day <> %(day)s
   and (s.carried_trade_fen, s.carried_subsidy_fen, s.carried_fee_fen) <> (0, 0, 0)
"""
_MOVED = """
select i.cell, v.institution, sum(v.charged)::bigint, sum(v.acquired)::bigint, sum(v.fees)::bigint
  from payments.same_day_item i
 cross join lateral (values
       (i.issuer, i.sign * i.charged_fen, 0, i.sign * i.interchange_fen),
       (i.acquirer, 0, i.sign * i.charged_fen, -i.sign * (i.interchange_fen + i.network_fee_fen)),
       ('network', 0, 0, i.sign * i.network_fee_fen)) as v(institution, charged, acquired, fees)
 where i.day = %s and i.cut_no = %s group by i.cell, v.institution
"""
_ADD_POSITION = """
insert into payments.same_day_position (day, cut_no, cell, institution, charged_fen, acquired_fen, fees_fen, net_fen)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_POSITIONS = """
select cell, institution, charged_fen, acquired_fen, 0, fees_fen from payments.same_day_position
 where day = %s and cut_no = %s order by institution, cell
"""
_EARLY = """
select cell, institution, sum(net_fen)::bigint from payments.same_day_position where day = %s group by 1, 2
"""
_STATE = "select state from payments.same_day_cut where day = %s and cut_no = %s"
_OPEN_CUTS = """
select day, cut_no from payments.same_day_cut
 where state <> 'settled' and (%(day)s::date is null or day = %(day)s) order by day, cut_no
"""


async def due_cuts(connection: Connection, day: date, minute: int) -> list[int]:
    """Cut-offs whose minute has come and that were not drawn yet; none once the day has closed."""
    rows = await (await connection.execute(_DUE, {"day": day, "minute": minute})).fetchall()
    return [row[0] for row in rows]


async def begin_cut(connection: Connection, day: date, cut_no: int, *, now: datetime) -> bool:
    """Open a cut-off of an open day, once; keeps the day open until the commit."""
    row = await (await connection.execute(_OPEN, [day])).fetchone()
    if row is None or row[0] != "open":
        return False
    return await (await connection.execute(_BEGIN, [day, cut_no, now])).fetchone() is not None


async def take_items(connection: Connection, day: date, cut_no: int) -> list[StoreDay]:
    """Mark what the cut-off's shops took and no earlier one had; what each shop's card part and carried money are."""
    values = {"day": day, "cut": cut_no}
    await connection.execute(_TAKE, values)
    rows = await (await connection.execute(_SHOPS, values)).fetchall()
    return [
        StoreDay(
            acquirer=row[0],
            store_id=row[1],
            payments=row[2],
            refunds=row[3],
            own=Owed(trade_fen=row[4], fee_fen=row[5]),
            brought=Owed(*row[6:9]),
            minimum_fen=row[9],
        )
        for row in rows
    ]


async def let_go(connection: Connection, day: date, cut_no: int, shops: Collection[StoreDay]) -> None:
    """What these shops took waits for a later cut-off or the close."""
    await connection.execute(_LET_GO, _of_shops(day, cut_no, shops))


async def bring(connection: Connection, day: date, cut_no: int, shops: Collection[StoreDay]) -> None:
    """The cut-off's lines of these shops take over what earlier days left."""
    await connection.execute(_BRING, _of_shops(day, cut_no, shops))


async def moved_at(connection: Connection, day: date, cut_no: int) -> list[Moved]:
    """What the marked items moved between institutions: the card part and its fees."""
    return [Moved(*row) for row in await (await connection.execute(_MOVED, [day, cut_no])).fetchall()]


async def write_positions(
    connection: Connection, day: date, cut_no: int, found: Mapping[tuple[int, str], Position]
) -> None:
    """Fix the positions of a cut-off."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _ADD_POSITION,
            [
                (day, cut_no, cell, code, p.charged_fen, p.acquired_fen, p.fees_fen, p.net_fen)
                for (cell, code), p in found.items()
            ],
        )


async def positions_at(connection: Connection, day: date, cut_no: int) -> dict[tuple[int, str], Position]:
    """The positions of a cut-off by cell and institution."""
    rows = await (await connection.execute(_POSITIONS, [day, cut_no])).fetchall()
    return {(row[0], row[1]): Position(*row[1:]) for row in rows}


async def netted_early(connection: Connection, day: date) -> dict[tuple[int, str], int]:
    """What each institution paid (below zero: received) at the day's cut-offs, by cell."""
    rows = await (await connection.execute(_EARLY, [day])).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


async def state_of(connection: Connection, day: date, cut_no: int) -> str:
    """drawn, netted or settled; "" if it was never drawn."""
    row = await (await connection.execute(_STATE, [day, cut_no])).fetchone()
    return row[0] if row else ""


async def enter(connection: Connection, day: date, cut_no: int, state: str) -> None:
    """Move a cut-off on; it never goes back."""
    query = "update payments.same_day_cut set state = %s, waiting_for = '' where day = %s and cut_no = %s"
    await connection.execute(query + " and state <> 'settled'", [state, day, cut_no])


async def say_waiting(connection: Connection, day: date, cut_no: int, what_for: str) -> None:
    """Write down what a cut-off waits for."""
    query = "update payments.same_day_cut set waiting_for = %s where day = %s and cut_no = %s"
    await connection.execute(query, [what_for, day, cut_no])


async def unsettled_cuts(connection: Connection, *, day: date | None = None) -> list[tuple[date, int]]:
    """Cut-offs that were drawn and are not settled, of a day or of all."""
    return [(row[0], row[1]) for row in await (await connection.execute(_OPEN_CUTS, {"day": day})).fetchall()]


def _of_shops(day: date, cut_no: int, shops: Collection[StoreDay]) -> dict[str, object]:
    stores: Sequence[UUID] = [shop.store_id for shop in shops]
    return {"day": day, "cut": cut_no, "acquirers": [shop.acquirer for shop in shops], "stores": stores}
