"""Merchant coupons (商家券): the shop takes the discount off itself, so no funder's money is in them. Their SQL.

A stock's row is locked while its coupons are sent, so that its limits hold; a coupon's while it moves.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection

CODE_DIGITS = 22
_ADD_STOCK = """
insert into vouchers.merchant_stock (stock_id, mchid, kind, code_mode, max_coupons, per_user, begins_at, ends_at, days,
                                     document, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_STOCK = """
select stock_id, mchid, kind, code_mode, max_coupons, per_user, begins_at, ends_at, days, document, created_at, sent
  from vouchers.merchant_stock where stock_id = %s
"""
_LOCKED = f"{_STOCK} for no key update"
_SENT = """
select count(*) filter (where openid = %s), count(*) filter (where received_at >= %s)
  from vouchers.merchant_coupon where stock_id = %s
"""
_NEXT_CODE = """
update vouchers.merchant_code c set sent = true
  from (select code from vouchers.merchant_code where stock_id = %(stock)s and not sent
         order by place limit 1 for update skip locked) n
 where c.stock_id = %(stock)s and c.code = n.code returning c.code
"""
_SEND = """
insert into vouchers.merchant_coupon (stock_id, code, openid, received_at, begins_at, expires_at, send_request,
                                      citizen_id)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_COUNT = "update vouchers.merchant_stock set sent = sent + 1 where stock_id = %s"
_COUPONS = """
select c.stock_id, c.code, c.openid, c.state, c.received_at, c.begins_at, c.expires_at, c.send_request, c.used_at,
       c.use_request, c.out_trade_no, c.deactivated_at, c.deactivate_reason
  from vouchers.merchant_coupon c join vouchers.merchant_stock s on s.stock_id = c.stock_id
"""
_COUPON = f"""{_COUPONS}
 where s.mchid = %s and c.code = %s and (%s::uuid is null or c.stock_id = %s) for no key update of c
"""
_OF_OPENID = f"{_COUPONS} where s.mchid = %s and c.openid = %s order by c.received_at desc, c.code"
_MOVE = """
update vouchers.merchant_coupon
   set state = %s, used_at = %s, use_request = %s, out_trade_no = %s, deactivated_at = %s, deactivate_reason = %s
 where stock_id = %s and code = %s
"""
_UPLOAD = """
insert into vouchers.merchant_code (stock_id, code, place)
select %s, u.code, coalesce((select max(place) from vouchers.merchant_code where stock_id = %s), 0) + u.place
  from unnest(%s::text[]) with ordinality as u(code, place) on conflict do nothing returning code
"""


class CouponState(Refusal):
    """The coupon's state or time does not allow it; the message says which."""

    code = "coupon_state"


class NoSuchCoupon(Refusal):
    """This merchant has no such coupon."""

    code = "no_such_coupon"


class StockSpent(Refusal):
    """Every coupon of the stock is sent, or no uploaded code is left."""

    code = "sold_out"


class LimitReached(Refusal):
    """The user has as many as the stock allows, or the day has."""

    code = "cap_reached"


class StockClosed(Refusal):
    """The stock's window is not open."""

    code = "not_open"


class CodeRefused(Refusal):
    """A code was given that the stock's way of coding does not take, or was missing, or is taken."""

    code = "code_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantStock:
    """A stock; `days` counts calendar days from the one a coupon begins, None until `ends_at`."""

    stock_id: UUID
    mchid: str
    kind: str
    code_mode: str
    max_coupons: int
    per_user: int
    begins_at: datetime
    ends_at: datetime
    days: int | None
    document: dict[str, Any]
    created_at: datetime
    sent: int = 0

    def window(self, received_at: datetime) -> tuple[datetime, datetime]:
        """When a coupon received now may be used; `wait_days_after_receive` of the document is waited first."""
        wait = self.document["coupon_use_rule"]["coupon_available_time"].get("wait_days_after_receive") or 0
        midnight = received_at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight + timedelta(days=wait)
        begins = max(received_at, self.begins_at, first if wait else received_at)
        ends = self.ends_at if self.days is None else min(self.ends_at, first + timedelta(days=self.days))
        return begins, ends


@dataclass(frozen=True, slots=True)
class MerchantCoupon:
    """One coupon; `state` is SENDED, USED or DEACTIVATED."""

    stock_id: UUID
    code: str
    openid: str
    state: str
    received_at: datetime
    begins_at: datetime
    expires_at: datetime
    send_request: str
    used_at: datetime | None
    use_request: str | None
    out_trade_no: str | None
    deactivated_at: datetime | None
    deactivate_reason: str | None

    def shown_state(self, now: datetime) -> str:
        """What a client is told: an unused coupon whose time is over is EXPIRED."""
        return "EXPIRED" if self.state == "SENDED" and now >= self.expires_at else self.state


async def add_merchant_stock(connection: Connection, stock: MerchantStock) -> None:
    """Write a new stock."""
    s = stock
    row = [s.stock_id, s.mchid, s.kind, s.code_mode, s.max_coupons, s.per_user, s.begins_at, s.ends_at, s.days]
    await connection.execute(_ADD_STOCK, [*row, Jsonb(s.document), s.created_at])


async def merchant_stock(connection: Connection, stock_id: UUID, *, lock: bool = False) -> MerchantStock | None:
    """A stock, whoever made it; `lock` keeps it until the commit."""
    row = await (await connection.execute(_LOCKED if lock else _STOCK, [stock_id])).fetchone()
    if row is None:
        return None
    return MerchantStock(
        stock_id=row[0],
        mchid=row[1],
        kind=row[2],
        code_mode=row[3],
        max_coupons=row[4],
        per_user=row[5],
        begins_at=row[6],
        ends_at=row[7],
        days=row[8],
        document=row[9],
        created_at=row[10],
        sent=row[11],
    )


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets a coupon: the merchant's name of the citizen, and the citizen."""

    openid: str
    citizen_id: UUID


async def send_coupon(
    connection: Connection, stock: MerchantStock, to: Receiver, *, code: str | None, request_no: str, now: datetime
) -> str:
    """Send a coupon of a locked stock; its code. Raises `StockClosed`, `StockSpent`, `LimitReached`, `CodeRefused`."""
    if now >= stock.ends_at:
        raise StockClosed("批次已过期")
    if stock.sent >= stock.max_coupons:
        raise StockSpent
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    row = await (await connection.execute(_SENT, [to.openid, midnight, stock.stock_id])).fetchone()
    mine, today = row or (0, 0)
    by_day = stock.document["stock_send_rule"].get("max_coupons_by_day")
    if mine >= stock.per_user or (by_day is not None and today >= by_day):
        raise LimitReached
    chosen = await _code(connection, stock, code)
    begins_at, expires_at = stock.window(now)
    values = [stock.stock_id, chosen, to.openid, now, begins_at, expires_at, request_no, to.citizen_id]
    if (await connection.execute(_SEND, values)).rowcount == 0:
        raise CodeRefused("coupon_code 已被使用")
    await connection.execute(_COUNT, [stock.stock_id])
    return chosen


async def coupon_of(connection: Connection, mchid: str, code: str, stock_id: UUID | None) -> MerchantCoupon:
    """A merchant's coupon, locked until the commit. Raises `NoSuchCoupon`, also where a code is not enough."""
    rows = await (await connection.execute(_COUPON, [mchid, code, stock_id, stock_id])).fetchall()
    if len(rows) != 1:
        raise NoSuchCoupon("券不存在" if not rows else "券 code 对应多张券,请指定 stock_id")
    return MerchantCoupon(*rows[0])


async def coupons_of_openid(connection: Connection, mchid: str, openid: str) -> list[MerchantCoupon]:
    """A user's coupons of a merchant, the newest first."""
    rows = await (await connection.execute(_OF_OPENID, [mchid, openid])).fetchall()
    return [MerchantCoupon(*row) for row in rows]


async def write_coupon(connection: Connection, coupon: MerchantCoupon) -> None:
    """Write what changed of a locked coupon."""
    c = coupon
    values = [c.state, c.used_at, c.use_request, c.out_trade_no, c.deactivated_at, c.deactivate_reason]
    await connection.execute(_MOVE, [*values, c.stock_id, c.code])


async def upload_codes(connection: Connection, stock_id: UUID, codes: Sequence[str]) -> list[str]:
    """Add codes to a stock; returns those that were new."""
    rows = await (await connection.execute(_UPLOAD, [stock_id, stock_id, list(codes)])).fetchall()
    return [row[0] for row in rows]


async def _code(connection: Connection, stock: MerchantStock, given: str | None) -> str:
    if stock.code_mode == "MERCHANT_API":
        if not given:
            raise CodeRefused("MERCHANT_API 模式需指定 coupon_code")
        return given
    if given:
        raise CodeRefused("仅 MERCHANT_API 模式可指定 coupon_code")
    if stock.code_mode == "WECHATPAY_MODE":
        return f"{secrets.randbelow(9 * 10 ** (CODE_DIGITS - 1)) + 10 ** (CODE_DIGITS - 1)}"
    row = await (await connection.execute(_NEXT_CODE, {"stock": stock.stock_id})).fetchone()
    if row is None:
        raise StockSpent("没有可用的券 code")
    return str(row[0])
