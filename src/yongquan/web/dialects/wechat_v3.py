"""The WeChat Pay v3 shape: all its calls, behind one signature check."""

from typing import Annotated

from fastapi import APIRouter, Depends

from yongquan.flows.park_by_v3 import V3Parking
from yongquan.flows.trade_by_v3 import V3Trades
from yongquan.flows.transfer_by_v3 import V3Transfers
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.institutions.v3 import Seal, encrypt_resource
from yongquan.web.dialects.wechat_v3_bills import add_bills
from yongquan.web.dialects.wechat_v3_busifavor import add_merchant_coupons
from yongquan.web.dialects.wechat_v3_edge import V3Answer, V3Refused, caller_of, route_class, say_time
from yongquan.web.dialects.wechat_v3_favor import add_coupons
from yongquan.web.dialects.wechat_v3_flows import add_flows
from yongquan.web.dialects.wechat_v3_parking import add_parking
from yongquan.web.dialects.wechat_v3_pay import add_payments
from yongquan.web.dialects.wechat_v3_refunds import add_refunds
from yongquan.web.dialects.wechat_v3_stocks import add_stocks
from yongquan.web.dialects.wechat_v3_transfers import add_transfers
from yongquan.web.door import Door


def make_wechat_v3(door: Door, seal: Seal) -> APIRouter:
    """`/v3`: platform certificates, payments, refunds, bills, transfers, cash coupons, merchant coupons."""
    routes = APIRouter(prefix="/v3", route_class=route_class(seal), default_response_class=V3Answer)
    caller = caller_of(door)
    add_stocks(routes, door, caller)
    add_coupons(routes, door, caller)
    add_flows(routes, door, caller)
    add_merchant_coupons(routes, door, caller)
    trades = V3Trades(door.orders, door.apps, door.links, is_sandboxed=door.phones is not None)
    add_payments(routes, door, caller, trades)
    add_refunds(routes, door, caller, trades)
    add_bills(routes, door, caller)
    add_transfers(routes, seal, caller, V3Transfers(trades, door.payouts))
    add_parking(routes, door, caller, V3Parking(trades, door.sealing))

    @routes.get("/certificates", response_model=None)
    async def certificates(merchant: Annotated[GatewayMerchant, Depends(caller)]) -> dict[str, object]:
        if merchant.api_key_sealed is None:
            raise V3Refused(403, "NO_AUTH", "商户未登记 APIv3 密钥")
        api_key = door.sealing.open(merchant.api_key_sealed, what="api v3 key")
        sealed = encrypt_resource(seal.pem, api_key=api_key, associated_data="certificate")
        one = {
            "serial_no": seal.serial,
            "effective_time": say_time(seal.certificate.not_valid_before_utc),
            "expire_time": say_time(seal.certificate.not_valid_after_utc),
            "encrypt_certificate": sealed,
        }
        return {"data": [one]}

    return routes
