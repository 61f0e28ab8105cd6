"""The till: amount, the citizen's code, the result; today's takings; the store's own code."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.institutions.views import parties
from yongquan.merchants.views import StoreRow, store_of
from yongquan.payments.views import store_payments, takings_of
from yongquan.plumbing.clock import business_day, day_start
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import qr_code, render, said
from yongquan.web.sessions import Sessions
from yongquan.web.words import DECLINED, DECLINED_OTHERWISE, Words

REFUNDS = "/v1/payments/{payment_id}/refunds"
TILL_WORDS = {
    "amount": "请输入金额",
    "code": "请扫描或输入顾客的 18 位付款码",
    "charging": "收款中…",
    "lost": "网络中断。请重试：同一笔收款不会扣两次",
    "waiting": "银行正在处理，请勿重复收款",
    "succeeded": "收款成功",
    "failed": "收款失败",
    "refunding": "退款中…",
    "refunded": "已退款",
    "refund_left": "最多可退 %s 元",
    "camera_off": "无法打开摄像头，请输入数字或用扫码枪",
    "camera_stop": "关闭摄像头",
    "camera_start": "摄像头扫码",
    "citizen": "顾客支付",
    "user_paying": "请顾客在手机上确认付款",
    "closed": "没有收款",
    "order_over": "订单已关闭，没有收款",
    "lost_order": "网络中断，请重试",
    "arrives": "%s 日终清算后划付",
    "receives": "门店应收（已扣手续费）",
}


def make_till(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/till`, `/m/today` and `/m/code`."""
    routes = APIRouter()

    async def store(who: Annotated[UUID, Depends(sessions.page)]) -> StoreRow:
        async with door.database.transaction() as connection:
            found = await store_of(connection, who)
        if found is None:
            raise LookupError("a signed token names a store that is not registered")
        return found

    @routes.get("/till")
    async def till(request: Request, at: Annotated[StoreRow, Depends(store)]) -> Response:
        async with door.database.transaction() as connection:
            names = await parties(connection)
        speech = speech_of(request)
        declined = {code: speech.say(msgid) for code, msgid in {**DECLINED, "": DECLINED_OTHERWISE}.items()}
        facts = {
            "sentences": {**Words(speech).problems(), **said(speech, TILL_WORDS)},
            "declined": declined,
            "funders": {code: speech.name_of(party) for code, party in names.items()},
        }
        return render(request, "merchant/till.html", facts, store=at)

    @routes.get("/today")
    async def today(request: Request, at: Annotated[StoreRow, Depends(store)]) -> Response:
        day = business_day(door.clock.now())
        since, until = day_start(day), day_start(day + timedelta(days=1))
        async with door.database.transaction() as connection:
            takings = await takings_of(connection, at.store_id, since=since, until=until)
            payments = await store_payments(connection, at.store_id, since=since, until=until)
            names = await parties(connection)
        speech = speech_of(request)
        sentences = {**Words(speech).problems(), **said(speech, TILL_WORDS)}
        facts = {"takings": takings, "payments": payments, "names": names, "sentences": sentences, "since": since}
        return render(
            request, "merchant/today.html", facts, store=at, refunds=REFUNDS in request.app.openapi()["paths"]
        )

    @routes.get("/code")
    async def code(request: Request, at: Annotated[StoreRow, Depends(store)]) -> Response:
        address = str(request.base_url.replace(path="/c/pay", query=f"store={at.store_id}"))
        return render(request, "merchant/code.html", store=at, picture=qr_code(address), address=address)

    return routes
