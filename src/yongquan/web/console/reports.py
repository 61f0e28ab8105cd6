"""The day's report: rounds, who paid, what acquirers settle, and what the money did; made to be printed."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.watch_day import DayWatch, watch_day
from yongquan.institutions.views import Party, parties
from yongquan.payments import board
from yongquan.plumbing.clock import business_day
from yongquan.vouchers.board import RoundBoard
from yongquan.web.console.charts import Chart, day_charts, money_chart
from yongquan.web.console.desk import Desk, Visitor, desk_routes
from yongquan.web.console.words import DeskWords, hundredths, percent
from yongquan.web.language import Speech, speech_of
from yongquan.web.words import Words


def make_reports(desk: Desk) -> APIRouter:
    """`/console/report`."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/report")
    async def report(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], day: date | None = None
    ) -> Response:
        whole_city = visitor.places is None
        async with door.database.transaction() as connection:
            day = day or await board.latest_day(connection) or business_day(door.clock.now())
            watch = await watch_day(connection, day, places=visitor.places)
            names = await parties(connection)
            shares = await board.shares_of_day(connection, day) if whole_city else []
            settled = await board.settlement_of_day(connection, day) if whole_city else []
            positions = await board.positions_of_day(connection, day) if whole_city else []
            calls = await board.calls_of(connection, day=day) if whole_city else []
            days = await board.business_days(connection)
        rounds = [r for r in await desk.rounds.get(visitor.places) if _ran_on(r, day)]
        facts = {
            "day": day,
            "days": days,
            "state": next((d for d in days if d.day == day), None),
            "watch": watch,
            "redemption": percent(watch.redemption_bp),
            "pull": hundredths(watch.pull_hundredths),
            "rounds": sorted(rounds, key=lambda r: (r.opens_at, r.name)),
            "shares": shares,
            "settled": settled,
            "positions": positions,
            "calls": calls,
            "names": names,
            "whole_city": whole_city,
            "charts": _charts(watch, shares, settled, names, speech_of(request)),
        }
        return desk.show(request, visitor, "report.html", facts)

    return routes


def _ran_on(round_: RoundBoard, day: date) -> bool:
    return round_.state != "draft" and business_day(round_.opens_at) <= day <= business_day(round_.closes_at)


def _charts(
    watch: DayWatch,
    shares: list[board.FunderShare],
    settled: list[board.AcquirerDay],
    names: dict[str, Party],
    said: Speech,
) -> dict[str, Chart]:
    def name_of(code: str) -> str:
        return said.name_of(names[code]) if code in names else code

    charts = {chart.name: chart for chart in day_charts(watch, Words(said), DeskWords(said))}
    paid = {name_of(s.funder_id): [s.paid_fen] for s in sorted(shares, key=lambda s: s.paid_fen)}
    charts["funders"] = money_chart("funders", said.say("各出资方承担（元）"), paid, [said.say("承担金额")])
    by_acquirer = {name_of(a.acquirer): [a.trade_fen, a.subsidy_fen] for a in settled}
    series = [said.say("顾客支付"), said.say("补贴")]
    charts["acquirers"] = money_chart("acquirers", said.say("各收单机构结算构成（元）"), by_acquirer, series)
    return charts
