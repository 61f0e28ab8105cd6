"""Orders in the v3 shape: opened to be scanned (native) or for one openid (JSAPI), asked about, closed."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, StrictBool

from yongquan.flows.say_v3_trade import V3Speech
from yongquan.flows.trade_by_v3 import JSAPI, NATIVE, TradeWish, V3Trades
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.payments.orders import TradeOrder
from yongquan.web.api.fen import PositiveFen
from yongquan.web.dialects.wechat_v3_edge import (
    Caller,
    V3Refused,
    Wire,
    param_error,
    read_id,
    read_time,
    require_appid,
    require_own,
    told,
)
from yongquan.web.door import Door

PAY = "/pay/transactions"
# How long an order can be paid without time_expire: as long as the format's code_url is good.
LIVES = timedelta(hours=2)
PREPAY_PREFIX = "wx"
Number = Annotated[str, Field(min_length=6, max_length=32, pattern=r"^[0-9A-Za-z_\-|*]+$")]
NotifyUrl = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^https?://[^?#\s]+$")]


class Amount(Wire):
    """What is to be paid, in fen."""

    total: PositiveFen
    currency: Literal["CNY"] = "CNY"


class Goods(Wire):
    """One line of the bill."""

    merchant_goods_id: str = Field(min_length=1, max_length=32)
    wechatpay_goods_id: str | None = None
    goods_name: str | None = None
    quantity: int = Field(gt=0)
    unit_price: PositiveFen


class Detail(Wire):
    """The bill: its lines must add up, so that coupons for goods find theirs."""

    cost_price: int | None = None
    invoice_id: str | None = None
    goods_detail: list[Goods] = Field(default_factory=list, max_length=100)


class StoreInfo(Wire):
    """The merchant's own shop."""

    id: str
    name: str | None = None
    area_code: str | None = None
    address: str | None = None


class SceneInfo(Wire):
    """Where it is paid; kept, and not used."""

    payer_client_ip: str
    device_id: str | None = None
    store_info: StoreInfo | None = None


class SettleInfo(Wire):
    """Sharing a payment among merchants is not served."""

    profit_sharing: StrictBool = False


class NativeOrder(Wire):
    """An order that whoever scans it may pay."""

    appid: str
    mchid: str
    description: str = Field(min_length=1, max_length=127)
    out_trade_no: Number
    time_expire: str | None = None
    attach: str = Field(default="", max_length=128)
    notify_url: NotifyUrl
    goods_tag: str | None = Field(default=None, max_length=32)
    support_fapiao: StrictBool = False
    amount: Amount
    detail: Detail | None = None
    scene_info: SceneInfo | None = None
    settle_info: SettleInfo | None = None


class Payer(Wire):
    """Who is to pay."""

    openid: str = Field(min_length=1, max_length=128)


class JsapiOrder(NativeOrder):
    """An order that one citizen may pay."""

    payer: Payer


class CloseOrder(Wire):
    """The end of an order that is not paid."""

    mchid: str


class TestPayment(Wire):
    """Beside the sandbox: who pays; for a JSAPI order its own payer."""

    openid: str | None = Field(default=None, min_length=1, max_length=128)


def add_payments(routes: APIRouter, door: Door, caller: Caller, trades: V3Trades) -> None:
    """`/v3/pay/transactions`."""
    _add_opening(routes, door, caller, trades)
    _add_asking(routes, door, caller, trades)
    if door.phones is not None:
        _add_test_payments(routes, door, caller, trades)


def prepay_id_of(order: TradeOrder) -> str:
    """What a merchant's page is given to have the order paid."""
    return f"{PREPAY_PREFIX}{order.order_id.hex}"


def _add_opening(routes: APIRouter, door: Door, caller: Caller, trades: V3Trades) -> None:
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    @routes.post(f"{PAY}/native", response_model=None)
    async def native(merchant: Merchant, request: Request, wanted: NativeOrder) -> dict[str, object]:
        order = await trades.open(merchant, _wish(door, merchant, wanted, NATIVE))
        return {"code_url": f"{request.url.scheme}://{request.url.netloc}/c/orders/{order.order_id}"}

    @routes.post(f"{PAY}/jsapi", response_model=None)
    async def jsapi(merchant: Merchant, wanted: JsapiOrder) -> dict[str, object]:
        order = await trades.open(merchant, _wish(door, merchant, wanted, JSAPI, openid=wanted.payer.openid))
        return {"prepay_id": prepay_id_of(order)}

    @routes.post(f"{PAY}/out-trade-no/{{out_trade_no}}/close", status_code=204, response_model=None)
    async def close(merchant: Merchant, out_trade_no: str, wanted: CloseOrder) -> Response:
        require_own(merchant, wanted.mchid, field="mchid")
        await trades.close(merchant, out_trade_no)
        return Response(status_code=204)


