"""Refunds in the v3 shape: asked for, and asked about."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from yongquan.flows.say_v3_trade import V3Speech
from yongquan.flows.trade_by_v3 import GiveBack, V3Trades
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.payments.orders import TradeOrder
from yongquan.payments.refund_views import RefundRow
from yongquan.web.api.fen import PositiveFen
from yongquan.web.dialects.wechat_v3_edge import Caller, V3Refused, Wire, param_error
from yongquan.web.dialects.wechat_v3_pay import NotifyUrl, Number, read_transaction
from yongquan.web.door import Door

REFUNDS = "/refund/domestic/refunds"


class RefundAmount(Wire):
    """What goes back of what was to be paid, in fen; our share of who bears it is the format's `from`."""

    refund: PositiveFen
    total: PositiveFen
    currency: Literal["CNY"]
    from_: list[object] | None = Field(default=None, alias="from")


class NewRefund(Wire):
    """A refund of an order, named by one of its two numbers."""

    transaction_id: str | None = None
    out_trade_no: Number | None = None
    out_refund_no: str = Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_\-|*@]+$")
    reason: str = Field(default="", max_length=80)
    notify_url: NotifyUrl | None = None
    funds_account: Literal["AVAILABLE", "UNSETTLED"] | None = None
    goods_detail: list[object] | None = None
    amount: RefundAmount


def add_refunds(routes: APIRouter, door: Door, caller: Caller, trades: V3Trades) -> None:
    """`/v3/refund/domestic/refunds`."""
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    @routes.post(REFUNDS, response_model=None)
    async def refund(merchant: Merchant, wanted: NewRefund) -> dict[str, object]:
        return await _said(door, await trades.refund(merchant, _wish(merchant, wanted)))

    @routes.get(f"{REFUNDS}/{{out_refund_no}}", response_model=None)
    async def one(merchant: Merchant, out_refund_no: str) -> dict[str, object]:
        return await _said(door, await trades.refund_of(merchant, out_refund_no))


def _wish(merchant: GatewayMerchant, wanted: NewRefund) -> GiveBack:
    if wanted.transaction_id is None and wanted.out_trade_no is None:
        raise param_error("out_trade_no", "transaction_id 与 out_trade_no 二选一")
    if wanted.goods_detail:
        raise param_error("goods_detail", "暂不支持按商品退款")
    if wanted.amount.from_:
        raise param_error("amount.from", "暂不支持指定出资账户")
    if wanted.notify_url is not None and merchant.api_key_sealed is None:
        raise V3Refused(403, "NO_AUTH", "商户未登记 APIv3 密钥,无法通知退款结果")
    return GiveBack(
        out_refund_no=wanted.out_refund_no,
        out_trade_no=wanted.out_trade_no,
        transaction_id=read_transaction(wanted.transaction_id) if wanted.transaction_id else None,
        amount_fen=wanted.amount.refund,
        total_fen=wanted.amount.total,
        reason=wanted.reason,
        notify_url=wanted.notify_url or "",
        body=wanted.model_dump_json().encode(),
    )


async def _said(door: Door, found: tuple[TradeOrder, RefundRow]) -> dict[str, object]:
    async with door.database.transaction() as connection:
        return await V3Speech(door.sealing, door.cells).refund(connection, *found)
