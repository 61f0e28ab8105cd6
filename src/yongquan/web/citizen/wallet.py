"""The wallet: what can be used, what was used, what expired; a voucher's page with the stores that take it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.vouchers.freezing import why_frozen
from yongquan.vouchers.views import PAGE, voucher_of, wallet_of
from yongquan.vouchers.voiding import why_void
from yongquan.vouchers.ways.packs import packs_in_wallet
from yongquan.web.citizen.merchant_coupons import CouponWords, coupons_in_tab
from yongquan.web.citizen.scripts import MAP_WORDS
from yongquan.web.citizen.tickets import ticket_of, types_by_id
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render, said
from yongquan.web.sessions import Sessions
from yongquan.web.terms_words import TermsWords, places_and_shops
from yongquan.web.words import Words

TABS = {
    "usable": {"held", "not_yet_valid", "locked", "frozen"},
    "used": {"redeemed"},
    "expired": {"expired", "forfeited", "void"},
}


def make_wallet(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/wallet` and `/c/vouchers/{voucher_id}`."""
    routes = APIRouter()

    @routes.get("/wallet")
    async def wallet(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        tab: str = "usable",
        after: UUID | None = None,
    ) -> Response:
        wanted = tab if tab in TABS else "usable"
        now = door.clock.now()
        async with door.database.transaction() as connection:
            rows = await wallet_of(connection, cell_of(who, door.cells), who, now=now, before=after)
            packs = await packs_in_wallet(connection, cell_of(who, door.cells), who)
            coupons = await coupons_in_tab(connection, who, wanted, now=now) if after is None else ()
        types, words = await types_by_id(door, [row.type_id for row in rows]), Words(speech_of(request))
        tickets = [ticket_of(row, types[row.type_id], words, now=now) for row in rows if row.state in TABS[wanted]]
        if wanted == "usable":
            tickets.sort(key=lambda ticket: (ticket.trouble is not None, ticket.row.valid_until))
        after_this = rows[-1].voucher_id if len(rows) == PAGE else None
        packed = {id_: pack for pack in packs for id_ in pack.voucher_ids}
        of = {ticket.row.voucher_id: ticket for ticket in tickets}
        groups = {pack.voucher_id: [of[id_] for id_ in pack.voucher_ids if id_ in of] for pack in packs}
        loose = [t for t in tickets if t.row.voucher_id not in packed]
        facts: dict[str, object] = {"loose": loose, "packs": [(p, own) for p in packs if (own := groups[p.voucher_id])]}
        facts |= {"tickets": tickets, "tab": wanted, "tabs": list(TABS), "after": after_this}
        facts |= {"coupons": coupons, "coupon_words": CouponWords(speech_of(request)), "now": now}
        return render(request, "citizen/wallet.html", facts, division=door.regions.division)

    @routes.get("/vouchers/{voucher_id}")
    async def voucher(request: Request, who: Annotated[UUID, Depends(sessions.page)], voucher_id: UUID) -> Response:
        async with door.database.transaction() as connection:
            row = await voucher_of(connection, cell_of(who, door.cells), who, voucher_id, now=door.clock.now())
            names = await parties(connection)
            reason = await why_void(connection, cell_of(who, door.cells), voucher_id)
            frozen_for = await why_frozen(connection, cell_of(who, door.cells), voucher_id)
            known = await places_and_shops(connection)
        if row is None:
            return render(request, "citizen/missing.html", status=404)
        type_ = (await types_by_id(door, [row.type_id]))[row.type_id]
        speech = speech_of(request)
        facts: dict[str, object] = {
            "ticket": ticket_of(row, type_, Words(speech), now=door.clock.now()),
            "names": names,
            "sentences": said(speech, MAP_WORDS),
        }
        facts["uses"] = TermsWords(speech, door.regions.division, known).using(type_.rules.use)
        facts |= {"void_reason": reason, "frozen_for": frozen_for}
        return render(request, "citizen/voucher.html", facts, division=door.regions.division)

    return routes
