"""The overview: a day's figures and charts, refreshed while somebody looks."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.watch_day import DayWatch, watch_day
from yongquan.payments.board import latest_day
from yongquan.plumbing.clock import business_day
from yongquan.web.console.charts import day_charts
from yongquan.web.console.desk import Desk, Shared, Visitor, desk_routes
from yongquan.web.console.words import DeskWords, hundredths, percent
from yongquan.web.language import speech_of
from yongquan.web.words import Words


def make_overview(desk: Desk) -> APIRouter:
    """`/console/overview`, and the part of it that is polled."""
    routes = desk_routes()
    door = desk.door

    async def read(key: tuple[date, tuple[str, ...] | None]) -> DayWatch:
        day, places = key
        async with door.database.transaction() as connection:
            return await watch_day(connection, day, places=places)

    watches: Shared[DayWatch] = Shared(read)

    async def facts(request: Request, visitor: Visitor, day: date | None) -> dict[str, object]:
        today = business_day(door.clock.now())
        watch = await watches.get((day or today, visitor.places))
        if day is None and not watch.claims and not watch.takings:
            async with door.database.transaction() as connection:
                last = await latest_day(connection)
            watch = await watches.get((last or today, visitor.places))
        rounds = await desk.rounds.get(visitor.places)
        now = door.clock.now()
        said = speech_of(request)
        return {
            "watch": watch,
            "today": today,
            "chosen": day,
            "redemption": percent(watch.redemption_bp),
            "pull": hundredths(watch.pull_hundredths),
            "open_rounds": [r for r in rounds if r.phase(now) == "open"],
            "coming_rounds": [r for r in rounds if r.phase(now) == "coming"],
            "charts": day_charts(watch, Words(said), DeskWords(said)),
        }

    @routes.get("/overview")
    async def overview(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], day: date | None = None
    ) -> Response:
        seen = await facts(request, visitor, day)
        return desk.show(request, visitor, "overview.html", {**seen, "polled": False})

    @routes.get("/overview/figures")
    async def figures(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], day: date | None = None
    ) -> Response:
        seen = await facts(request, visitor, day)
        return desk.show(request, visitor, "overview_figures.html", {**seen, "polled": True})

    return routes
