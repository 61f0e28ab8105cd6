"""Card lines: routes, the health of each line as this process sees it, and reversals that wait for an answer."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.switch_route import PROMOTION_MAX, ROUTING_ROLES, promote_route, switch_route
from yongquan.institutions.views import parties
from yongquan.payments.cut_offs_store import last_cut_offs
from yongquan.payments.reversals import waiting_reversals
from yongquan.payments.routes_store import all_routes
from yongquan.plumbing.clock import wall_now
from yongquan.web.console.desk import ROOT, Desk, Visitor, desk_routes


def make_lines(desk: Desk) -> APIRouter:
    """`/console/lines`."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/lines")
    async def lines(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], done: str = "") -> Response:
        async with door.database.transaction() as connection:
            stored = await all_routes(connection)
            waiting = await waiting_reversals(connection)
            cut_offs = await last_cut_offs(connection)
            names = await parties(connection)
        issuers = [m.code for m in door.links.registry.issuers] if door.links.registry else []
        facts = {
            "routes": stored,
            "reports": {(r.issuer, r.line): r for r in door.routes.report(issuers)},
            "waiting": waiting,
            "cut_offs": cut_offs,
            "names": names,
            "may_switch": visitor.staff.may_any(*ROUTING_ROLES),
            "done": done,
        }
        return desk.show(request, visitor, "lines.html", facts)

    @routes.post("/lines/route")
    async def switch(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        route: Annotated[str, Form(pattern=r"^[a-z]{2,20}/\d{0,8}/[1-9]$")],
        to: Annotated[str, Form(pattern="^(open|closed)$")],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        issuer, bin_, line = route.split("/")
        named = (issuer, bin_, int(line))
        await switch_route(
            door.database, visitor.staff, named, is_open=to == "open", reason=reason.strip(), now=wall_now()
        )
        return RedirectResponse(f"{ROOT}/lines?done={to}", status_code=303)

    @routes.post("/lines/promotion")
    async def promote(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        route: Annotated[str, Form(pattern=r"^[a-z]{2,20}/\d{0,8}/[1-9]$")],
        promotion: Annotated[str, Form(max_length=PROMOTION_MAX)] = "",
        promotion_en: Annotated[str, Form(max_length=PROMOTION_MAX)] = "",
    ) -> Response:
        issuer, bin_, line = route.split("/")
        words = {"promotion": promotion.strip(), "promotion_en": promotion_en.strip()}
        await promote_route(door.database, visitor.staff, (issuer, bin_, int(line)), **words, now=wall_now())
        return RedirectResponse(f"{ROOT}/lines?done=promotion", status_code=303)

    return routes
