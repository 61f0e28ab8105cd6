"""Merchant coupons (商家券, busifavor) and the government card, as v3 names them."""

import hashlib
import re
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from yongquan.flows.admit_openid import citizen_of_openid
from yongquan.flows.claim_pack import WON, PackClaim
from yongquan.flows.claim_voucher import Claim
from yongquan.flows.use_merchant_coupons import (
    CouponName,
    associate_coupon,
    deactivate_merchant_coupon,
    disassociate_coupon,
    make_merchant_stock,
    return_merchant_coupon,
    send_merchant_coupon,
    upload_coupon_codes,
    use_merchant_coupon,
)
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.institutions.v3_store import Callback, callback_of, set_callback
from yongquan.plumbing.clock import wall_now
from yongquan.vouchers.merchant_coupons import (
    MerchantCoupon,
    MerchantStock,
    Receiver,
    coupons_of_openid,
    merchant_stock,
)
from yongquan.web.api.hot import type_of
from yongquan.web.dialects.wechat_v3_busifavor_rules import (
    Associate,
    CreateMerchantStock,
    Deactivate,
    Return,
    SendCard,
    SetSendCallback,
    UploadCodes,
    Use,
    read_merchant_stock,
)
from yongquan.web.dialects.wechat_v3_edge import (
    Caller,
    numbered,
    page_of,
    param_error,
    read_id,
    read_time,
    require_appid,
    require_own,
    say_time,
    told,
)
from yongquan.web.dialects.wechat_v3_favor import citizen_behind
from yongquan.web.door import Door

BUSI = "/marketing/busifavor"
SEND_AGE_MAX = timedelta(hours=24)
CLOCK_SLACK = timedelta(minutes=5)
CODE = re.compile(r"[0-9A-Za-z_\-]{1,32}")


def add_merchant_coupons(routes: APIRouter, door: Door, caller: Caller) -> None:
    """`/v3/marketing/busifavor`."""
    _add_stocks(routes, door, caller)
    _add_sending(routes, door, caller)
    _add_moves(routes, door, caller)
    _add_orders(routes, door, caller)
    _add_users(routes, door, caller)
    _add_callbacks(routes, door, caller)


def _add_stocks(routes: APIRouter, door: Door, caller: Caller) -> None:
    @routes.post(f"{BUSI}/stocks", response_model=None)
    async def create(
        merchant: Annotated[GatewayMerchant, Depends(caller)], wanted: CreateMerchantStock
    ) -> dict[str, object]:
        stock = read_merchant_stock(merchant, wanted, now=door.clock.now())
        request = numbered(merchant, "busifavor.create", wanted.out_request_no, wanted)
        return await make_merchant_stock(door.database, stock, request)

    @routes.get(f"{BUSI}/stocks/{{stock_id}}", response_model=None)
    async def query(merchant: Annotated[GatewayMerchant, Depends(caller)], stock_id: str) -> dict[str, object]:
        async with door.database.transaction() as connection:
            stock = await merchant_stock(connection, read_id(stock_id))
        if stock is None or stock.mchid != merchant.number:
            raise told("no_such_stock")
        return _stock(door, stock)

    @routes.post(f"{BUSI}/stocks/{{stock_id}}/couponcodes", response_model=None)
    async def upload(
        merchant: Annotated[GatewayMerchant, Depends(caller)], stock_id: str, wanted: UploadCodes
    ) -> dict[str, object]:
        bad = next((code for code in wanted.coupon_code_list if not CODE.fullmatch(code)), None)
        if bad is not None:
            raise param_error("coupon_code_list", f"{bad[:40]} 不是 1 到 32 位字母、数字、- 或 _")
        id_ = read_id(stock_id)
        request = numbered(merchant, "busifavor.upload", wanted.upload_request_no, wanted, id_.hex)
        return await upload_coupon_codes(door.database, id_, wanted.coupon_code_list, request, now=door.clock.now())


def _add_sending(routes: APIRouter, door: Door, caller: Caller) -> None:
    @routes.post(f"{BUSI}/coupons/{{card_id}}/send", response_model=None)
    async def send(
        merchant: Annotated[GatewayMerchant, Depends(caller)], card_id: str, wanted: SendCard
    ) -> dict[str, object]:
        require_appid(merchant, wanted.appid)
        sent_at, real_now = read_time(wanted.send_time, field="send_time"), wall_now()
        if not -CLOCK_SLACK <= real_now - sent_at <= SEND_AGE_MAX:
            raise param_error("send_time", "发放时间需在 24 小时以内,且不晚于当前时间")
        id_ = read_id(card_id)
        async with door.database.transaction() as connection:
            stock = await merchant_stock(connection, id_)
        if stock is None:
            return {"card_code": await _send_card(door, merchant, id_.hex, wanted)}
        if wanted.coupon_code is not None and not CODE.fullmatch(wanted.coupon_code):
            raise param_error("coupon_code", "1 到 32 位字母、数字、- 或 _")
        to = Receiver(wanted.openid, await citizen_behind(door, merchant, wanted.openid))
        request = numbered(merchant, "busifavor.send", wanted.out_request_no, wanted, id_.hex)
        return await send_merchant_coupon(
            door.database, id_, to, request, code=wanted.coupon_code, now=door.clock.now()
        )


