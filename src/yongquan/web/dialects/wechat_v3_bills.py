"""Bills in the v3 shape: a cleared day's trades, and what they moved of the day's takings.

First where the file is and its hash, then the file. A bill is there once the day is drawn up; it never changes.
"""

import gzip
import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.say_v3_trade import V3Speech
from yongquan.flows.trade_by_v3 import DOOR
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.payments.bill_views import BillLine, bill_lines
from yongquan.payments.clearing import DayState
from yongquan.payments.clearing_store import day_of
from yongquan.plumbing.clock import business_day
from yongquan.web.dialects.wechat_v3_bill_files import FundFlow, TradeLine, fund_flow_file, trade_file
from yongquan.web.dialects.wechat_v3_edge import Caller, V3Refused, param_error
from yongquan.web.door import Door

FILE = "/billdownload/bill"
BillType = Literal["ALL", "SUCCESS", "REFUND"]
AccountType = Literal["BASIC", "OPERATION", "FEES"]
Zip = Literal["GZIP"]


def add_bills(routes: APIRouter, door: Door, caller: Caller) -> None:
    """`/v3/bill/tradebill`, `/v3/bill/fundflowbill` and the files behind them."""
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    @routes.get("/bill/tradebill", response_model=None)
    async def trades(
        merchant: Merchant,
        request: Request,
        bill_date: str,
        bill_type: BillType = "ALL",
        tar_type: Zip | None = None,
    ) -> dict[str, object]:
        body = await _trade_bill(door, merchant, bill_date, bill_type)
        return _offer(request, body, kind="trade", bill_date=bill_date, bill_type=bill_type, tar_type=tar_type)

    @routes.get("/bill/fundflowbill", response_model=None)
    async def funds(
        merchant: Merchant,
        request: Request,
        bill_date: str,
        account_type: AccountType = "BASIC",
        tar_type: Zip | None = None,
    ) -> dict[str, object]:
        if account_type != "BASIC":
            raise param_error("account_type", "商户只有基本账户")
        body = await _fund_flow(door, merchant, bill_date)
        return _offer(request, body, kind="fund", bill_date=bill_date, bill_type="ALL", tar_type=tar_type)

    @routes.get(FILE, response_model=None)
    async def file(
        merchant: Merchant,
        kind: Literal["trade", "fund"],
        bill_date: str,
        bill_type: BillType = "ALL",
        tar_type: Zip | None = None,
    ) -> Response:
        of_trades = kind == "trade"
        body = (
            await _trade_bill(door, merchant, bill_date, bill_type)
            if of_trades
            else await _fund_flow(door, merchant, bill_date)
        )
        if tar_type is not None:
            return Response(gzip.compress(body, mtime=0), media_type="application/x-gzip")
        return Response(body, media_type="text/plain;charset=utf-8")


def _offer(
    request: Request, body: bytes, *, kind: str, bill_date: str, bill_type: str, tar_type: Zip | None
) -> dict[str, object]:
    query = {"kind": kind, "bill_date": bill_date, "bill_type": bill_type} | (
        {"tar_type": tar_type} if tar_type else {}
    )
    url = f"{request.url.scheme}://{request.url.netloc}/v3{FILE}?{urlencode(query)}"
    # The hash is of the bill itself, not of its packing.
    sha1 = hashlib.sha1(body, usedforsecurity=False).hexdigest()
    return {"hash_type": "SHA1", "hash_value": sha1, "download_url": url}


async def _trade_bill(door: Door, merchant: GatewayMerchant, bill_date: str, bill_type: BillType) -> bytes:
    lines = await _lines(door, merchant, bill_date)
    wanted = [one for one in lines if bill_type == "ALL" or (one.refund_id is None) == (bill_type == "SUCCESS")]
    if not wanted:
        raise _none()
    speech = V3Speech(door.sealing, door.cells)
    async with door.database.transaction() as connection:
        named = [TradeLine(one, await speech.payer(connection, one.facts, one.citizen_id)) for one in wanted]
    return trade_file(merchant, named, bill_type)


async def _fund_flow(door: Door, merchant: GatewayMerchant, bill_date: str) -> bytes:
    lines = await _lines(door, merchant, bill_date)
    if not lines:
        raise _none()
    return fund_flow_file(FundFlow.of(lines))


async def _lines(door: Door, merchant: GatewayMerchant, bill_date: str) -> Sequence[BillLine]:
    try:
        day = date.fromisoformat(bill_date)
    except ValueError as error:
        raise param_error("bill_date", "格式为 YYYY-MM-DD") from error
    async with door.database.transaction() as connection:
        found = await day_of(connection, day)
        if found is None or not found.state.reached(DayState.DRAWN):
            if found is None and day < business_day(door.clock.now()):
                raise _none()
            raise V3Refused(400, "STATEMENT_CREATING", "账单未生成,请在当日清算后再试")
        if merchant.store_id is None:
            raise _none()
        return await bill_lines(connection, store_id=merchant.store_id, day=day, door=DOOR, mchid=merchant.number)


def _none() -> V3Refused:
    return V3Refused(400, "NO_STATEMENT_EXIST", "账单文件不存在:当日没有交易")
