"""Cards that a merchant may charge without a page, their tokens, and the one-time codes that come before: their SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from yongquan.plumbing.db import Connection

LASTS: Final = timedelta(days=5 * 365)
CODE_LASTS: Final = timedelta(minutes=10)
TRIES_MAX: Final = 5
_COLUMNS = """
       mer_id, biz_type, pan_index, citizen_id, instrument_id, issuer, pan_tail, phone_sealed, token, tr_id,
       order_id, txn_time, opened_at, ends_at
"""
_OPEN = f"""
insert into institutions.acp_card ({_COLUMNS})
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (mer_id, biz_type, pan_index) do update
   set phone_sealed = coalesce(excluded.phone_sealed, acp_card.phone_sealed),
       token = coalesce(excluded.token, acp_card.token), tr_id = excluded.tr_id, order_id = excluded.order_id,
       txn_time = excluded.txn_time, opened_at = excluded.opened_at, ends_at = excluded.ends_at
"""
_SELECT = f"select {_COLUMNS} from institutions.acp_card"
_BY_PAN = f"{_SELECT} where mer_id = %s and biz_type = %s and pan_index = %s"
_BY_TOKEN = f"{_SELECT} where mer_id = %s and token = %s"
_BY_OPENING = f"{_SELECT} where mer_id = %s and order_id = %s and (%s = '' or txn_time = %s) order by opened_at desc"
_CLOSE = "delete from institutions.acp_card where mer_id = %s and token = %s"
_RENEW = "update institutions.acp_card set ends_at = %s, token = %s where mer_id = %s and token = %s"
_SEND = """
insert into institutions.acp_sms (mer_id, order_id, txn_time, kind, code_index, pan_index, sent_at)
values (%s, %s, %s, %s, %s, %s, %s)
    on conflict (mer_id, order_id, txn_time, kind) do update
   set code_index = excluded.code_index, pan_index = excluded.pan_index, tries = 0, sent_at = excluded.sent_at
"""
_TRY = """
update institutions.acp_sms set tries = tries + 1
 where mer_id = %s and order_id = %s and txn_time = %s and pan_index = %s and sent_at > %s and tries < %s
returning code_index
"""


@dataclass(frozen=True, slots=True)
class OpenedCard:
    """A card a merchant may charge; `token` stands for it where the merchant keeps no number."""

    mer_id: str
    biz_type: str
    pan_index: bytes
    citizen_id: UUID
    instrument_id: UUID
    issuer: str
    pan_tail: str
    phone_sealed: bytes | None
    token: str | None
    tr_id: str | None
    order_id: str
    txn_time: str
    opened_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SentCode:
    """A one-time code for the order of these numbers; the code and the card are known by blind index only."""

    mer_id: str
    order_id: str
    txn_time: str
    kind: str
    code_index: bytes
    pan_index: bytes
    sent_at: datetime


async def open_card(connection: Connection, card: OpenedCard) -> None:
    """Keep an opened card; opening it again renews it and leaves its token as it was."""
    row = [getattr(card, name) for name in OpenedCard.__slots__]
    await connection.execute(_OPEN, row)


async def card_of(connection: Connection, mer_id: str, biz_type: str, pan_index: bytes) -> OpenedCard | None:
    """A merchant's opened card by its number's index."""
    return _card(await (await connection.execute(_BY_PAN, [mer_id, biz_type, pan_index])).fetchone())


async def card_by_token(connection: Connection, mer_id: str, token: str) -> OpenedCard | None:
    """A merchant's opened card by its token."""
    return _card(await (await connection.execute(_BY_TOKEN, [mer_id, token])).fetchone())


async def card_by_opening(
    connection: Connection, mer_id: str, order_id: str, *, txn_time: str = ""
) -> OpenedCard | None:
    """The card that was opened under an order number."""
    found = await connection.execute(_BY_OPENING, [mer_id, order_id, txn_time, txn_time])
    return _card(await found.fetchone())


async def close_token(connection: Connection, mer_id: str, token: str) -> bool:
    """Forget a token and its card; False if there was none."""
    return (await connection.execute(_CLOSE, [mer_id, token])).rowcount == 1


async def renew_token(connection: Connection, mer_id: str, token: str, *, fresh: str, ends_at: datetime) -> None:
    """Put a fresh token in an old one's place."""
    await connection.execute(_RENEW, [ends_at, fresh, mer_id, token])


async def send_code(connection: Connection, code: SentCode) -> None:
    """Keep what was sent; a newer code takes the older one's place."""
    row = [getattr(code, name) for name in SentCode.__slots__]
    await connection.execute(_SEND, row)


async def try_code(
    connection: Connection, key: tuple[str, str, str], *, pan_index: bytes, code_index: bytes, now: datetime
) -> bool:
    """Whether this is the code that was sent for the card under these numbers; every try counts."""
    rows = await (await connection.execute(_TRY, [*key, pan_index, now - CODE_LASTS, TRIES_MAX])).fetchall()
    return any(bytes(row[0]) == code_index for row in rows)


def _card(row: Sequence[Any] | None) -> OpenedCard | None:
    return None if row is None else OpenedCard(*row)