async def _send_card(door: Door, merchant: GatewayMerchant, round_hex: str, wanted: SendCard) -> str:
    """A government card is a pack: all its vouchers or none; the card's code is its first voucher's id."""
    if wanted.coupon_code is not None:
        raise param_error("coupon_code", "消费卡不能指定券 code")
    round_ = await door.find_round(round_hex)
    if round_ is None or round_.pack is None:
        raise told("no_such_stock")
    citizen_id = await citizen_behind(door, merchant, wanted.openid)
    key = f"{merchant.institution}\nv3-card\n{merchant.number}\n{wanted.out_request_no}\n{wanted.send_time}"
    body = f"{round_hex}\n{wanted.openid}"
    claim = Claim(
        citizen=citizen_id.hex,
        offer=round_,
        type=type_of(round_, None),
        key=hashlib.blake2b(key.encode(), digest_size=16).hexdigest(),
        body_hash=hashlib.blake2b(body.encode(), digest_size=16).hexdigest(),
        refused=round_.refusal_from(None, platform=merchant.institution),
        platform=merchant.institution,
    )
    outcome = await door.packs.claim(PackClaim(claim, round_.pack))
    if outcome.first.code not in WON:
        raise told(outcome.first.code)
    return outcome.first.voucher_id.replace("-", "")


def _add_moves(routes: APIRouter, door: Door, caller: Caller) -> None:
    @routes.post(f"{BUSI}/coupons/use", response_model=None)
    async def use(merchant: Annotated[GatewayMerchant, Depends(caller)], wanted: Use) -> dict[str, object]:
        require_appid(merchant, wanted.appid)
        used_at = read_time(wanted.use_time, field="use_time")
        return await use_merchant_coupon(
            door.database,
            _name(wanted.coupon_code, wanted.stock_id),
            numbered(merchant, "busifavor.use", wanted.use_request_no, wanted),
            openid=wanted.openid,
            used_at=used_at,
            now=door.clock.now(),
        )

    @routes.post(f"{BUSI}/coupons/return", response_model=None)
    async def return_(merchant: Annotated[GatewayMerchant, Depends(caller)], wanted: Return) -> dict[str, object]:
        request = numbered(merchant, "busifavor.return", wanted.return_request_no, wanted)
        name = _name(wanted.coupon_code, wanted.stock_id)
        return await return_merchant_coupon(door.database, name, request, now=door.clock.now())

    @routes.post(f"{BUSI}/coupons/deactivate", response_model=None)
    async def deactivate(
        merchant: Annotated[GatewayMerchant, Depends(caller)], wanted: Deactivate
    ) -> dict[str, object]:
        request = numbered(merchant, "busifavor.deactivate", wanted.deactivate_request_no, wanted)
        name, reason = _name(wanted.coupon_code, wanted.stock_id), wanted.deactivate_reason or ""
        now = door.clock.now()
        return await deactivate_merchant_coupon(door.database, name, request, reason=reason, now=now)


def _add_orders(routes: APIRouter, door: Door, caller: Caller) -> None:
    @routes.post(f"{BUSI}/coupons/associate", response_model=None)
    async def associate(merchant: Annotated[GatewayMerchant, Depends(caller)], wanted: Associate) -> dict[str, object]:
        request = numbered(merchant, "busifavor.associate", wanted.out_request_no, wanted)
        name, now = _name(wanted.coupon_code, wanted.stock_id), door.clock.now()
        return await associate_coupon(door.database, name, request, out_trade_no=wanted.out_trade_no, now=now)

    @routes.post(f"{BUSI}/coupons/disassociate", response_model=None)
    async def disassociate(
        merchant: Annotated[GatewayMerchant, Depends(caller)], wanted: Associate
    ) -> dict[str, object]:
        request = numbered(merchant, "busifavor.disassociate", wanted.out_request_no, wanted)
        name, now = _name(wanted.coupon_code, wanted.stock_id), door.clock.now()
        return await disassociate_coupon(door.database, name, request, out_trade_no=wanted.out_trade_no, now=now)


