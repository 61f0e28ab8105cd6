"""The SQL of refunds in the v3 shape: which order a merchant's own refund number belongs to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_NOTE = """
insert into institutions.v3_refund (mchid, out_refund_no, order_id, body_hash, notify_url, asked_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (mchid, out_refund_no) do update
   set order_id = excluded.order_id, body_hash = excluded.body_hash, notify_url = excluded.notify_url,
       asked_at = excluded.asked_at
"""
_ASKED = """
select mchid, out_refund_no, order_id, body_hash, notify_url, asked_at from institutions.v3_refund
 where mchid = %s and out_refund_no = %s
"""


@dataclass(frozen=True, slots=True)
class AskedRefund:
    """A refund as a merchant asked for it; `notify_url` is empty where it wants no word of it."""

    mchid: str
    out_refund_no: str
    order_id: UUID
    body_hash: bytes
    notify_url: str
    asked_at: datetime


async def note_refund(connection: Connection, asked: AskedRefund) -> None:
    """Remember a refund before it is begun; one that never began gives its number up to the next."""
    a = asked
    await connection.execute(_NOTE, [a.mchid, a.out_refund_no, a.order_id, a.body_hash, a.notify_url, a.asked_at])


async def asked_refund(connection: Connection, mchid: str, out_refund_no: str) -> AskedRefund | None:
    """What a merchant asked under a refund number."""
    row = await (await connection.execute(_ASKED, [mchid, out_refund_no])).fetchone()
    return AskedRefund(*row) if row else None
