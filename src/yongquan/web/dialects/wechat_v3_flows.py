"""Use flow and refund flow of a stock: first where the file is and its hash, then the file.

A file holds what had ended at the moment its address was given out, so that its hash stays true.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.make_stock import stock_of
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.payments.flows_of_type import CouponLine, refunds_of_type, uses_of_type
from yongquan.web.dialects.wechat_v3_edge import Caller, read_id, read_time, say_time
from yongquan.web.door import Door

FILE = "/billdownload/file"
TITLES = {
    "use": ("批次id", "优惠id", "优惠类型", "优惠金额(元)", "订单总金额(元)", "支付单号", "消耗时间", "消耗商户号"),
    "refund": (
        "批次id",
        "优惠id",
        "优惠类型",
        "退款优惠金额(元)",
        "退款总金额(元)",
        "支付单号",
        "退款时间",
        "商户号",
        "退款单号",
    ),
}
Kind = Literal["use", "refund"]


def add_flows(routes: APIRouter, door: Door, caller: Caller) -> None:
    """`stocks/{stock_id}/use-flow`, `.../refund-flow` and the file behind them."""

    async def content(merchant: GatewayMerchant, stock_id: str, kind: Kind, until: datetime) -> bytes:
        type_id = read_id(stock_id)
        async with door.database.transaction() as connection:
            await stock_of(connection, merchant, type_id)
            read = uses_of_type if kind == "use" else refunds_of_type
            return _file(stock_id, kind, await read(connection, type_id, until=until))

    async def offer(merchant: GatewayMerchant, request: Request, stock_id: str, kind: Kind) -> dict[str, object]:
        until = door.clock.now().replace(microsecond=0)
        body = await content(merchant, stock_id, kind, until)
        query = urlencode({"stock_id": stock_id, "kind": kind, "until": say_time(until)})
        url = f"{request.url.scheme}://{request.url.netloc}/v3{FILE}?{query}"
        sha1 = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        return {"url": url, "hash_value": sha1, "hash_type": "SHA1"}

    @routes.get("/marketing/favor/stocks/{stock_id}/use-flow", response_model=None)
    async def uses(
        merchant: Annotated[GatewayMerchant, Depends(caller)], request: Request, stock_id: str
    ) -> dict[str, object]:
        return await offer(merchant, request, stock_id, "use")

    @routes.get("/marketing/favor/stocks/{stock_id}/refund-flow", response_model=None)
    async def refunds(
        merchant: Annotated[GatewayMerchant, Depends(caller)], request: Request, stock_id: str
    ) -> dict[str, object]:
        return await offer(merchant, request, stock_id, "refund")

    @routes.get(FILE, response_model=None)
    async def file(
        merchant: Annotated[GatewayMerchant, Depends(caller)], stock_id: str, kind: Kind, until: str
    ) -> Response:
        body = await content(merchant, stock_id, kind, read_time(until, field="until"))
        return Response(body, media_type="text/csv;charset=utf-8")


def _file(stock_id: str, kind: Kind, lines: Sequence[CouponLine]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(TITLES[kind])
    for line in lines:
        row = (stock_id, line.voucher_id.hex, "NORMAL", _yuan(line.coupon_fen), _yuan(line.bill_fen))
        also = (line.payment_id.hex, say_time(line.at), line.store_id.hex)
        refund = (line.refund_id.hex,) if line.refund_id else ()
        writer.writerow((*row, *also, *refund))
    return text.getvalue().encode()


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