def _add_users(routes: APIRouter, door: Door, caller: Caller) -> None:
    async def held(merchant: GatewayMerchant, openid: str, appid: str) -> list[dict[str, Any]]:
        require_appid(merchant, appid)
        await citizen_of_openid(door.apps, merchant, openid)
        async with door.database.transaction() as connection:
            coupons = await coupons_of_openid(connection, merchant.number, openid)
            ids = dict.fromkeys(c.stock_id for c in coupons)
            stocks = {id_: await merchant_stock(connection, id_) for id_ in ids}
        return [_coupon(door, stock, c) for c in coupons if (stock := stocks[c.stock_id]) is not None]

    @routes.get(f"{BUSI}/users/{{openid}}/coupons", response_model=None)
    async def coupons(  # noqa: PLR0917 - the format's own parameters
        merchant: Annotated[GatewayMerchant, Depends(caller)],
        openid: str,
        appid: str,
        offset: int = 0,
        limit: int = 20,
        stock_id: str | None = None,
        coupon_state: str | None = None,
        creator_merchant: str | None = None,
        belong_merchant: str | None = None,
        sender_merchant: str | None = None,
    ) -> dict[str, object]:
        named = {
            "creator_merchant": creator_merchant,
            "belong_merchant": belong_merchant,
            "sender_merchant": sender_merchant,
        }
        for field, mchid in named.items():
            require_own(merchant, mchid or merchant.number, field=field)
        rows = [
            c
            for c in await held(merchant, openid, appid)
            if stock_id in {None, c["stock_id"]} and coupon_state in {None, c["coupon_state"]}
        ]
        return page_of(rows, offset=offset, limit=limit, most=50)

    @routes.get(f"{BUSI}/users/{{openid}}/coupons/{{coupon_code}}/appids/{{appid}}", response_model=None)
    async def coupon(
        merchant: Annotated[GatewayMerchant, Depends(caller)], openid: str, coupon_code: str, appid: str
    ) -> dict[str, Any]:
        for found in await held(merchant, openid, appid):
            if found["coupon_code"] == coupon_code:
                return found
        raise told("no_such_coupon")


def _add_callbacks(routes: APIRouter, door: Door, caller: Caller) -> None:
    @routes.post(f"{BUSI}/callbacks", response_model=None)
    async def set_(merchant: Annotated[GatewayMerchant, Depends(caller)], wanted: SetSendCallback) -> dict[str, object]:
        require_own(merchant, wanted.mchid or merchant.number, field="mchid")
        if merchant.api_key_sealed is None:
            raise param_error("mchid", "商户未登记 APIv3 密钥,不能接收通知")
        now = door.clock.now()
        async with door.database.transaction() as connection:
            await set_callback(connection, Callback(merchant.number, "busifavor", wanted.notify_url, True, now))
        return {"update_time": say_time(now), "notify_url": wanted.notify_url, "mchid": merchant.number}

    @routes.get(f"{BUSI}/callbacks", response_model=None)
    async def get(merchant: Annotated[GatewayMerchant, Depends(caller)], mchid: str = "") -> dict[str, object]:
        require_own(merchant, mchid or merchant.number, field="mchid")
        async with door.database.transaction() as connection:
            found = await callback_of(connection, merchant.number, "busifavor")
        return {"notify_url": found.notify_url if found else "", "mchid": merchant.number}


def _name(code: str, stock_id: str | None) -> CouponName:
    return CouponName(code, read_id(stock_id) if stock_id else None)


def _stock(door: Door, stock: MerchantStock) -> dict[str, object]:
    asked = {k: v for k, v in stock.document.items() if k not in {"out_request_no", "subsidy"}}
    return asked | {
        "stock_id": stock.stock_id.hex,
        "stock_state": "EXPIRED" if door.clock.now() >= stock.ends_at else "RUNNING",
        "send_count_information": {"total_send_num": stock.sent},
    }


def _coupon(door: Door, stock: MerchantStock, coupon: MerchantCoupon) -> dict[str, Any]:
    asked = stock.document
    said: dict[str, Any] = {
        "belong_merchant": stock.mchid,
        "stock_name": asked["stock_name"],
        "comment": asked.get("comment", ""),
        "goods_name": asked["goods_name"],
        "stock_type": stock.kind,
        "transferable": False,
        "shareable": False,
        "coupon_state": coupon.shown_state(door.clock.now()),
        "coupon_use_rule": asked["coupon_use_rule"],
        "coupon_code": coupon.code,
        "stock_id": coupon.stock_id.hex,
        "available_start_time": say_time(coupon.begins_at),
        "expire_time": say_time(coupon.expires_at),
        "receive_time": say_time(coupon.received_at),
        "send_request_no": coupon.send_request,
    }
    if coupon.used_at is not None:
        said |= {"use_request_no": coupon.use_request, "use_time": say_time(coupon.used_at)}
    if coupon.out_trade_no is not None:
        said["associate_out_trade_no"] = coupon.out_trade_no
    if coupon.deactivated_at is not None:
        said |= {
            "deactivate_time": say_time(coupon.deactivated_at),
            "deactivate_reason": coupon.deactivate_reason or "",
        }
    return said
