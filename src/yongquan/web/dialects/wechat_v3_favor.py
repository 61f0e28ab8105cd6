"""Cash coupons (代金券) of citizens: sending is claiming for a citizen under every rule of the round."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from yongquan.flows.admit_openid import admit_openid, app_of, citizen_of_openid
from yongquan.flows.claim_voucher import ClaimOutcome
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.institutions.v3_store import Numbered, confirm_number, release_number, reserve_number
from yongquan.kernel.ids import cell_of
from yongquan.vouchers.catalogue import RoundOffer
from yongquan.vouchers.store import types_by_id
from yongquan.vouchers.v3_stocks import v3_stock
from yongquan.vouchers.views import WalletRow, voucher_of, wallet_of
from yongquan.web.api.hot import type_of
from yongquan.web.dialects.wechat_v3_edge import (
    Caller,
    V3Refused,
    Wire,
    numbered,
    page_of,
    param_error,
    read_id,
    require_appid,
    require_own,
    say_time,
    told,
)
from yongquan.web.door import Door

FAVOR = "/marketing/favor"
STATES = {"held": "SENDED", "not_yet_valid": "SENDED", "locked": "SENDED", "frozen": "SENDED", "redeemed": "USED"}
WON = frozenset({"claimed", "again"})


class SendCoupon(Wire):
    """A coupon to send. A face of one's own is refused: a stock has one face."""

    stock_id: str
    out_request_no: str = Field(min_length=1, max_length=128)
    appid: str
    stock_creator_mchid: str
    coupon_value: int | None = None
    coupon_minimum: int | None = None


def add_coupons(routes: APIRouter, door: Door, caller: Caller) -> None:
    """`/v3/marketing/favor/users`: send a coupon, show a citizen's coupons."""
    _add_sending(routes, door, caller)
    _add_wallet(routes, door, caller)


def _add_sending(routes: APIRouter, door: Door, caller: Caller) -> None:
    @routes.post(f"{FAVOR}/users/{{openid}}/coupons", response_model=None)
    async def send(
        merchant: Annotated[GatewayMerchant, Depends(caller)], openid: str, wanted: SendCoupon
    ) -> dict[str, object]:
        require_appid(merchant, wanted.appid)
        require_own(merchant, wanted.stock_creator_mchid, field="stock_creator_mchid")
        if wanted.coupon_value is not None or wanted.coupon_minimum is not None:
            raise param_error("coupon_value", "批次面额固定,不能指定面额发券")
        type_id = read_id(wanted.stock_id)
        round_ = await _round_of(door, merchant, type_id.hex)
        citizen_id = await citizen_behind(door, merchant, openid)
        request = numbered(merchant, "favor.send", wanted.out_request_no, wanted, openid)
        async with door.database.transaction() as connection:
            await reserve_number(connection, request)
        outcome = await door.apps.claim(
            app_of(merchant),
            citizen_id,
            round_,
            type_of(round_, str(type_id)),
            key=f"v3\n{merchant.number}\n{wanted.out_request_no}",
            body_hash=request.body_hash.hex(),
            place=None,
        )
        return await _sent(door, request, outcome)


async def _sent(door: Door, request: Numbered, outcome: ClaimOutcome) -> dict[str, object]:
    answer: dict[str, object] = {"coupon_id": outcome.voucher_id.replace("-", "")}
    async with door.database.transaction() as connection:
        if outcome.code in WON:
            await confirm_number(connection, request, answer)
        else:
            await release_number(connection, request)
    if outcome.code not in WON:
        raise told(outcome.code)
    return answer


def _add_wallet(routes: APIRouter, door: Door, caller: Caller) -> None:
    @routes.get(f"{FAVOR}/users/{{openid}}/coupons", response_model=None)
    async def coupons(  # noqa: PLR0917 - the format's own parameters
        merchant: Annotated[GatewayMerchant, Depends(caller)],
        openid: str,
        appid: str,
        offset: int = 0,
        limit: int = 20,
        status: str | None = None,
        stock_id: str | None = None,
        creator_mchid: str | None = None,
        sender_mchid: str | None = None,
        available_mchid: str | None = None,
    ) -> dict[str, object]:
        require_appid(merchant, appid)
        if available_mchid is not None:
            raise param_error("available_mchid", "暂不支持按可用商户查询")
        for field, mchid in (("creator_mchid", creator_mchid), ("sender_mchid", sender_mchid)):
            require_own(merchant, mchid or merchant.number, field=field)
        who = await citizen_of_openid(door.apps, merchant, openid)
        async with door.database.transaction() as connection:
            rows = await wallet_of(connection, cell_of(who, door.cells), who, now=door.clock.now())
        said = [_coupon(door, merchant, row) for row in rows]
        wanted = [c for c in said if status in {None, c["status"]} and stock_id in {None, c["stock_id"]}]
        return page_of(wanted, offset=offset, limit=limit, most=20)

    @routes.get(f"{FAVOR}/users/{{openid}}/coupons/{{coupon_id}}", response_model=None)
    async def coupon(
        merchant: Annotated[GatewayMerchant, Depends(caller)], openid: str, coupon_id: str, appid: str
    ) -> dict[str, object]:
        require_appid(merchant, appid)
        who = await citizen_of_openid(door.apps, merchant, openid)
        wanted = read_id(coupon_id)
        async with door.database.transaction() as connection:
            row = await voucher_of(connection, cell_of(who, door.cells), who, wanted, now=door.clock.now())
        if row is None:
            raise V3Refused(404, "PARAM_ERROR", "代金券不存在")
        return _coupon(door, merchant, row)


async def citizen_behind(door: Door, merchant: GatewayMerchant, openid: str) -> UUID:
    """Who is to get something; beside the sandbox banks any openid of a test merchant is somebody."""
    now = door.clock.now()
    if door.phones is None:
        return await citizen_of_openid(door.apps, merchant, openid, active_at=now)
    return await admit_openid(door.apps, merchant, openid, now=now)


async def _round_of(door: Door, merchant: GatewayMerchant, type_hex: str) -> RoundOffer:
    async with door.database.transaction() as connection:
        stock = await v3_stock(connection, UUID(type_hex))
        if stock is not None and stock.mchid != merchant.number:
            raise told("no_such_stock")
        if door.catalogue.missing([type_hex]):
            await door.catalogue.load_types(connection, [type_hex])
        types = await types_by_id(connection, [UUID(type_hex)])
    round_ = await door.find_round(types[0].round_id.hex) if types else None
    if round_ is None or type_hex not in round_.types:
        raise told("no_such_stock")
    return round_


def _coupon(door: Door, merchant: GatewayMerchant, row: WalletRow) -> dict[str, object]:
    type_ = door.catalogue.type(row.type_id.hex)
    said: dict[str, object] = {
        "stock_creator_mchid": merchant.number,
        "stock_id": row.type_id.hex,
        "coupon_id": row.voucher_id.hex,
        "coupon_name": type_.name if type_ else "",
        "coupon_type": "NORMAL",
        "status": STATES.get(row.state, "EXPIRED"),
        "description": "",
        "create_time": say_time(row.claimed_at),
        "available_begin_time": say_time(row.valid_from),
        "available_end_time": say_time(row.valid_until),
        "no_cash": False,
        "singleitem": False,
        "normal_coupon_information": {
            "coupon_amount": row.amount_fen,
            "transaction_minimum": row.threshold_fen,
        },
    }
    if row.payment_id is not None and said["status"] == "USED":
        said["consume_information"] = {"transaction_id": row.payment_id.hex}
    return said
