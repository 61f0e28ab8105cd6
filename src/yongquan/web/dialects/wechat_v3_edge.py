"""The edge of every v3 call: who signed it, how a refusal is said, and the signature of the answer."""

import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import URL

from yongquan.institutions import apps_store
from yongquan.institutions.gateway import V3, GatewayMerchant, merchant_of
from yongquan.institutions.v3 import Seal, read_authorization, why_unsound
from yongquan.institutions.v3_store import Numbered
from yongquan.kernel.errors import BadInput, Outage, Refusal
from yongquan.plumbing.clock import SHANGHAI, business_day, wall_now
from yongquan.vouchers.merchant_coupons import CouponState
from yongquan.web.door import Door

T = TypeVar("T")
Caller = Callable[[Request], Awaitable[GatewayMerchant]]
CODES = {
    "sold_out": (403, "STOCK_AMOUNT_NOT_ENOUGH", "批次已发完"),
    "funds_short": (403, "STOCK_AMOUNT_NOT_ENOUGH", "商户账户余额不足,请先充值"),
    "cap_reached": (403, "RULE_LIMIT", "已达领取上限"),
    "not_eligible": (403, "NATURELIMIT", "不符合领取条件"),
    "wrong_place": (403, "NATURELIMIT", "不在活动区域"),
    "blocked": (403, "REQUEST_BLOCKED", "该用户不能参加活动"),
    "not_open": (400, "INVALID_REQUEST", "批次未激活、已暂停或未到发放时间"),
    "closed": (400, "INVALID_REQUEST", "批次已过期"),
    "forbidden_move": (400, "INVALID_REQUEST", "批次当前状态不能进行此操作"),
    "no_such_stock": (404, "PARAM_ERROR", "批次不存在"),
    "no_such_coupon": (404, "PARAM_ERROR", "券不存在"),
    "coupon_state": (400, "INVALID_REQUEST", "券当前状态不能进行此操作"),
    "code_refused": (400, "PARAM_ERROR", "coupon_code 与批次的券 code 模式不符或已被使用"),
    "not_linked": (400, "PARAM_ERROR", "openid 未授权本机构"),
    "conflicting_request": (400, "INVALID_REQUEST", "out_request_no 已用于其他请求"),
    "request_no_used": (400, "INVALID_REQUEST", "商户请求单号已用于其他请求"),
    "no_store": (403, "NO_AUTH", "商户未登记收款门店"),
    "order_no_used": (403, "OUT_TRADE_NO_USED", "商户订单号已用于其他订单"),
    "bad_order": (400, "PARAM_ERROR", "time_expire 需晚于当前时间"),
    "no_such_trade": (404, "ORDER_NOT_EXIST", "订单不存在"),
    "order_paid": (400, "ORDERPAID", "订单已支付,请申请退款"),
    "order_closed": (400, "ORDER_CLOSED", "订单已关闭"),
    "attempt_under_way": (400, "USERPAYING", "用户支付中,请稍后查询"),
    "no_such_parking": (404, "RESOURCE_NOT_EXISTS", "入场记录不存在或车牌不符"),
    "plate_not_open": (403, "NO_AUTH", "车牌未开通停车代扣"),
    "no_such_refund": (404, "RESOURCE_NOT_EXISTS", "退款单不存在"),
    "not_refundable": (400, "INVALID_REQUEST", "订单当前状态不能退款"),
    "refund_too_large": (403, "NOT_ENOUGH", "退款金额大于订单可退金额"),
    "refund_under_way": (429, "FREQUENCY_LIMITED", "该订单有退款正在处理,请稍后用原单号重试"),
    "no_such_bill": (404, "NOT_FOUND", "转账单不存在"),
    "no_receiver": (400, "INVALID_REQUEST", "收款用户没有可收款的账户"),
    "name_differs": (400, "PARAM_ERROR", "收款用户姓名与账户不符"),
    "unknown_account": (400, "INVALID_REQUEST", "收款账户异常"),
    "account_closed": (400, "INVALID_REQUEST", "收款账户异常"),
    "amount_differs": (400, "PARAM_ERROR", "amount.total 与订单金额不一致"),
    "too_many_requests": (429, "FREQUENCY_LIMITED", "请求过于频繁"),
}


