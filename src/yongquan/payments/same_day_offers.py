"""Same-day settlement as each acquirer offers it: whether, how late in the day, for what fee."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.payments.fees import Rate
from yongquan.plumbing.db import Connection

FIRST_CUT, LAST_CUT = 60, 1_410  # 01:00 to 23:30: the day before closes at 00:30
_ALL = "select acquirer, is_offered, last_cut, bp, floor_fen, cap_fen from payments.same_day_offer order by acquirer"
_SET = """
insert into payments.same_day_offer (acquirer, is_offered, last_cut, bp, floor_fen, cap_fen, set_at)
values (%s, %s, %s, %s, %s, %s, %s)
on conflict (acquirer) do update
   set is_offered = excluded.is_offered, last_cut = excluded.last_cut, bp = excluded.bp,
       floor_fen = excluded.floor_fen, cap_fen = excluded.cap_fen, set_at = excluded.set_at
"""
_SHOPS = """
select t.store_id, s.name, s.acquirer, t.cut_offs
  from payments.settlement_terms t join merchants.store s using (store_id)
 where t.cut_offs <> '{}' order by s.acquirer, s.name, t.store_id
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """An acquirer's product: cut-offs up to the minute `last_cut`, for `rate` on what is paid early."""

    is_offered: bool
    last_cut: int
    rate: Rate

    def takes(self, cut_no: int) -> bool:
        """Whether it settles at this cut-off."""
        return self.is_offered and cut_no <= self.last_cut


def plain_offer(rate: Rate) -> Offer:
    """What an acquirer that set nothing offers: all day, for the fee table's rate."""
    return Offer(is_offered=True, last_cut=LAST_CUT, rate=rate)


@dataclass(frozen=True, slots=True)
class ShopCutOffs:
    """A shop that is paid on the day itself."""

    store_id: UUID
    name: str
    acquirer: str
    cut_offs: tuple[int, ...]


async def offers(connection: Connection) -> dict[str, Offer]:
    """What acquirers set, by code."""
    rows = await (await connection.execute(_ALL)).fetchall()
    return {row[0]: Offer(row[1], row[2], Rate(*row[3:6])) for row in rows}


async def set_offer(connection: Connection, acquirer: str, offer: Offer, *, now: datetime) -> None:
    """Set what an acquirer offers from its next cut-off on."""
    rate = offer.rate
    values = [acquirer, offer.is_offered, offer.last_cut, rate.bp, rate.floor_fen, rate.cap_fen, now]
    await connection.execute(_SET, values)


async def shops_with_cut_offs(connection: Connection) -> list[ShopCutOffs]:
    """Every shop that is paid on the day itself."""
    rows = await (await connection.execute(_SHOPS)).fetchall()
    return [ShopCutOffs(row[0], row[1], row[2], tuple(row[3])) for row in rows]
