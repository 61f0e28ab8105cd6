"""The till gives vouchers away: choose a quota, type the customer's phone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.give_vouchers import give_voucher
from yongquan.kernel.errors import Refusal
from yongquan.merchants.views import store_of
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.ways.gifts import gifts_of_quota, quotas
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words

SHOWN = 20


def make_gifts(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/gifts`."""
    routes = APIRouter()

    async def page(request: Request, who: UUID, *, error: str = "", phone: str = "", done: str = "") -> Response:
        async with door.database.transaction() as connection:
            at = await store_of(connection, who)
            listed = await quotas(connection, giver=f"store:{who}")
            given = [gift for quota in listed for gift in await gifts_of_quota(connection, quota.quota_id, limit=SHOWN)]
        now = door.clock.now()
        facts = {
            "store": at,
            "quotas": [quota for quota in listed if quota.is_open(now) and quota.left],
            "names": {quota.quota_id: quota for quota in listed},
            "given": sorted(given, key=lambda gift: gift.given_at, reverse=True)[:SHOWN],
            "key": fresh_id().hex,
            "error": Words(speech_of(request)).problems().get(error, error),
            "phone": phone,
            "done": done if done in {"delivered", "waiting", "undeliverable"} else "",
        }
        return render(request, "merchant/gifts.html", facts, status=422 if error else 200)

    @routes.get("/gifts")
    async def show(request: Request, who: Annotated[UUID, Depends(sessions.page)], done: str = "") -> Response:
        return await page(request, who, done=done)

    @routes.post("/gifts")
    async def give(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        quota: Annotated[UUID, Form()],
        phone: Annotated[str, Form(max_length=20)],
        key: Annotated[str, Form(max_length=64)],
    ) -> Response:
        try:
            gift = await give_voucher(
                door.database,
                door.sealing,
                giver=f"store:{who}",
                quota_id=quota,
                phone="".join(phone.split()),
                key=key,
                cells=door.cells,
                now=door.clock.now(),
            )
        except Refusal as refusal:
            return await page(request, who, error=refusal.code, phone=phone)
        return RedirectResponse(f"/m/gifts?done={gift.state}", status_code=303)

    return routes
