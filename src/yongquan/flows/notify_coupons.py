"""Events become notices in the coupon platform's shape, one a voucher; the courier of webhooks brings them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.institutions.coupon_store import OrderKey, orders_of_vouchers
from yongquan.kernel.ids import cell_of, named_id
from yongquan.payments.store import payment_of
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.outbox import Event, read_events, register_reader
from yongquan.plumbing.webhooks import endpoints_of, queue_notices

READER = "coupon-notices"
AT_ONCE = 500
GOT, REDEEMED, RETURNED, UNCHANGED, DELETED, EXPIRED = "01", "02", "03", "04", "05", "06"
PAY, REVERSAL, REFUND = "01", "31", "04"
_VOUCHER_EVENTS = {"coupon.given": GOT, "voucher.void": DELETED, "voucher.expired": EXPIRED}
_PAYMENT_EVENTS = {"payment.succeeded": (REDEEMED, PAY), "payment.failed": (RETURNED, REVERSAL)}
_FATES = {"used": UNCHANGED, "returned": RETURNED, "expired": EXPIRED, "forfeited": DELETED}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one voucher; `trans` is empty where no payment was part of it. Amounts in fen."""

    voucher_id: UUID
    type_id: str
    oper: str
    trans: str = ""
    amount_fen: int = 0
    payment_id: UUID | None = None


async def notify_coupons(database: Database, *, cells: int) -> bool:
    """Turn the next events into notices for those who want them; False if there was no news."""
    async with database.transaction() as connection:
        await register_reader(connection, READER)
        events = await read_events(connection, READER, limit=AT_ONCE)
        notices: list[tuple[UUID, UUID, str]] = []
        for event in events:
            named = event.payload.get("institutions")
            if not isinstance(named, list) or not named or not _is_told(event):
                continue
            endpoints = await endpoints_of(connection, "coupon", named)
            if endpoints:
                changes = await changes_of(connection, event, cells=cells)
                notices += await _notices(connection, event, endpoints, changes)
        if notices:
            await queue_notices(connection, notices)
    return bool(events)


async def changes_of(connection: Connection, event: Event, *, cells: int) -> list[Change]:
    """What an event did to vouchers."""
    payload: dict[str, Any] = event.payload
    if event.kind in _VOUCHER_EVENTS:
        return [Change(event.subject, payload["type_id"], _VOUCHER_EVENTS[event.kind])]
    if event.kind == "payment.refunded":
        return list(_refunded(event.subject, payload))
    oper, trans = _PAYMENT_EVENTS[event.kind]
    payment = await payment_of(connection, cell_of(event.subject, cells), event.subject)
    parts: dict[UUID, Change] = {}
    for share in payment.shares if payment else ():
        sum_fen = share.amount_fen + (parts[share.voucher_id].amount_fen if share.voucher_id in parts else 0)
        parts[share.voucher_id] = Change(share.voucher_id, str(share.type_id), oper, trans, sum_fen, event.subject)
    return list(parts.values())


def _is_told(event: Event) -> bool:
    return event.kind in _VOUCHER_EVENTS or event.kind in _PAYMENT_EVENTS or event.kind == "payment.refunded"


def _refunded(payment_id: UUID, payload: dict[str, Any]) -> Iterator[Change]:
    for effect in payload["vouchers"]:
        yield Change(
            UUID(effect["voucher_id"]),
            effect["type_id"],
            _FATES[effect["became"]],
            REFUND,
            int(effect["refunded_fen"]),
            payment_id,
        )


async def _notices(
    connection: Connection, event: Event, endpoints: Sequence[tuple[UUID, str]], changes: Sequence[Change]
) -> list[tuple[UUID, UUID, str]]:
    notices = []
    for endpoint_id, institution in endpoints:
        # Who did not order a voucher is not told of it: another app gave it, or the citizen claimed it elsewhere.
        orders = await orders_of_vouchers(connection, institution, [change.voucher_id for change in changes])
        for change in changes:
            if change.voucher_id in orders:
                notice_id = named_id("coupon-notice", event.event_id, change.voucher_id)
                body = notice(change, orders[change.voucher_id], event, institution)
                notices.append((endpoint_id, notice_id, json.dumps(body, ensure_ascii=False, separators=(",", ":"))))
    return notices


def notice(change: Change, order: OrderKey, event: Event, institution: str) -> dict[str, str]:
    """A notice as its receiver reads it; times in Asia/Shanghai, yyyyMMddHHmmss."""
    open_ids = event.payload.get("open_ids")
    body = {
        "appId": order.app_id,
        "operaTp": change.oper,
        "couponId": UUID(change.type_id).hex,
        "couponCd": change.voucher_id.hex,
        "openId": str(open_ids.get(institution, "")) if isinstance(open_ids, dict) else "",
        "origTransSeqId": order.trans_seq_id,
        "origTransTs": order.trans_ts,
        "operaTs": _time(event.happened_at),
        "notifyId": str(named_id("coupon-notice", event.event_id, change.voucher_id)),
    }
    if change.payment_id is not None:
        body |= {"transTp": change.trans, "transNo": change.payment_id.hex, "transAmt": str(change.amount_fen)}
    return body


def _time(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")
