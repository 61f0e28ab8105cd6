"""UnionPay's coupon platform as a shape: token, download, query, draw, quota (docs/coupon-platform.md)."""

import json
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import APIRouter, Request, Response

from yongquan.flows.register_for_draw import REGISTERED
from yongquan.flows.serve_coupons import GIVEN, NUMBER_MAX, CouponDesk, Whom, whom_of
from yongquan.institutions.apps_store import count_call
from yongquan.institutions.coupon_apps import (
    TOKEN_LASTS,
    CouponApp,
    opened_fields,
    why_unsound,
    why_unsound_token,
)
from yongquan.institutions.coupon_store import OrderKey, app_of, holder_of, issue_token
from yongquan.kernel.errors import Outage, Refusal
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.plumbing.limits import RateLimit
from yongquan.web.api.problems import PROBLEMS
from yongquan.web.dialects.coupon_quota import quota_fields
from yongquan.web.door import Door

PREFIX = "/open/access/1.0"
PER_SECOND = 200
BODY_MAX = 16_384
UNKNOWN = "GCUP07003"
# Where the shape has a code for a refusal, clients know it; the rest is an order that cannot be done.
CODES = {
    "not_found": ("GCUP00030", "优惠券不存在"),
    "cap_reached": ("GCUP06038", "超过限制次数"),
    "not_open": ("GCUP06005", "券未到可领取时间"),
    "closed": ("GCUP06006", "券已过领取时间"),
    "sold_out": ("GCUP06045", "该优惠券已领完"),
    "not_eligible": ("GCUP07060", "不符合领券要求"),
    "wrong_place": ("GCUP07056", "不在活动地区"),
    "blocked": ("GCUP07058", "该用户不能参与"),
    "not_linked": ("3023", "该用户未授权本机构"),
    "conflicting_request": ("GPUP07001", "流水号已用于其他请求"),
    "quota_exceeded": ("GPUP07001", "请求过于频繁"),
}

_EVERY = frozenset({"appId", "nonceStr", "timestamp", "signature", "backendToken", "transSeqId", "transTs"})
_WHOM = frozenset({"acctEntityTp", "openId", "mobile", "cardNo"})
# What each call may say besides.
FIELDS = {
    "backendToken": frozenset[str](),
    "coupon.download": _WHOM | {"couponId", "couponNum"},
    "coupon.query": frozenset({"origTransSeqId", "origTransTs"}),
    "maktg.draw": _WHOM | {"activityNo", "cityId"},
    "activity.quota": frozenset({"activityNo", "activityType"}),
}

Fields = dict[str, str]
Step = Callable[[CouponApp, Fields], Awaitable[dict[str, object]]]


class CouponRefused(Exception):
    """A refusal as the shape says it."""

    def __init__(self, resp: str, message: str, params: dict[str, object] | None = None) -> None:
        super().__init__(resp)
        self.resp = resp
        self.message = message
        self.params = params or {}


def make_coupon_platform(door: Door) -> APIRouter:
    """`/open/access/1.0`: the paths under which clients of the shape look for it on any host."""
    routes = APIRouter(prefix=PREFIX)
    calls = _Calls(door)

    def add(name: str, gate: Callable[[Fields], Awaitable[tuple[CouponApp, Fields]]], step: Step) -> None:
        async def answer(request: Request) -> Response:
            try:
                caller, fields = await gate(await _fields(request))
                _refuse_what_is_not_honoured(name, fields)
                params = await step(caller, fields)
            except CouponRefused as no:
                return _answer(no.resp, no.message, no.params)
            except Refusal as no:
                return _answer(*_told(no.code, str(no)))
            except Outage as no:
                return _answer(UNKNOWN, f"结果未知,请用同一流水号重试: {no}")
            return _answer(GIVEN, "", params)

        routes.add_api_route(f"/{name}", answer, methods=["POST"], response_model=None)

    add("backendToken", calls.by_secret, calls.token)
    add("coupon.download", calls.by_signature, calls.download)
    add("coupon.query", calls.by_token, calls.query)
    add("maktg.draw", calls.by_signature, calls.draw)
    add("activity.quota", calls.by_token, calls.quota)
    return routes


