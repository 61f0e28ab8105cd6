"""A merchant sends, uses, returns, deactivates and ties its coupons to orders, each once under its own number."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from yongquan.institutions.v3_notices import Notice, add_notices
from yongquan.institutions.v3_store import Numbered, answer_before, callbacks_on, keep_answer
from yongquan.kernel.ids import named_id
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.merchant_coupons import (
    CouponState,
    MerchantCoupon,
    MerchantStock,
    NoSuchCoupon,
    Receiver,
    add_merchant_stock,
    coupon_of,
    merchant_stock,
    send_coupon,
    upload_codes,
    write_coupon,
)

Change = Callable[[MerchantCoupon], tuple[MerchantCoupon, dict[str, object]]]


@dataclass(frozen=True, slots=True)
class CouponName:
    """Which coupon a merchant means; without a stock its code must be unique."""

    code: str
    stock_id: UUID | None


async def make_merchant_stock(database: Database, stock: MerchantStock, request: Numbered) -> dict[str, object]:
    """Write a stock. Raises `RequestNoUsed`."""

    async def make(connection: Connection) -> dict[str, object]:
        await add_merchant_stock(connection, stock)
        return {"stock_id": stock.stock_id.hex, "create_time": _told(stock.created_at)}

    return await _once(database, request, make)


async def send_merchant_coupon(
    database: Database, stock_id: UUID, to: Receiver, request: Numbered, *, code: str | None, now: datetime
) -> dict[str, object]:
    """Send one coupon, and tell whoever asked to be told. Raises what `send_coupon` does, `NoSuchCoupon`."""

    async def send(connection: Connection) -> dict[str, object]:
        stock = await _own(connection, stock_id, request.mchid, lock=True)
        chosen = await send_coupon(connection, stock, to, code=code, request_no=request.number, now=now)
        await _tell_sent(connection, stock, to.openid, chosen, now=now)
        return {"coupon_code": chosen, "stock_id": stock_id.hex}

    return await _once(database, request, send)


async def upload_coupon_codes(
    database: Database, stock_id: UUID, codes: list[str], request: Numbered, *, now: datetime
) -> dict[str, object]:
    """Take codes that the merchant made itself. Raises `CouponState` for a stock that makes its own."""

    async def upload(connection: Connection) -> dict[str, object]:
        stock = await _own(connection, stock_id, request.mchid, lock=True)
        if stock.code_mode != "MERCHANT_UPLOAD":
            raise CouponState("批次不是 MERCHANT_UPLOAD 模式")
        different = list(dict.fromkeys(codes))
        fresh = set(await upload_codes(connection, stock_id, different))
        known = [code for code in different if code not in fresh]
        return {
            "stock_id": stock_id.hex,
            "total_count": len(codes),
            "success_count": len(fresh),
            "success_codes": [code for code in different if code in fresh],
            "success_time": _told(now),
            "fail_count": 0,
            "exist_codes": known,
            "duplicate_codes": sorted({code for code in codes if codes.count(code) > 1}),
        }

    return await _once(database, request, upload)


async def use_merchant_coupon(
    database: Database, name: CouponName, request: Numbered, *, openid: str | None, used_at: datetime, now: datetime
) -> dict[str, object]:
    """SENDED -> USED, within its time. Raises `CouponState`, `NoSuchCoupon`."""

    def use(coupon: MerchantCoupon) -> tuple[MerchantCoupon, dict[str, object]]:
        if openid is not None and openid != coupon.openid:
            raise NoSuchCoupon("券不属于该用户")
        _require(coupon, "SENDED")
        if not coupon.begins_at <= now < coupon.expires_at:
            raise CouponState("券未到使用时间或已过期")
        used = replace(coupon, state="USED", used_at=used_at, use_request=request.number)
        return used, {"stock_id": coupon.stock_id.hex, "openid": coupon.openid, "wechatpay_use_time": _told(now)}

    return await _change(database, name, request, use)


async def return_merchant_coupon(
    database: Database, name: CouponName, request: Numbered, *, now: datetime
) -> dict[str, object]:
    """USED -> SENDED: the user has it again, for as long as it was good. Raises `CouponState`, `NoSuchCoupon`."""

    def give_back(coupon: MerchantCoupon) -> tuple[MerchantCoupon, dict[str, object]]:
        _require(coupon, "USED")
        returned = replace(coupon, state="SENDED", used_at=None, use_request=None)
        return returned, {"wechatpay_return_time": _told(now)}

    return await _change(database, name, request, give_back)


async def deactivate_merchant_coupon(
    database: Database, name: CouponName, request: Numbered, *, reason: str, now: datetime
) -> dict[str, object]:
    """SENDED -> DEACTIVATED, for good. Raises `CouponState`, `NoSuchCoupon`."""

    def end(coupon: MerchantCoupon) -> tuple[MerchantCoupon, dict[str, object]]:
        _require(coupon, "SENDED")
        ended = replace(coupon, state="DEACTIVATED", deactivated_at=now, deactivate_reason=reason)
        return ended, {"wechatpay_deactivate_time": _told(now)}

    return await _change(database, name, request, end)


async def associate_coupon(
    database: Database, name: CouponName, request: Numbered, *, out_trade_no: str, now: datetime
) -> dict[str, object]:
    """Tie a coupon to an order; to one at a time. Raises `CouponState`, `NoSuchCoupon`."""

    def tie(coupon: MerchantCoupon) -> tuple[MerchantCoupon, dict[str, object]]:
        if coupon.state == "DEACTIVATED" or coupon.out_trade_no not in {None, out_trade_no}:
            raise CouponState("券已失效或已关联其他订单")
        return replace(coupon, out_trade_no=out_trade_no), {"wechatpay_associate_time": _told(now)}

    return await _change(database, name, request, tie)


async def disassociate_coupon(
    database: Database, name: CouponName, request: Numbered, *, out_trade_no: str, now: datetime
) -> dict[str, object]:
    """Untie a coupon from its order. Raises `CouponState`, `NoSuchCoupon`."""

    def untie(coupon: MerchantCoupon) -> tuple[MerchantCoupon, dict[str, object]]:
        if coupon.out_trade_no != out_trade_no:
            raise CouponState("券未关联该订单")
        return replace(coupon, out_trade_no=None), {"wechatpay_disassociate_time": _told(now)}

    return await _change(database, name, request, untie)


async def _change(database: Database, name: CouponName, request: Numbered, change: Change) -> dict[str, object]:
    async def move(connection: Connection) -> dict[str, object]:
        coupon, answer = change(await coupon_of(connection, request.mchid, name.code, name.stock_id))
        await write_coupon(connection, coupon)
        return answer

    return await _once(database, request, move)


async def _once(
    database: Database, request: Numbered, work: Callable[[Connection], Awaitable[dict[str, object]]]
) -> dict[str, object]:
    async with database.transaction() as connection:
        before = await answer_before(connection, request)
        return before if before is not None else await keep_answer(connection, request, await work(connection))


async def _own(connection: Connection, stock_id: UUID, mchid: str, *, lock: bool) -> MerchantStock:
    stock = await merchant_stock(connection, stock_id, lock=lock)
    if stock is None or stock.mchid != mchid:
        raise NoSuchCoupon("批次不存在")
    return stock


async def _tell_sent(connection: Connection, stock: MerchantStock, openid: str, code: str, *, now: datetime) -> None:
    url = (await callbacks_on(connection, [stock.mchid], "busifavor")).get(stock.mchid)
    if url is None:
        return
    resource = {
        "event_type": "EVENT_TYPE_BUSICOUPON_SEND",
        "coupon_code": code,
        "stock_id": stock.stock_id.hex,
        "send_time": _told(now),
        "openid": openid,
        "send_channel": "BUSICOUPON_SEND_CHANNEL_API",
        "send_merchant": stock.mchid,
    }
    notice = Notice(
        named_id("v3-sent", stock.stock_id, code),
        stock.mchid,
        url,
        "COUPON.SEND",
        "商家券领券通知",
        "coupon",
        json.dumps(resource, ensure_ascii=False),
        now,
    )
    await add_notices(connection, [notice])


def _require(coupon: MerchantCoupon, state: str) -> None:
    if coupon.state != state:
        words = {"SENDED": "券未核销", "USED": "券已核销", "DEACTIVATED": "券已失效"}
        raise CouponState(words[coupon.state])


def _told(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")