class V3Refused(Exception):
    """An error as v3 says it; `field` is the JSON path of what is wrong."""

    def __init__(self, status: int, code: str, message: str, *, field: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.field = field


class Wire(BaseModel):
    """A request's body or a part of it; a field that is not known is refused, never ignored."""

    model_config = ConfigDict(extra="forbid")


class V3Answer(JSONResponse):
    """An answer's body: Chinese as it is."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def param_error(field: str, why: str) -> V3Refused:
    """A field that is wrong, or that cannot be honoured here."""
    return V3Refused(400, "PARAM_ERROR", f"{field}: {why}", field="/" + field.replace(".", "/"))


def caller_of(door: Door) -> Caller:
    """Reads who signed a request; a request that is not soundly signed, too old or repeated is refused."""

    async def caller(request: Request) -> GatewayMerchant:
        said = read_authorization(request.headers.get("authorization", ""))
        if said is None:
            raise V3Refused(401, "SIGN_ERROR", "Authorization 缺失或格式有误")
        async with door.database.transaction() as connection:
            merchant = await merchant_of(connection, V3, said.mchid)
        if merchant is None:
            raise V3Refused(401, "SIGN_ERROR", "商户号未登记")
        body, now = await request.body(), wall_now()
        wrong = why_unsound(said, merchant, method=request.method, target=_target(request), body=body, now=now)
        if wrong is not None:
            raise V3Refused(401, "SIGN_ERROR", wrong)
        async with door.database.transaction() as connection:
            nonce = f"v3:{said.mchid}:{said.nonce}"
            if await apps_store.count_call(connection, merchant.institution, nonce, day=business_day(now)) is None:
                raise V3Refused(401, "SIGN_ERROR", "nonce_str 已使用")
        return merchant

    return caller


def route_class(seal: Seal) -> type[APIRoute]:
    """Routes whose every answer is signed, and whose every refusal is told as v3 does."""

    class V3Route(APIRoute):
        """One v3 call."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handler(request: Request) -> Response:
                try:
                    answer = await handle(request)
                except V3Refused as no:
                    answer = _error(no)
                except CouponState as no:
                    answer = _error(V3Refused(400, "INVALID_REQUEST", str(no)))
                except Refusal as no:
                    answer = _error(told(getattr(no, "reason", no.code)))
                except BadInput as no:
                    answer = _error(V3Refused(400, "PARAM_ERROR", str(no)))
                except RequestValidationError as no:
                    answer = _error(_malformed(no))
                except Outage as no:
                    answer = _error(V3Refused(500, "SYSTEM_ERROR", str(no)))
                answer.headers.update(seal.headers(bytes(answer.body), now=wall_now()))
                return answer

            return handler

    return V3Route


def told(code: str) -> V3Refused:
    """One of our refusals as v3 says it."""
    return V3Refused(*CODES.get(code, (400, "INVALID_REQUEST", code)))


def numbered(merchant: GatewayMerchant, kind: str, number: str, wanted: BaseModel, *also: str) -> Numbered:
    """A write under the merchant's own number; `also` is what the path says beside the body."""
    body = "\n".join((wanted.model_dump_json(), *also)).encode()
    return Numbered(merchant.number, kind, number, body)


def require_own(merchant: GatewayMerchant, mchid: str, *, field: str) -> None:
    """A merchant acts for itself only."""
    if mchid != merchant.number:
        raise param_error(field, "只能是本商户号")


def require_appid(merchant: GatewayMerchant, appid: str) -> None:
    """The openids are of the registered appid."""
    if appid != merchant.appid:
        raise V3Refused(400, "PARAM_ERROR", "appid 与商户号不符", field="/appid")


def read_id(text: str) -> UUID:
    """An id of ours as 32 hex digits."""
    try:
        return UUID(text)
    except ValueError as error:
        raise V3Refused(400, "PARAM_ERROR", f"{text[:40]} 不存在") from error


def read_time(text: str, *, field: str) -> datetime:
    """RFC 3339 with an offset, as UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise param_error(field, "格式为 YYYY-MM-DDTHH:mm:ss+TIMEZONE") from error
    if at.tzinfo is None:
        raise param_error(field, "需带时区")
    return at.astimezone(UTC)


def say_time(at: datetime) -> str:
    """Shanghai time with its offset, in whole seconds."""
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def page_of(rows: Sequence[T], *, offset: int, limit: int, most: int) -> dict[str, object]:
    """One page; `offset` counts pages, as the format does."""
    if not offset >= 0 or not 1 <= limit <= most:
        raise param_error("limit", f"offset 不小于 0,limit 为 1 到 {most}")
    page = list(rows[offset * limit : (offset + 1) * limit])
    return {"total_count": len(rows), "limit": limit, "offset": offset, "data": page}


def _target(request: Request) -> str:
    # As it was sent: a client signs the very bytes of its request line.
    path = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
    query = URL(scope=request.scope).query
    return f"{path}?{query}" if query else path


def _malformed(no: RequestValidationError) -> V3Refused:
    first = no.errors()[0]
    place = [str(part) for part in first["loc"] if part not in {"body", "query", "path"}]
    return param_error(".".join(place) or "body", str(first["msg"]))


def _error(no: V3Refused) -> Response:
    detail = {"field": no.field, "issue": no.message} if no.field else {}
    return V3Answer({"code": no.code, "message": no.message, "detail": detail}, no.status)