class _Calls:
    """The gates and the steps of the five calls."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._desk = CouponDesk(door.apps, door.catalogue)
        self._limit = RateLimit(per_second=PER_SECOND, burst=2 * PER_SECOND)

    async def by_secret(self, fields: Fields) -> tuple[CouponApp, Fields]:
        caller = await self._caller(fields)
        if (wrong := why_unsound_token(caller, fields, now=wall_now())) is not None:
            raise CouponRefused("BC0025", wrong)
        async with self._door.database.transaction() as connection:
            nonce, day = f"coupon:{caller.app_id}:{fields['nonceStr']}", business_day(wall_now())
            if await count_call(connection, caller.institution, nonce, day=day) is None:
                raise CouponRefused("BC0025", "nonceStr was used before")
        return caller, fields

    async def by_signature(self, fields: Fields) -> tuple[CouponApp, Fields]:
        caller = await self._caller(fields)
        try:
            opened = opened_fields(caller, fields)
        except ValueError:
            raise CouponRefused("BC0025", "mobile or cardNo is not sealed under the symmetric key") from None
        if (wrong := why_unsound(caller, opened, now=wall_now())) is not None:
            raise CouponRefused("BC0025", wrong)
        return caller, opened

    async def by_token(self, fields: Fields) -> tuple[CouponApp, Fields]:
        async with self._door.database.transaction() as connection:
            holder = await holder_of(connection, fields.get("backendToken", ""), now=wall_now())
        if holder is None or holder != fields.get("appId"):
            raise CouponRefused("a10", "不合法的backendToken,或已过期")
        return await self._caller(fields), fields

    async def token(self, caller: CouponApp, _: Fields) -> dict[str, object]:
        async with self._door.database.transaction() as connection:
            token = await issue_token(connection, caller.app_id, now=wall_now())
        return {"backendToken": token, "expiresIn": int(TOKEN_LASTS.total_seconds())}

    async def download(self, caller: CouponApp, fields: Fields) -> dict[str, object]:
        key, coupon_id, wanted = _key(caller, fields), _id(fields, "couponId"), _number(fields)
        now = self._door.clock.now()
        citizen_id = await self._desk.whom(caller, _whom(fields), now=now)
        given = await self._desk.give(caller, key, citizen_id, coupon_id=coupon_id, wanted=wanted, now=now)
        params: dict[str, object] = {
            "transSeqId": key.trans_seq_id,
            "couponId": coupon_id.hex,
            "couponNum": str(len(given.voucher_ids)),
            "couponCds": [id_.hex for id_ in given.voucher_ids],
        }
        if given.outcome != GIVEN:
            raise CouponRefused(*_told(given.outcome, given.reason), params)
        return params

    async def query(self, caller: CouponApp, fields: Fields) -> dict[str, object]:
        key = OrderKey(caller.app_id, _filled(fields, "origTransSeqId"), _day(fields, "origTransTs"))
        order = await self._desk.order(key)
        if order is None:
            raise CouponRefused("GPUP07400", "没有这笔交易")
        params: dict[str, object] = {
            "origTransSeqId": key.trans_seq_id,
            "origTransTs": key.trans_ts,
            "couponId": order.coupon_id,
            "couponNum": str(len(order.voucher_ids)),
            "couponCds": [id_.hex for id_ in order.voucher_ids],
        }
        if order.outcome is None:
            raise CouponRefused(UNKNOWN, "处理中,请用同一流水号重试", params)
        if order.outcome != GIVEN:
            raise CouponRefused(*_told(order.outcome), params)
        return params

    async def draw(self, caller: CouponApp, fields: Fields) -> dict[str, object]:
        key, round_id, now = _key(caller, fields), _id(fields, "activityNo"), self._door.clock.now()
        citizen_id = await self._desk.whom(caller, _whom(fields), now=now)
        adcode = fields.get("cityId") or None
        outcome = await self._desk.draw(caller, key, citizen_id, round_id=round_id, adcode=adcode, now=now)
        if outcome.code not in REGISTERED:
            raise CouponRefused(*_told(outcome.code, outcome.reason))
        return {"transSeqId": key.trans_seq_id, "activityNo": round_id.hex, "drawStatus": "registered"}

    async def quota(self, caller: CouponApp, fields: Fields) -> dict[str, object]:
        activity, kind = _id(fields, "activityNo"), fields.get("activityType", "")
        if kind not in {str(n) for n in range(1, 14)}:
            raise CouponRefused("GPUP07001", "activityType is 1 to 13")
        now = self._door.clock.now()
        allotted = await self._desk.allotment(caller, activity, now=now)
        return {"transSeqId": fields.get("transSeqId", ""), **quota_fields(allotted, now=now)}

    async def _caller(self, fields: Fields) -> CouponApp:
        app_id = fields.get("appId", "")
        async with self._door.database.transaction() as connection:
            caller = await app_of(connection, app_id, self._door.sealing)
        if caller is None:
            raise CouponRefused("BC2126", "appId 未登记或已停用")
        if not self._limit.allows(caller.app_id, time.monotonic()):
            raise CouponRefused(*CODES["quota_exceeded"])
        return caller


async def _fields(request: Request) -> Fields:
    body = await request.body()
    try:
        document = json.loads(body) if len(body) <= BODY_MAX else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise CouponRefused("GPUP07001", "the body is a JSON object of 16 KB at most")
    if any(not isinstance(value, str | int) or isinstance(value, bool) for value in document.values()):
        raise CouponRefused("GPUP07001", "every field is a string or a whole number")
    return {str(name): str(value) for name, value in document.items()}


def _refuse_what_is_not_honoured(call: str, fields: Fields) -> None:
    """A field that would change what is asked, and that we do not act on, is named rather than passed over."""
    strange = sorted(
        name for name, value in fields.items() if value != "" and name not in _EVERY and name not in FIELDS[call]
    )
    if strange:
        raise CouponRefused("GPUP07001", f"{strange[0][:64]}: this field is not supported")


def _whom(fields: Fields) -> Whom:
    whom, kind = whom_of(fields), fields.get("acctEntityTp", "")
    wanted = {"01": whom.phone, "02": whom.card_no, "03": whom.open_id or whom.phone or whom.card_no}.get(kind, "")
    if not wanted:
        raise CouponRefused("SG0001", "acctEntityTp: 01 with mobile, 02 with cardNo, 03 with openId or either")
    return {"01": Whom(phone=wanted), "02": Whom(card_no=wanted)}.get(kind, whom)


def _key(caller: CouponApp, fields: Fields) -> OrderKey:
    return OrderKey(caller.app_id, _filled(fields, "transSeqId"), _day(fields, "transTs"))


def _filled(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if not 1 <= len(value) <= 64:
        raise CouponRefused("GPUP07001", f"{name} has 1 to 64 characters")
    return value


def _day(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if not (value.isascii() and value.isdecimal() and len(value) == 8):
        raise CouponRefused("GPUP07001", f"{name} is a day: yyyyMMdd")
    return value


def _number(fields: Fields) -> int:
    value = fields.get("couponNum", "")
    if not (value.isascii() and value.isdecimal() and 1 <= int(value[:4]) <= NUMBER_MAX and len(value) <= 2):
        raise CouponRefused("GPUP07001", f"couponNum is 1 to {NUMBER_MAX}")
    return int(value)


def _id(fields: Fields, name: str) -> UUID:
    try:
        return UUID(fields.get(name, ""))
    except ValueError:
        raise CouponRefused(*CODES["not_found"]) from None


def _told(code: str, detail: str = "") -> tuple[str, str]:
    if code in CODES:
        resp, message = CODES[code]
    else:
        resp, message = "GPUP07002", PROBLEMS[code].title if code in PROBLEMS else code
    return resp, f"{message} ({detail})" if detail else message


def _answer(resp: str, message: str, params: dict[str, object] | None = None) -> Response:
    document = {"resp": resp, "msg": message, "params": params or {}}
    return Response(json.dumps(document, ensure_ascii=False), media_type="application/json")
