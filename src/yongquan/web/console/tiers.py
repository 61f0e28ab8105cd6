"""Tiers at the desk: a month's grids and shops, and why a shop or a grid stands where it does."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.change_rules import RULE_ROLES
from yongquan.flows.grade_shops import grade_month
from yongquan.kernel.errors import BadInput
from yongquan.merchants.rulebooks.store import RuleKind, rule_version
from yongquan.merchants.tiers import FIRST_RULES, TierRules, read_tier_rules
from yongquan.merchants.tiers.views import (
    SHOPS_SHOWN,
    MonthRow,
    graded_months,
    grids_graded,
    shops_by_tier,
    shops_graded,
    tiers_of_shop,
)
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.plumbing.db import Connection
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id


def make_tiers(desk: Desk) -> APIRouter:
    """`/console/tiers` and each shop's page."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/tiers")
    async def tiers(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        month: str = "",
        tier: str = "",
        grid: str = "",
        done: str = "",
    ) -> Response:
        return await _show(desk, request, visitor, {"tier": tier, "grid": grid, "done": done}, month=month)

    @routes.post("/tiers")
    async def grade(
        request: Request, visitor: Annotated[Visitor, Depends(desk.poster)], month: Annotated[date, Form()]
    ) -> Response:
        visitor.staff.require(*RULE_ROLES)
        now = door.clock.now()
        try:
            await grade_month(door.database, month, actor=visitor.staff.actor, now=now, real_now=wall_now())
        except BadInput as error:
            return await _show(desk, request, visitor, {"fault": str(error)}, status=422)
        return RedirectResponse(f"{ROOT}/tiers?month={month:%Y-%m}&done=graded", status_code=303)

    @routes.get("/tiers/shops/{store}")
    async def shop(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], store: str) -> Response:
        async with door.database.transaction() as connection:
            history = await tiers_of_shop(connection, known_id(store))
            if not history or not visitor.sees(history[0].adcode):
                raise Missing
            months = {row.month: row for row in await graded_months(connection)}
            rules = await _rules(connection, months[history[0].month])
        facts = {"history": history, "latest": history[0], "rules": rules, "graded": months[history[0].month]}
        return desk.show(request, visitor, "tier_shop.html", facts)

    return routes


async def _show(
    desk: Desk, request: Request, visitor: Visitor, more: dict[str, object], *, month: str = "", status: int = 200
) -> Response:
    tier, grid = str(more.get("tier") or ""), str(more.get("grid") or "")
    async with desk.door.database.transaction() as connection:
        months = await graded_months(connection)
        chosen = next((row for row in months if f"{row.month:%Y-%m}" == month), months[0] if months else None)
        rows = await grids_graded(connection, chosen.month) if chosen else []
        counts = await shops_by_tier(connection, chosen.month) if chosen else {}
        wanted = {"tier": tier or None, "grid": grid or None, "adcodes": visitor.places}
        shops = await shops_graded(connection, chosen.month, **wanted) if chosen else []  # type: ignore[arg-type]
        rules = await _rules(connection, chosen) if chosen else read_tier_rules(FIRST_RULES)
    facts: dict[str, object] = {
        "months": months,
        "chosen": chosen,
        "rows": [row for row in rows if visitor.sees(row.code[:6])],
        "all_grids": len(rows),
        "counts": counts,
        "shops": shops,
        "shops_shown": SHOPS_SHOWN,
        "rules": rules,
        "this_month": business_day(desk.door.clock.now()).replace(day=1),
        "tier": "",
        "grid": "",
        "may_work": visitor.staff.may_any(*RULE_ROLES),
        "fault": "",
        "done": "",
    }
    return desk.show(request, visitor, "tiers.html", facts | more, status=status)


async def _rules(connection: Connection, month: MonthRow) -> TierRules:
    version = await rule_version(connection, RuleKind.TIERS, month.rule_no)
    return read_tier_rules(version.document if version else FIRST_RULES)
