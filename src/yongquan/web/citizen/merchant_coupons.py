"""Merchants' coupons in the wallet: one's page with its code, its state, and how it is used."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.name_v3_merchants import name_v3_merchants
from yongquan.institutions.views import Party
from yongquan.plumbing.db import Connection
from yongquan.vouchers.merchant_coupon_views import CitizensCoupon, coupon_of_citizen, coupons_of_citizen
from yongquan.web.door import Door
from yongquan.web.language import Speech, speech_of
from yongquan.web.pages import qr_code, render
from yongquan.web.sessions import Sessions
from yongquan.web.words import short_yuan

# A scanner's light falls on a code in groups that a cashier can also type.
GROUP = 4


class CouponWords:
    """Sentences about merchants' coupons in the reader's language."""

    def __init__(self, speech: Speech) -> None:
        self.say = speech.say

    def offer(self, coupon: CitizensCoupon) -> str:
        """What it does: so much off, or something for a price, from how much."""
        if coupon.kind == "EXCHANGE":
            what = self.say("%(price)s 元换购", price=short_yuan(coupon.amount_fen))
        elif coupon.rate_bp is not None:
            what = self.say("立减 %(rate)s", rate=f"{coupon.rate_bp / 100:g}%")
        else:
            what = self.say("立减 %(amount)s 元", amount=short_yuan(coupon.amount_fen))
        if not coupon.threshold_fen:
            return what
        return self.say("%(what)s，满 %(threshold)s 元可用", what=what, threshold=short_yuan(coupon.threshold_fen))

    def state(self, coupon: CitizensCoupon, now: datetime) -> str:
        """Where it stands."""
        if coupon.tab(now) == "usable":
            return self.say("可使用") if now >= coupon.begins_at else self.say("未到使用时间")
        return {"USED": self.say("已使用"), "DEACTIVATED": self.say("商户已停用")}.get(coupon.state, self.say("已过期"))

    def how(self, coupon: CitizensCoupon) -> str:
        """How it is used."""
        if coupon.method == "MINI_PROGRAMS":
            return self.say("在商户自己的小程序或应用里使用，结算时选这张券。")
        if coupon.method == "SELF_CONSUME":
            return self.say("到店后请店员确认使用。")
        return self.say("付款前把券码给店员扫，或报出号码，商户收款时直接减。")


async def coupons_in_tab(
    connection: Connection, citizen_id: UUID, tab: str, *, now: datetime
) -> Sequence[tuple[CitizensCoupon, Party]]:
    """The citizen's merchant coupons of a tab of the wallet, with their merchants' names."""
    coupons = [c for c in await coupons_of_citizen(connection, citizen_id) if c.tab(now) == tab]
    names = await name_v3_merchants(connection, {(c.mchid, c.merchant_name) for c in coupons}) if coupons else {}
    return [(c, names[c.mchid, c.merchant_name]) for c in coupons]


def make_merchant_coupons(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/merchant-coupons/{stock_id}/{code}`."""
    routes = APIRouter()

    @routes.get("/merchant-coupons/{stock_id}/{code}")
    async def show(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], stock_id: UUID, code: str
    ) -> Response:
        now = door.clock.now()
        async with door.database.transaction() as connection:
            coupon = await coupon_of_citizen(connection, who, stock_id, code)
            if coupon is None:
                return render(request, "citizen/missing.html", status=404)
            names = await name_v3_merchants(connection, {(coupon.mchid, coupon.merchant_name)})
        facts = {
            "coupon": coupon,
            "coupon_words": CouponWords(speech_of(request)),
            "merchant": names[coupon.mchid, coupon.merchant_name],
            "tab": coupon.tab(now),
            "now": now,
            "picture": qr_code(coupon.code),
            "digits": " ".join(coupon.code[n : n + GROUP] for n in range(0, len(coupon.code), GROUP)),
        }
        return render(request, "citizen/merchant_coupon.html", facts)

    return routes
