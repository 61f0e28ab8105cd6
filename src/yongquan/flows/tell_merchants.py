"""Merchants in the v3 shape are told of coupons and orders: events become notices, due ones are tried, old ones go."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import httpx
import structlog
from cryptography.exceptions import InvalidTag

from yongquan.flows.say_v3_trade import V3Speech
from yongquan.flows.tell_v3_trades import KINDS, trade_notices
from yongquan.flows.transfer_by_v3 import TRANSFER_KINDS, transfer_notices
from yongquan.institutions.v3 import Seal
from yongquan.institutions.v3_notices import (
    Notice,
    Try,
    TryOutcome,
    add_notices,
    envelope,
    record_tries,
    take_due_notices,
    trim_notices,
)
from yongquan.institutions.v3_store import callbacks_on
from yongquan.kernel.ids import cell_of, named_id
from yongquan.plumbing.clock import SHANGHAI, wall_now
from yongquan.plumbing.couriers import Cadence, post_for_status, run_courier
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.outbox import Event, events_of, mark_read, next_step
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.v3_stocks import UsedCoupon, used_coupons

READER = "v3"
STEP = 20_000
LEASE_S = 60.0
AT_ONCE = 50
KEPT_DAYS = 30
TRIM_EVERY_S = 300.0

log = structlog.get_logger(__name__)


async def run_notices(database: Database, stop: asyncio.Event, *, sealing: Sealing, seal: Seal, cells: int) -> None:
    """Collect, tell and trim until `stop` is set; an outage of the database is logged and survived."""
    await run_courier(
        lambda client: NoticeCourier(database, sealing, seal, client, cells=cells).work, stop, name="notices"
    )


class NoticeCourier:
    """One worker's round; any number of processes may run one."""

    def __init__(
        self, database: Database, sealing: Sealing, seal: Seal, client: httpx.AsyncClient, *, cells: int
    ) -> None:
        self._database = database
        self._sealing = sealing
        self._seal = seal
        self._client = client
        self._cells = cells
        self._trimming = Cadence(TRIM_EVERY_S)

    async def work(self) -> bool:
        """One round; False if no notice was due."""
        async with self._database.transaction() as connection:
            await collect(connection, V3Speech(self._sealing, self._cells))
        async with self._database.transaction() as connection:
            due = await take_due_notices(connection, limit=AT_ONCE, lease_s=LEASE_S)
        if due:
            outcomes = await asyncio.gather(*(self._tell(one) for one in due))
            async with self._database.transaction() as connection:
                await record_tries(connection, outcomes)
        await self._trim()
        return bool(due)

    async def _tell(self, one: Try) -> TryOutcome:
        where = {"mchid": one.notice.mchid, "notice": str(one.notice.notice_id)}
        if one.api_key_sealed is None:
            log.error("notice_without_key", **where)
            return TryOutcome(one, None)
        try:
            api_key = self._sealing.open(one.api_key_sealed, what="api v3 key")
            return TryOutcome(one, await self._post(one.notice, api_key))
        except InvalidTag:
            # Sealed under another installation's key: the others' notices must go on.
            log.error("notice_key_unreadable", **where)  # noqa: TRY400 - the trace says nothing more
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            log.info("notice_unanswered", error=type(error).__name__, **where)
        return TryOutcome(one, None)

    async def _post(self, notice: Notice, api_key: str) -> int:
        body = envelope(notice, api_key=api_key)
        headers = {"Content-Type": "application/json", **self._seal.headers(body, now=wall_now())}
        return await post_for_status(self._client, notice.notify_url, body, headers)

    async def _trim(self) -> None:
        if not self._trimming.is_due():
            return
        async with self._database.transaction() as connection:
            await trim_notices(connection, days=KEPT_DAYS)


async def collect(connection: Connection, speech: V3Speech, *, limit: int = STEP) -> int:
    """Turn the next events of the outbox into notices, in the caller's transaction; says how many."""
    step = await next_step(connection, READER, limit=limit)
    if step is None:
        return 0
    events = await events_of(connection, step, kinds=["payment.succeeded", *KINDS, *TRANSFER_KINDS])
    notices = await _used_coupons(connection, [e for e in events if e.kind == "payment.succeeded"], cells=speech.cells)
    notices += await trade_notices(connection, [e for e in events if e.kind in KINDS], speech)
    notices += await transfer_notices(
        connection, [e for e in events if e.kind in TRANSFER_KINDS], sealing=speech.sealing, cells=speech.cells
    )
    await add_notices(connection, notices)
    await mark_read(connection, READER, step)
    return len(notices)


async def _used_coupons(connection: Connection, paid: Sequence[Event], *, cells: int) -> list[Notice]:
    events = {event.subject: event for event in paid}
    if not events:
        return []
    payers = [(cell_of(id_, cells), UUID(str(e.payload["citizen_id"])), id_) for id_, e in events.items()]
    coupons = await used_coupons(connection, payers)
    urls = await callbacks_on(connection, sorted({c.mchid for c in coupons}), "favor") if coupons else {}
    return [_used(c, events[c.payment_id], urls[c.mchid]) for c in coupons if c.mchid in urls]


def _used(coupon: UsedCoupon, event: Event, url: str) -> Notice:
    resource = {
        "stock_creator_mchid": coupon.mchid,
        "stock_id": coupon.type_id.hex,
        "coupon_id": coupon.voucher_id.hex,
        "coupon_name": coupon.name,
        "description": coupon.description or "",
        "status": "USED",
        "coupon_type": "NORMAL",
        "no_cash": False,
        "singleitem": False,
        "create_time": _told(coupon.claimed_at),
        "available_begin_time": _told(coupon.valid_from),
        "available_end_time": _told(coupon.valid_until),
        "normal_coupon_information": {
            "coupon_amount": coupon.amount_fen,
            "transaction_minimum": coupon.threshold_fen,
        },
        "consume_information": {
            "consume_time": _told(event.happened_at),
            "consume_mchid": UUID(str(event.payload["store_id"])).hex,
            "transaction_id": coupon.payment_id.hex,
        },
    }
    return Notice(
        named_id("v3-used", coupon.voucher_id, coupon.payment_id),
        coupon.mchid,
        url,
        "COUPON.USE",
        "代金券核销通知",
        "coupon",
        json.dumps(resource, ensure_ascii=False),
        event.happened_at,
    )


def _told(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")
