"""Gifts: what a store or an institution may give away, and what it gave. The SQL of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_NEW_QUOTA = """
insert into vouchers.gift_quota (quota_id, type_id, giver, quota, waits_days, made_by, made_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""
# What quotas promise and have not given yet; locked by the type's stock rows.
_PROMISED = "select coalesce(sum(quota - given), 0)::int from vouchers.gift_quota where type_id = %s"
_WAITING = """
select count(*)::int from vouchers.gift g join vouchers.gift_quota q on q.quota_id = g.quota_id
 where q.type_id = %s and g.state = 'waiting'
"""
_STOCK = "select stock - claimed from vouchers.stock where type_id = %s order by cell for no key update"
_QUOTAS = """
select q.quota_id, q.giver, q.quota, q.given, q.waits_days, q.type_id, t.name, t.name_en, t.amount_fen,
       t.threshold_fen, r.name, r.name_en, r.closes_at, r.state = 'published' and c.state = 'published', r.opens_at,
       c.adcode,
       (select count(*)::int from vouchers.gift g where g.quota_id = q.quota_id and g.state = 'delivered'),
       (select count(*)::int from vouchers.gift g where g.quota_id = q.quota_id and g.state = 'waiting')
  from vouchers.gift_quota q
  join vouchers.voucher_type t on t.type_id = q.type_id
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where (%(giver)s::text is null or q.giver = %(giver)s)
   and (%(quota)s::uuid is null or q.quota_id = %(quota)s)
   and (%(places)s::text[] is null or c.adcode = any (%(places)s))
 order by q.made_at desc limit 300
"""
_TAKE = "update vouchers.gift_quota set given = given + 1 where quota_id = %s and given < quota"
_GIVE_BACK = "update vouchers.gift_quota set given = given - 1 where quota_id = %s"
_SAVE = """
insert into vouchers.gift (cell, gift_id, quota_id, phone_index, phone_tail, state, given_at, expires_at)
values (%s, %s, %s, %s, %s, 'waiting', %s, %s) on conflict do nothing
"""
_FOUND = """
select g.cell, g.gift_id, g.quota_id, q.type_id, g.phone_tail, g.state, g.citizen_id, g.voucher_id, g.given_at,
       g.expires_at
  from vouchers.gift g join vouchers.gift_quota q on q.quota_id = g.quota_id
"""
_ONE = f"{_FOUND} where g.cell = %s and g.gift_id = %s for no key update of g"
_WAITING_FOR = f"""{_FOUND}
 where g.cell = %s and g.phone_index = %s and g.state = 'waiting' and g.expires_at > %s
 order by g.gift_id for no key update of g
"""
_OF_QUOTA = f"{_FOUND} where g.quota_id = %s order by g.given_at desc limit %s"
_END = """
update vouchers.gift set state = %s, citizen_id = %s, voucher_id = %s, ended_at = %s where cell = %s and gift_id = %s
"""
_EXPIRE = """
with gone as (
    update vouchers.gift set state = 'expired', ended_at = %(now)s
     where cell = %(cell)s and state = 'waiting' and expires_at <= %(now)s returning quota_id
), counted as (select quota_id, count(*)::int as n from gone group by quota_id)
update vouchers.gift_quota q set given = q.given - c.n from counted c where c.quota_id = q.quota_id returning c.n
"""


@dataclass(frozen=True, slots=True)
class GiftQuota:
    """What one giver (`store:<id>` or `institution:<code>`) may give of one type, and has given."""

    quota_id: UUID
    giver: str
    quota: int
    given: int
    waits_days: int
    type_id: UUID
    name: str
    name_en: str
    amount_fen: int
    threshold_fen: int
    round_name: str
    round_name_en: str
    closes_at: datetime
    is_out: bool
    opens_at: datetime
    adcode: str | None
    delivered: int
    waiting: int

    @property
    def left(self) -> int:
        return self.quota - self.given

    def is_open(self, now: datetime) -> bool:
        """Whether it can be given from now."""
        return self.is_out and self.opens_at <= now < self.closes_at


@dataclass(frozen=True, slots=True)
class Gift:
    """A voucher for a phone: waiting until the phone's owner registers, delivered, or expired."""

    cell: int
    gift_id: UUID
    quota_id: UUID
    type_id: UUID
    phone_tail: str
    state: str
    citizen_id: UUID | None
    voucher_id: UUID | None
    given_at: datetime
    expires_at: datetime


async def save_quota(
    connection: Connection,
    quota_id: UUID,
    *,
    type_id: UUID,
    giver: str,
    quota: int,
    waits_days: int,
    made_by: str,
    now: datetime,
) -> bool:
    """Write a quota down if the type's stock covers all that is promised; False if not. Locks the type's stock."""
    rows = await (await connection.execute(_STOCK, [type_id])).fetchall()
    promised = await (await connection.execute(_PROMISED, [type_id])).fetchone()
    waiting = await (await connection.execute(_WAITING, [type_id])).fetchone()
    if promised is None or waiting is None or sum(row[0] for row in rows) < promised[0] + waiting[0] + quota:
        return False
    await connection.execute(_NEW_QUOTA, [quota_id, type_id, giver, quota, waits_days, made_by, now])
    return True


async def quotas(
    connection: Connection,
    *,
    giver: str | None = None,
    quota_id: UUID | None = None,
    places: Sequence[str] | None = None,
) -> list[GiftQuota]:
    """Quotas of a giver, one of them, or those of some divisions' campaigns."""
    facts = {"giver": giver, "quota": quota_id, "places": None if places is None else list(places)}
    return [GiftQuota(*row) for row in await (await connection.execute(_QUOTAS, facts)).fetchall()]


async def take_from_quota(connection: Connection, quota_id: UUID) -> bool:
    """Count a gift; False if the quota is used up. Locks the quota."""
    return (await connection.execute(_TAKE, [quota_id])).rowcount == 1


async def give_back(connection: Connection, quota_id: UUID) -> None:
    """A gift that was counted does not come about."""
    await connection.execute(_GIVE_BACK, [quota_id])


async def save_gift(
    connection: Connection,
    cell: int,
    gift_id: UUID,
    *,
    quota_id: UUID,
    phone_index: bytes,
    phone_tail: str,
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Write a gift down as waiting; False if it is there already."""
    values = [cell, gift_id, quota_id, phone_index, phone_tail, now, expires_at]
    return (await connection.execute(_SAVE, values)).rowcount == 1


async def gift_of(connection: Connection, cell: int, gift_id: UUID) -> Gift | None:
    """One gift, kept from others until the commit."""
    row = await (await connection.execute(_ONE, [cell, gift_id])).fetchone()
    return Gift(*row) if row else None


async def waiting_for(connection: Connection, cell: int, phone_index: bytes, *, now: datetime) -> list[Gift]:
    """What waits for a phone, kept from others until the commit."""
    rows = await (await connection.execute(_WAITING_FOR, [cell, phone_index, now])).fetchall()
    return [Gift(*row) for row in rows]


async def gifts_of_quota(connection: Connection, quota_id: UUID, *, limit: int) -> list[Gift]:
    """The latest gifts of a quota."""
    return [Gift(*row) for row in await (await connection.execute(_OF_QUOTA, [quota_id, limit])).fetchall()]


async def end_gift(
    connection: Connection, gift: Gift, *, state: str, citizen_id: UUID, voucher_id: UUID | None, now: datetime
) -> None:
    """A waiting gift was delivered, or cannot be."""
    await connection.execute(_END, [state, citizen_id, voucher_id, now, gift.cell, gift.gift_id])


async def expire_gifts(connection: Connection, cell: int, *, now: datetime) -> int:
    """Let gifts that waited too long go, back to their quotas; say how many."""
    rows = await (await connection.execute(_EXPIRE, {"cell": cell, "now": now})).fetchall()
    return sum(row[0] for row in rows)
