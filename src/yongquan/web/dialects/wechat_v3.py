"""Cash coupons (favor) in the shape of WeChat Pay v3: stocks are voucher types, sending is claiming for a citizen."""

import hashlib
import json
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from yongquan.institutions import apps_store
from yongquan.institutions.apps import App
from yongquan.institutions.v3 import Seal, V3Merchant, merchant_of, read_authorization, why_unsound
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.clock import SHANGHAI, business_day, wall_now
from yongquan.vouchers.views import RoundRow, TypeRow, WalletRow, rounds_for_screen, voucher_of, wallet_of
from yongquan.web.api.hot import type_of
from yongquan.web.door import Door

STATES = {"held": "SENDED", "not_yet_valid": "SENDED", "locked": "SENDED", "frozen": "SENDED", "redeemed": "USED"}
CODES = {
    "sold_out": (403, "STOCK_AMOUNT_NOT_ENOUGH", "批次已发完"),
    "cap_reached": (403, "RULE_LIMIT", "已达领取上限"),
    "not_eligible": (403, "NATURELIMIT", "不符合领取条件"),
    "wrong_place": (403, "NATURELIMIT", "不在活动区域"),
    "blocked": (403, "REQUEST_BLOCKED", "该用户不能参加活动"),
    "not_linked": (400, "PARAM_ERROR", "openid 未授权本机构"),
    "conflicting_request": (400, "INVALID_REQUEST", "out_request_no 已用于其他请求"),
    "too_many_requests": (429, "FREQUENCY_LIMITED", "请求过于频繁"),
}


class V3Refused(Exception):
    """An error as v3 says it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


class SendRequest(BaseModel):
    """A coupon to send."""

    stock_id: str
    out_request_no: str = Field(min_length=1, max_length=128)
    appid: str
    stock_creator_mchid: str


def make_favor(door: Door, seal: Seal) -> APIRouter:
    """`/v3/marketing/favor`: list and query stocks, send a coupon, query a user's coupons."""
    routes = APIRouter(prefix="/v3/marketing/favor", route_class=_route_class(seal))

    async def caller(request: Request) -> V3Merchant:
        return await _caller(door, request)

    _add_stocks(routes, door, caller)
    _add_coupons(routes, door, caller)
    return routes


def _add_stocks(routes: APIRouter, door: Door, caller: Callable[[Request], Any]) -> None:
    @routes.get("/stocks", response_model=None)
    async def stocks(
        merchant: Annotated[V3Merchant, Depends(caller)],
        offset: int = 0,
        limit: int = 10,
        status: str | None = None,
    ) -> dict[str, object]:
        if not offset >= 0 or not 1 <= limit <= 10:
            raise V3Refused(400, "PARAM_ERROR", "offset 不小于 0,limit 为 1 到 10")
        every = [_stock(merchant, round_, type_) for round_, type_ in await _types(door)]
        wanted = [stock for stock in every if status in {None, stock["status"]}]
        page = wanted[offset * limit : (offset + 1) * limit]
        return {"total_count": len(wanted), "limit": limit, "offset": offset, "data": page}

    @routes.get("/stocks/{stock_id}", response_model=None)
    async def stock(merchant: Annotated[V3Merchant, Depends(caller)], stock_id: str) -> dict[str, object]:
        for round_, type_ in await _types(door):
            if type_.type_id.hex == stock_id:
                return _stock(merchant, round_, type_)
        raise V3Refused(404, "PARAM_ERROR", "批次不存在")


def _add_coupons(routes: APIRouter, door: Door, caller: Callable[[Request], Any]) -> None:
    @routes.post("/users/{openid}/coupons", response_model=None)
    async def send(
        merchant: Annotated[V3Merchant, Depends(caller)], openid: str, wanted: SendRequest
    ) -> dict[str, object]:
        _require_appid(merchant, wanted.appid)
        app, type_id = App(merchant.institution, "", "", 1, 1, "active"), _id(wanted.stock_id)
        who = await door.apps.citizen(app, _id(openid), active_at=door.clock.now())
        async with door.database.transaction() as connection:
            await door.catalogue.load_types(connection, [type_id.hex])
        offer = next((r for r, t in await _types(door) if t.type_id == type_id), None)
        round_ = await door.find_round(offer.round_id.hex) if offer else None
        if round_ is None:
            raise V3Refused(404, "PARAM_ERROR", "批次不存在")
        body = f"{wanted.stock_id}\n{openid}\n{wanted.stock_creator_mchid}".encode()
        outcome = await door.apps.claim(
            app,
            who,
            round_,
            type_of(round_, str(type_id)),
            key=f"v3\n{merchant.mchid}\n{wanted.out_request_no}",
            body_hash=hashlib.blake2b(body, digest_size=16).hexdigest(),
            place=None,
        )
        if outcome.code not in {"claimed", "again"}:
            raise _told(outcome.code)
        return {"coupon_id": outcome.voucher_id.replace("-", "")}

    @routes.get("/users/{openid}/coupons", response_model=None)
    async def coupons(
        merchant: Annotated[V3Merchant, Depends(caller)],
        openid: str,
        *,
        appid: str,
        offset: int = 0,
        limit: int = 20,
        status: str | None = None,
        stock_id: str | None = None,
    ) -> dict[str, object]:
        _require_appid(merchant, appid)
        who = await door.apps.citizen(App(merchant.institution, "", "", 1, 1, "active"), _id(openid))
        async with door.database.transaction() as connection:
            rows = await wallet_of(connection, cell_of(who, door.cells), who, now=door.clock.now())
        told = [_coupon(merchant, row) for row in rows]
        wanted = [c for c in told if status in {None, c["status"]} and stock_id in {None, c["stock_id"]}]
        page = wanted[offset * limit : (offset + 1) * limit]
        return {"total_count": len(wanted), "limit": limit, "offset": offset, "data": page}

    @routes.get("/users/{openid}/coupons/{coupon_id}", response_model=None)
    async def coupon(
        merchant: Annotated[V3Merchant, Depends(caller)], openid: str, coupon_id: str, appid: str
    ) -> dict[str, object]:
        _require_appid(merchant, appid)
        who = await door.apps.citizen(App(merchant.institution, "", "", 1, 1, "active"), _id(openid))
        async with door.database.transaction() as connection:
            row = await voucher_of(connection, cell_of(who, door.cells), who, _id(coupon_id), now=door.clock.now())
        if row is None:
            raise V3Refused(404, "PARAM_ERROR", "代金券不存在")
        return _coupon(merchant, row)


