"""Institutions of the risk API: scopes, quotas, what each used, contributed and was told."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from yongquan.institutions.risk_terms_store import RiskUse, uses
from yongquan.plumbing.clock import business_day, day_start, wall_now
from yongquan.risk.verification.store import asked_counts, report_counts
from yongquan.risk.warnings.store import told_counts
from yongquan.staff import Forbidden
from yongquan.web.console.desk import Desk, Visitor, desk_routes
from yongquan.web.console.words import percent

WORDS_MAX = 64
NEAR_BP = 8_000
Show = Literal["", "near", "silent", "paused"]


def make_risk_institutions(desk: Desk) -> APIRouter:
    """`/console/risk/institutions`, for the whole city's staff."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/risk/institutions")
    async def institutions(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        q: Annotated[str, Query(max_length=WORDS_MAX)] = "",
        show: Show = "",
    ) -> Response:
        require_city(visitor)
        today, now = business_day(wall_now()), door.clock.now()
        async with door.database.transaction() as connection:
            every = await uses(connection, day=today)
            found = await uses(connection, day=today, words=q.strip())
            facts: dict[str, object] = {
                "asked": await asked_counts(
                    connection, since=day_start(business_day(now)), week=now - timedelta(days=7)
                ),
                "reports": await report_counts(connection, now=now),
                "told": await told_counts(connection),
            }
        more = {
            "every": every,
            "found": [one for one in found if _is_shown(one, show)],
            "near": sum(one.used_bp >= NEAR_BP for one in every),
            "near_bp": NEAR_BP,
            "calls": sum(one.today for one in every),
        }
        return desk.show(
            request, visitor, "risk_institutions.html", facts | more | {"q": q, "show": show, "percent": percent}
        )

    return routes


def require_city(visitor: Visitor) -> None:
    """Pass somebody of the whole city. Raises `Forbidden`: institutions are no single division's business."""
    if visitor.places is not None:
        raise Forbidden


def _is_shown(one: RiskUse, show: Show) -> bool:
    match show:
        case "near":
            return one.used_bp >= NEAR_BP
        case "silent":
            return one.week == 0
        case "paused":
            return one.state == "paused"
    return True
