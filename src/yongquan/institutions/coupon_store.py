"""The SQL of the coupon platform's shape: callers, tokens, orders."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.institutions.coupon_apps import TOKEN_LASTS, CouponApp
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

FOR_EXCHANGE = "coupon secret"
FOR_FIELDS = "coupon key"
_ADD = """
insert into institutions.coupon_app (app_id, institution, public_key_pem, secret_sealed, symmetric_sealed, added_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (app_id) do update set public_key_pem = excluded.public_key_pem, secret_sealed = excluded.secret_sealed,
                                   symmetric_sealed = excluded.symmetric_sealed
 where institutions.coupon_app.institution = excluded.institution
"""
_FIND = """
select c.app_id, c.institution, c.public_key_pem, c.secret_sealed, c.symmetric_sealed
  from institutions.coupon_app c join institutions.app a on a.institution = c.institution
 where a.state = 'active' and c.app_id = %s
"""
_ISSUE = "insert into institutions.coupon_token (token_hash, app_id, expires_at) values (%s, %s, %s)"
_HOLDER = "select app_id from institutions.coupon_token where token_hash = %s and expires_at > %s"
_FORGET = "delete from institutions.coupon_token where expires_at <= %s"
_BEGIN = """
insert into institutions.coupon_order (app_id, trans_seq_id, trans_ts, body_hash, coupon_id, wanted, asked_at)
values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_ORDER = """
select coupon_id, wanted, outcome, voucher_ids, body_hash from institutions.coupon_order
 where app_id = %s and trans_seq_id = %s and trans_ts = %s
"""
_LOCK = """
select voucher_ids from institutions.coupon_order
 where app_id = %s and trans_seq_id = %s and trans_ts = %s for no key update
"""
_END = """
update institutions.coupon_order set outcome = %s, voucher_ids = %s
 where app_id = %s and trans_seq_id = %s and trans_ts = %s and outcome is distinct from '00'
"""
_OF_VOUCHERS = """
select v.voucher_id, o.trans_seq_id, o.trans_ts, o.app_id from institutions.coupon_order o
  join institutions.coupon_app a on a.app_id = o.app_id
 cross join lateral unnest(o.voucher_ids) v(voucher_id)
 where a.institution = %s and o.voucher_ids && %s::uuid[] and v.voucher_id = any (%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class OrderKey:
    """How a caller numbers an order: its own number and its day (yyyyMMdd)."""

    app_id: str
    trans_seq_id: str
    trans_ts: str


@dataclass(frozen=True, slots=True)
class CouponOrder:
    """An order to give coupons; `outcome` None while it is under way, "00" when all were given."""

    coupon_id: str
    wanted: int
    outcome: str | None
    voucher_ids: Sequence[UUID]


async def save_app(connection: Connection, app: CouponApp, sealing: Sealing, *, now: datetime) -> bool:
    """Write a caller down, or its new key and secrets; False if the number is another institution's."""
    secret, symmetric = sealing.seal(app.secret, what=FOR_EXCHANGE), sealing.seal(app.symmetric_key, what=FOR_FIELDS)
    row = [app.app_id, app.institution, app.public_key_pem, secret, symmetric, now]
    return (await connection.execute(_ADD, row)).rowcount == 1


async def app_of(connection: Connection, app_id: str, sealing: Sealing) -> CouponApp | None:
    """A caller whose app is not paused."""
    row = await (await connection.execute(_FIND, [app_id])).fetchone()
    if row is None:
        return None
    secret, symmetric = sealing.open(bytes(row[3]), what=FOR_EXCHANGE), sealing.open(bytes(row[4]), what=FOR_FIELDS)
    return CouponApp(row[0], row[1], row[2], secret, symmetric)


async def issue_token(connection: Connection, app_id: str, *, now: datetime) -> str:
    """A token, good from now (real time) for `TOKEN_LASTS`; those that are over are forgotten."""
    token = secrets.token_urlsafe(32)
    await connection.execute(_FORGET, [now])
    await connection.execute(_ISSUE, [_hash(token), app_id, now + TOKEN_LASTS])
    return token


async def holder_of(connection: Connection, token: str, *, now: datetime) -> str | None:
    """Whose token this is; None if it is unknown or over."""
    row = await (await connection.execute(_HOLDER, [_hash(token), now])).fetchone()
    return row[0] if row else None


async def begin_order(
    connection: Connection, key: OrderKey, body_hash: bytes, *, coupon_id: str, wanted: int, now: datetime
) -> CouponOrder | None:
    """The order, written down if it is new; None if its number was used for another."""
    values = [key.app_id, key.trans_seq_id, key.trans_ts]
    await connection.execute(_BEGIN, [*values, body_hash, coupon_id, wanted, now])
    row = await (await connection.execute(_ORDER, values)).fetchone()
    return CouponOrder(*row[:4]) if row and bytes(row[4]) == body_hash else None


async def end_order(connection: Connection, key: OrderKey, *, outcome: str, voucher_ids: Sequence[UUID]) -> list[UUID]:
    """Write down what came of an order; one that was given in full stays so. Returns the vouchers that are new."""
    which = [key.app_id, key.trans_seq_id, key.trans_ts]
    row = await (await connection.execute(_LOCK, which)).fetchone()
    known = set(row[0]) if row else set()
    # A repeat that was stopped earlier, by a pause, knows no less than the first.
    kept = list(voucher_ids) if len(voucher_ids) >= len(known) else row[0] if row else []
    await connection.execute(_END, [outcome, kept, *which])
    return [id_ for id_ in voucher_ids if id_ not in known]


async def order_of(connection: Connection, key: OrderKey) -> CouponOrder | None:
    """An order that was asked for."""
    row = await (await connection.execute(_ORDER, [key.app_id, key.trans_seq_id, key.trans_ts])).fetchone()
    return CouponOrder(*row[:4]) if row else None


async def orders_of_vouchers(
    connection: Connection, institution: str, voucher_ids: Sequence[UUID]
) -> dict[UUID, OrderKey]:
    """By which orders of an institution some vouchers were given."""
    ids = list(voucher_ids)
    rows = await (await connection.execute(_OF_VOUCHERS, [institution, ids, ids])).fetchall()
    return {row[0]: OrderKey(row[3], row[1], row[2]) for row in rows}


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