def _add_asking(routes: APIRouter, door: Door, caller: Caller, trades: V3Trades) -> None:
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    @routes.get(f"{PAY}/out-trade-no/{{out_trade_no}}", response_model=None)
    async def by_number(merchant: Merchant, out_trade_no: str, mchid: str) -> dict[str, object]:
        require_own(merchant, mchid, field="mchid")
        return await _said(door, await trades.find(merchant, out_trade_no))

    @routes.get(f"{PAY}/id/{{transaction_id}}", response_model=None)
    async def by_id(merchant: Merchant, transaction_id: str, mchid: str) -> dict[str, object]:
        require_own(merchant, mchid, field="mchid")
        return await _said(door, await trades.find_paid(merchant, read_transaction(transaction_id)))


def _add_test_payments(routes: APIRouter, door: Door, caller: Caller, trades: V3Trades) -> None:
    @routes.post(f"/sandbox{PAY}/out-trade-no/{{out_trade_no}}/pay", response_model=None)
    async def pay(
        merchant: Annotated[GatewayMerchant, Depends(caller)], out_trade_no: str, wanted: TestPayment
    ) -> dict[str, object]:
        order = await trades.find(merchant, out_trade_no)
        asked = order.facts.get("openid")
        openid = wanted.openid or asked
        if openid is None:
            raise param_error("openid", "请填写付款的 openid")
        if asked not in {None, openid}:
            raise param_error("openid", "与下单时的 openid 不一致")
        return await _said(door, await trades.pay_as(merchant, order, str(openid)))


def read_transaction(text: str) -> Any:
    """A transaction's id; what cannot be one belongs to no order."""
    try:
        return read_id(text)
    except V3Refused as no:
        raise told("no_such_trade") from no


def _wish(
    door: Door, merchant: GatewayMerchant, wanted: NativeOrder, trade_type: str, *, openid: str | None = None
) -> TradeWish:
    require_appid(merchant, wanted.appid)
    require_own(merchant, wanted.mchid, field="mchid")
    if merchant.api_key_sealed is None:
        raise V3Refused(403, "NO_AUTH", "商户未登记 APIv3 密钥,无法通知支付结果")
    if wanted.support_fapiao:
        raise param_error("support_fapiao", "暂不支持电子发票")
    if wanted.settle_info is not None and wanted.settle_info.profit_sharing:
        raise param_error("settle_info.profit_sharing", "暂不支持分账")
    now = door.clock.now()
    expires_at = read_time(wanted.time_expire, field="time_expire") if wanted.time_expire else now + LIVES
    if expires_at <= now:
        raise param_error("time_expire", "需晚于当前时间")
    return TradeWish(
        out_trade_no=wanted.out_trade_no,
        trade_type=trade_type,
        amount_fen=wanted.amount.total,
        subject=wanted.description,
        expires_at=expires_at,
        body=wanted.model_dump_json().encode(),
        openid=openid,
        facts={"attach": wanted.attach, "notify_url": wanted.notify_url, "goods": _goods(wanted)},
    )


def _goods(wanted: NativeOrder) -> list[dict[str, object]]:
    goods = wanted.detail.goods_detail if wanted.detail else []
    if goods and sum(one.quantity * one.unit_price for one in goods) != wanted.amount.total:
        raise param_error("detail.goods_detail", "商品单价乘数量之和需等于订单金额")
    return [{"sku": one.merchant_goods_id, "unit_fen": one.unit_price, "qty": one.quantity} for one in goods]


async def _said(door: Door, order: TradeOrder) -> dict[str, object]:
    async with door.database.transaction() as connection:
        return await V3Speech(door.sealing, door.cells).trade(connection, order)