async def _caller(door: Door, request: Request) -> V3Merchant:
    said = read_authorization(request.headers.get("authorization", ""))
    if said is None:
        raise V3Refused(401, "SIGN_ERROR", "Authorization 缺失或格式有误")
    async with door.database.transaction() as connection:
        merchant = await merchant_of(connection, said.mchid)
    if merchant is None:
        raise V3Refused(401, "SIGN_ERROR", "商户号未登记")
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    body, now = await request.body(), wall_now()
    wrong = why_unsound(said, merchant, method=request.method, target=target, body=body, now=now)
    if wrong is not None:
        raise V3Refused(401, "SIGN_ERROR", wrong)
    async with door.database.transaction() as connection:
        nonce = f"v3:{said.mchid}:{said.nonce}"
        if await apps_store.count_call(connection, merchant.institution, nonce, day=business_day(now)) is None:
            raise V3Refused(401, "SIGN_ERROR", "nonce_str 已使用")
    return merchant


async def _types(door: Door) -> list[tuple[RoundRow, TypeRow]]:
    now = door.clock.now()
    async with door.database.transaction() as connection:
        rounds = await rounds_for_screen(connection, now=now, ended_since=now)
    return [(round_, type_) for round_ in rounds for type_ in round_.types if type_.rate_bp is None]


def _stock(merchant: V3Merchant, round_: RoundRow, type_: TypeRow) -> dict[str, object]:
    return {
        "stock_id": type_.type_id.hex,
        "stock_creator_mchid": merchant.mchid,
        "stock_name": type_.name,
        "stock_type": "NORMAL",
        "status": "paused" if round_.is_paused else "running",
        "available_begin_time": _time(round_.opens_at),
        "available_end_time": _time(round_.closes_at),
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


def _coupon(merchant: V3Merchant, row: WalletRow) -> dict[str, object]:
    return {
        "stock_creator_mchid": merchant.mchid,
        "stock_id": row.type_id.hex,
        "coupon_id": row.voucher_id.hex,
        "coupon_type": "NORMAL",
        "status": STATES.get(row.state, "EXPIRED"),
        "create_time": _time(row.claimed_at),
        "available_begin_time": _time(row.valid_from),
        "available_end_time": _time(row.valid_until),
        "normal_coupon_information": {
            "coupon_amount": row.amount_fen,
            "transaction_minimum": row.threshold_fen,
        },
    }


def _time(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise V3Refused(400, "PARAM_ERROR", f"{text[:40]} 不存在") from error


def _require_appid(merchant: V3Merchant, appid: str) -> None:
    if appid != merchant.appid:
        raise V3Refused(400, "PARAM_ERROR", "appid 与商户号不符")


def _told(code: str) -> V3Refused:
    return V3Refused(*CODES.get(code, (400, "INVALID_REQUEST", code)))


def _route_class(seal: Seal) -> type[APIRoute]:
    class V3Route(APIRoute):
        """Every answer is signed; every refusal is told as v3 does."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handler(request: Request) -> Response:
                try:
                    answer = await handle(request)
                except V3Refused as no:
                    answer = _error(no)
                except Refusal as no:
                    answer = _error(_told(no.code))
                except RequestValidationError as no:
                    answer = _error(V3Refused(400, "PARAM_ERROR", str(no.errors()[0]["msg"])))
                except Outage as no:
                    answer = _error(V3Refused(500, "SYSTEM_ERROR", str(no)))
                answer.headers.update(seal.headers(bytes(answer.body), now=wall_now()))
                return answer

            return handler

    return V3Route


def _error(no: V3Refused) -> Response:
    document = {"code": no.code, "message": no.message, "detail": {}}
    return Response(json.dumps(document, ensure_ascii=False), no.status, media_type="application/json")
