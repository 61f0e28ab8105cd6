"""Cash-coupon stocks (代金券批次): made, started, paused and shown; where their events go."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field, StrictBool

from yongquan.flows.make_stock import give_test_money, make_stock, start_stock, steer_stock, stock_of
from yongquan.institutions.gateway import V3, GatewayMerchant, known_numbers
from yongquan.institutions.v3_store import Callback, callback_of, set_callback
from yongquan.vouchers.model import RoundState
from yongquan.vouchers.v3_stocks import V3Stock, made_as_stocks, v3_stocks_of
from yongquan.vouchers.views import RoundRow, TypeRow, rounds_for_screen
from yongquan.web.dialects.wechat_v3_edge import (
    Caller,
    Wire,
    numbered,
    page_of,
    param_error,
    read_id,
    read_time,
    require_own,
    say_time,
    told,
)
from yongquan.web.dialects.wechat_v3_rules import CreateStock, read_wish
from yongquan.web.door import Door

FAVOR = "/marketing/favor"


class SteerStock(Wire):
    """Start, pause or restart."""

    stock_creator_mchid: str


class SetCallback(Wire):
    """Where COUPON.USE goes."""

    mchid: str | None = None
    notify_url: str = Field(min_length=1, max_length=256)
    switch: StrictBool = True


def add_stocks(routes: APIRouter, door: Door, caller: Caller) -> None:
    """`/v3/marketing/favor`: what a merchant does with stocks."""
    _add_making(routes, door, caller)
    _add_steering(routes, door, caller)
    _add_showing(routes, door, caller)
    _add_scopes(routes, door, caller)
    _add_callbacks(routes, door, caller)


def _add_making(routes: APIRouter, door: Door, caller: Caller) -> None:
    @routes.post(f"{FAVOR}/coupon-stocks", response_model=None)
    async def create(merchant: Annotated[GatewayMerchant, Depends(caller)], wanted: CreateStock) -> dict[str, object]:
        now = door.clock.now()
        wish = read_wish(merchant, wanted, now=now)
        async with door.database.transaction() as connection:
            named = wanted.coupon_use_rule.available_merchants or []
            unknown = set(named) - await known_numbers(connection, V3, named)
        if unknown:
            raise param_error("coupon_use_rule.available_merchants", f"商户号 {min(unknown)} 未登记")
        request = numbered(merchant, "favor.create", wanted.out_request_no, wanted)
        return await make_stock(door.database, merchant, wish, request, now=now)


def _add_steering(routes: APIRouter, door: Door, caller: Caller) -> None:
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    @routes.post(f"{FAVOR}/stocks/{{stock_id}}/start", response_model=None)
    async def start(merchant: Merchant, stock_id: str, wanted: SteerStock) -> dict[str, object]:
        require_own(merchant, wanted.stock_creator_mchid, field="stock_creator_mchid")
        now = door.clock.now()
        if door.phones is not None:
            await give_test_money(door.database, door.links, merchant, now=now)
        answer = await start_stock(door.database, merchant, read_id(stock_id), cells=door.cells, now=now)
        await _reload(door, stock_id)
        return answer

    @routes.post(f"{FAVOR}/stocks/{{stock_id}}/pause", response_model=None)
    async def pause(merchant: Merchant, stock_id: str, wanted: SteerStock) -> dict[str, object]:
        return {"pause_time": await steer(merchant, stock_id, wanted, RoundState.PAUSED), "stock_id": stock_id}

    @routes.post(f"{FAVOR}/stocks/{{stock_id}}/restart", response_model=None)
    async def restart(merchant: Merchant, stock_id: str, wanted: SteerStock) -> dict[str, object]:
        return {"restart_time": await steer(merchant, stock_id, wanted, RoundState.PUBLISHED), "stock_id": stock_id}

    async def steer(merchant: GatewayMerchant, stock_id: str, wanted: SteerStock, to: RoundState) -> str:
        require_own(merchant, wanted.stock_creator_mchid, field="stock_creator_mchid")
        now = door.clock.now()
        await steer_stock(door.database, merchant, read_id(stock_id), to=to, now=now)
        await _reload(door, stock_id)
        return say_time(now)


def _add_showing(routes: APIRouter, door: Door, caller: Caller) -> None:
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    @routes.get(f"{FAVOR}/stocks", response_model=None)
    async def stocks(  # noqa: PLR0917 - the format's own parameters
        merchant: Merchant,
        stock_creator_mchid: str = "",
        offset: int = 0,
        limit: int = 10,
        create_start_time: str | None = None,
        create_end_time: str | None = None,
        status: str | None = None,
    ) -> dict[str, object]:
        require_own(merchant, stock_creator_mchid or merchant.number, field="stock_creator_mchid")
        since = read_time(create_start_time, field="create_start_time") if create_start_time else None
        until = read_time(create_end_time, field="create_end_time") if create_end_time else None
        told_stocks = [
            said
            for made_at, said in await _known_stocks(door, merchant)
            if status in {None, said["status"]}
            and (since is None or (made_at is not None and made_at >= since))
            and (until is None or (made_at is not None and made_at <= until))
        ]
        return page_of(told_stocks, offset=offset, limit=limit, most=10)

    @routes.get(f"{FAVOR}/stocks/{{stock_id}}", response_model=None)
    async def stock(merchant: Merchant, stock_id: str) -> dict[str, Any]:
        wanted = read_id(stock_id).hex
        for _, said in await _known_stocks(door, merchant):
            if said["stock_id"] == wanted:
                return said
        raise told("no_such_stock")


def _add_scopes(routes: APIRouter, door: Door, caller: Caller) -> None:
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    async def scope(merchant: GatewayMerchant, stock_id: str, name: str) -> list[str]:
        async with door.database.transaction() as connection:
            found = await stock_of(connection, merchant, read_id(stock_id))
        values: list[str] = found.document["coupon_use_rule"].get(name) or []
        return values

    @routes.get(f"{FAVOR}/stocks/{{stock_id}}/merchants", response_model=None)
    async def merchants(
        merchant: Merchant, stock_id: str, stock_creator_mchid: str, offset: int = 0, limit: int = 50
    ) -> dict[str, object]:
        require_own(merchant, stock_creator_mchid, field="stock_creator_mchid")
        rows = await scope(merchant, stock_id, "available_merchants")
        return page_of(rows, offset=offset, limit=limit, most=50) | {"stock_id": stock_id}

    @routes.get(f"{FAVOR}/stocks/{{stock_id}}/items", response_model=None)
    async def items(
        merchant: Merchant, stock_id: str, stock_creator_mchid: str, offset: int = 0, limit: int = 100
    ) -> dict[str, object]:
        require_own(merchant, stock_creator_mchid, field="stock_creator_mchid")
        rows = await scope(merchant, stock_id, "available_items")
        return page_of(rows, offset=offset, limit=limit, most=100) | {"stock_id": stock_id}


def _add_callbacks(routes: APIRouter, door: Door, caller: Caller) -> None:
    Merchant = Annotated[GatewayMerchant, Depends(caller)]  # noqa: N806 - a type, named as one

    @routes.post(f"{FAVOR}/callbacks", response_model=None)
    async def set_(merchant: Merchant, wanted: SetCallback) -> dict[str, object]:
        require_own(merchant, wanted.mchid or merchant.number, field="mchid")
        if merchant.api_key_sealed is None:
            raise param_error("mchid", "商户未登记 APIv3 密钥,不能接收通知")
        now = door.clock.now()
        async with door.database.transaction() as connection:
            callback = Callback(merchant.number, "favor", wanted.notify_url, wanted.switch, now)
            await set_callback(connection, callback)
        return {"update_time": say_time(now), "notify_url": wanted.notify_url}

    @routes.get(f"{FAVOR}/callbacks", response_model=None)
    async def get(merchant: Merchant, mchid: str = "") -> dict[str, object]:
        require_own(merchant, mchid or merchant.number, field="mchid")
        async with door.database.transaction() as connection:
            found = await callback_of(connection, merchant.number, "favor")
        return {
            "mchid": merchant.number,
            "notify_url": found.notify_url if found else "",
            "switch": bool(found and found.is_on),
        }


async def _reload(door: Door, stock_id: str) -> None:
    """This process knows at once; the others within a second."""
    async with door.database.transaction() as connection:
        await door.catalogue.load_types(connection, [read_id(stock_id).hex])
    door.claims.forget_sold_out()


async def _known_stocks(door: Door, merchant: GatewayMerchant) -> list[tuple[datetime | None, dict[str, Any]]]:
    """The merchant's own stocks, then what it may send of everybody's."""
    now = door.clock.now()
    async with door.database.transaction() as connection:
        own = await v3_stocks_of(connection, merchant.number)
        rounds = await rounds_for_screen(connection, now=now, ended_since=now)
        types = [(round_, type_) for round_ in rounds for type_ in round_.types if type_.rate_bp is None]
        made = await made_as_stocks(connection, [type_.type_id for _, type_ in types])
    theirs = [(None, _public(merchant, r, t)) for r, t in types if t.type_id not in made]
    return [*((stock.created_at, _own(stock, now)) for stock in own), *theirs]


def _own(stock: V3Stock, now: datetime) -> dict[str, Any]:
    asked = stock.document
    rule = asked["stock_use_rule"]
    return {
        "stock_id": stock.type_id.hex,
        "stock_creator_mchid": stock.mchid,
        "stock_name": stock.name,
        "status": stock.status(now),
        "create_time": say_time(stock.created_at),
        "description": asked.get("description", ""),
        "stock_use_rule": {**rule, "fixed_normal_coupon": asked["coupon_use_rule"]["fixed_normal_coupon"]},
        "available_begin_time": say_time(stock.opens_at),
        "available_end_time": say_time(stock.closes_at),
        "distributed_coupons": stock.sent,
        "no_cash": False,
        "singleitem": bool(asked["coupon_use_rule"].get("available_items")),
        "stock_type": "NORMAL",
    }


def _public(merchant: GatewayMerchant, round_: RoundRow, type_: TypeRow) -> dict[str, Any]:
    return {
        "stock_id": type_.type_id.hex,
        "stock_creator_mchid": merchant.number,
        "stock_name": type_.name,
        "stock_type": "NORMAL",
        "status": "paused" if round_.is_paused else "running",
        "available_begin_time": say_time(round_.opens_at),
        "available_end_time": say_time(round_.closes_at),
        "distributed_coupons": type_.stock - type_.remaining,
        "stock_use_rule": {
            "max_coupons": type_.stock,
            "max_amount": type_.amount_fen * type_.stock,
            "max_coupons_per_user": round_.terms.caps.per_round or 0,
            "fixed_normal_coupon": {
                "coupon_amount": type_.amount_fen,
                "transaction_minimum": type_.threshold_fen,
            },
        },
    }
