"""Rounds with live counters."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response

from yongquan.vouchers.board import RoundBoard
from yongquan.web.console.desk import Desk, Visitor, desk_routes

Shown = Literal["all", "open", "coming", "paused", "ended"]
ROWS_MAX = 120


def make_rounds(desk: Desk) -> APIRouter:
    """`/console/rounds`, and the table of it that is polled every two seconds."""
    routes = desk_routes()

    async def facts(visitor: Visitor, shown: Shown) -> dict[str, object]:
        now = desk.door.clock.now()
        rounds = await desk.rounds.get(visitor.places)
        chosen = [r for r in rounds if shown in {"all", r.phase(now)}]
        return {
            "rounds": sorted(chosen, key=lambda r: (_rank(r.phase(now)), -r.opens_at.timestamp()))[:ROWS_MAX],
            "hidden": max(0, len(chosen) - ROWS_MAX),
            "shown": shown,
            "counts": _count(rounds, [r.phase(now) for r in rounds]),
        }

    @routes.get("/rounds")
    async def rounds(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], shown: Shown = "all"
    ) -> Response:
        return desk.show(request, visitor, "rounds.html", await facts(visitor, shown))

    @routes.get("/rounds/live")
    async def live(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], shown: Shown = "all"
    ) -> Response:
        return desk.show(request, visitor, "rounds_live.html", await facts(visitor, shown))

    return routes


def _rank(phase: str) -> int:
    return ("open", "paused", "coming", "ended", "draft").index(phase)


def _count(rounds: list[RoundBoard], phases: list[str]) -> dict[str, int]:
    return {"all": len(rounds), **{phase: phases.count(phase) for phase in ("open", "coming", "paused", "ended")}}
