"""What merchants in the v3 shape are told of their orders: paid, and given back."""

import json
from collections.abc import Sequence
from uuid import UUID

from yongquan.flows.say_v3_trade import V3Speech
from yongquan.flows.trade_by_v3 import DOOR, REFUND_PREFIX
from yongquan.institutions.v3_notices import Notice
from yongquan.institutions.v3_refunds import asked_refund
from yongquan.kernel.ids import cell_of, named_id
from yongquan.payments.orders import TradeOrder
from yongquan.payments.orders_store import order_by_id
from yongquan.payments.refund_views import refunds_of
from yongquan.plumbing.db import Connection
from yongquan.plumbing.outbox import Event

KINDS = ["order.succeeded", "order.refunded"]


async def trade_notices(connection: Connection, events: Sequence[Event], speech: V3Speech) -> list[Notice]:
    """The notices of some events of orders; those of other doors, and what nobody asked to hear, give none."""
    notices: list[Notice] = []
    for event in events:
        if event.payload["door"] != DOOR:
            continue
        order_id = UUID(str(event.payload["order_id"]))
        order = await order_by_id(connection, cell_of(order_id, speech.cells), order_id)
        if order is None:
            continue
        if event.kind == "order.succeeded":
            notices.append(await _paid(connection, order, event, speech))
        else:
            notices += await _given_back(connection, order, event, speech)
    return notices


async def _paid(connection: Connection, order: TradeOrder, event: Event, speech: V3Speech) -> Notice:
    said = await speech.trade(connection, order)
    # What was so when it was paid, though it may have been given back since.
    described = "trade_state_desc" if "trade_state_desc" in said else "trade_state_description"
    said |= {"trade_state": "SUCCESS", described: "支付成功"}
    return Notice(
        named_id("v3-paid", order.order_id),
        str(order.facts["mchid"]),
        str(order.facts["notify_url"]),
        "TRANSACTION.SUCCESS",
        "支付成功",
        "transaction",
        json.dumps(said, ensure_ascii=False),
        event.happened_at,
    )


async def _given_back(connection: Connection, order: TradeOrder, event: Event, speech: V3Speech) -> list[Notice]:
    refund_no, mchid = str(event.payload["part"]), str(order.facts["mchid"])
    number = refund_no.removeprefix(REFUND_PREFIX)
    asked = await asked_refund(connection, mchid, number)
    if refund_no == number or asked is None or not asked.notify_url or order.payment_id is None:
        return []
    rows = await refunds_of(connection, cell_of(order.payment_id, speech.cells), order.payment_id)
    row = next((one for one in rows if one.refund_no == refund_no), None)
    if row is None:
        return []
    said = await speech.refund_notice(connection, order, row)
    return [
        Notice(
            named_id("v3-refunded", row.refund_id),
            mchid,
            asked.notify_url,
            "REFUND.SUCCESS",
            "退款成功",
            "refund",
            json.dumps(said, ensure_ascii=False),
            event.happened_at,
        )
    ]
