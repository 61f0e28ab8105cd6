"""What the vouchers did: redemption rate and pull ratio by any cut, retail beside them, and the analyses of draws."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.measure_effect import NoPlan, NotDrawn, WindowOpen
from yongquan.flows.run_analysis import run_published_analysis
from yongquan.flows.steer_campaign import STEERING_ROLES
from yongquan.flows.watch_effect import Brought, Part, resources_brought, watch_effect
from yongquan.institutions.views import parties
from yongquan.vouchers.board import campaigns_on_board
from yongquan.vouchers.draw_store import draw_of_round
from yongquan.vouchers.draw_views import adcode_of_draw
from yongquan.vouchers.effect_estimating import NothingToCompare
from yongquan.vouchers.effect_store import plan_of_round, published_plans, report_of_round
from yongquan.vouchers.retail import RetailMonth, latest_retail, ranked
from yongquan.web.console.causal import causal_paper
from yongquan.web.console.charts import Chart, Series
from yongquan.web.console.desk import ROOT, Desk, Missing, Shared, Visitor, desk_routes, known_id
from yongquan.web.console.papers import Paper, paper_file
from yongquan.web.console.words import hundredths, percent
from yongquan.web.language import Speech, speech_of
from yongquan.web.words import Words

Cut = Literal["campaign", "round", "industry", "district", "day", "funder", "bank"]
CUT_NAMES: Mapping[str, str] = {
    "campaign": "按活动",
    "round": "按轮次",
    "industry": "按行业",
    "district": "按区县",
    "day": "按日",
    "funder": "按出资方",
    "bank": "按发卡机构",
}
DRAWN = 12
_Key = tuple[str, date | None, date | None, tuple[str, ...] | None]
_Read = tuple[list[Part], list[Part], list[Brought], list[RetailMonth]]


def make_effect(desk: Desk) -> APIRouter:
    """`/console/effect` and its polled part."""
    routes = desk_routes()
    door = desk.door

    async def read(key: object) -> _Read:
        cut, since, until, places = _keyed(key)
        async with door.database.transaction() as connection:
            parts = await watch_effect(connection, cut, places=places, since=since, until=until)
            whole = await watch_effect(connection, None, places=places, since=since, until=until)
            brought = await resources_brought(connection, places=places)
            return parts, whole, brought, ranked(await latest_retail(connection))

    kept: Shared[_Read] = Shared(read)

    async def facts(
        request: Request, visitor: Visitor, cut: Cut, since: date | None, until: date | None
    ) -> dict[str, object]:
        parts, whole, brought, retail = await kept.get((cut, since, until, visitor.places))
        said = speech_of(request)
        async with door.database.transaction() as connection:
            names = await parties(connection)
            campaigns = {c.code: c for c in await campaigns_on_board(connection, places=visitor.places)}
            plans = await published_plans(connection, places=None if visitor.places is None else list(visitor.places))
        named = {str(r.round_id): r for r in await desk.rounds.get(visitor.places)} | campaigns | names
        rows = [(_namer(cut, said, door.regions.division, named)(part.key), part) for part in parts]
        return {
            "cut": cut,
            "cuts": {code: said.say(name) for code, name in CUT_NAMES.items()},
            "since": since,
            "until": until,
            "whole": whole[0] if whole else None,
            "rows": rows,
            "brought": brought,
            "retail": list(reversed(retail)),
            "plans": plans,
            "percent": percent,
            "hundredths": hundredths,
            "chart": _chart(rows, said),
        }

    @routes.get("/effect")
    async def page(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        period: Annotated[tuple[date | None, date | None], Depends(_period)],
        cut: Cut = "campaign",
    ) -> Response:
        return desk.show(request, visitor, "effect.html", await facts(request, visitor, cut, *period))

    @routes.get("/effect/figures")
    async def figures(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        period: Annotated[tuple[date | None, date | None], Depends(_period)],
        cut: Cut = "campaign",
    ) -> Response:
        return desk.show(request, visitor, "effect_figures.html", await facts(request, visitor, cut, *period))

    return routes


def make_draw_effects(desk: Desk) -> APIRouter:
    """The analysis of each draw as page and PDF."""
    routes = desk_routes()
    door = desk.door

    async def causal(request: Request, visitor: Visitor, round_id: str) -> tuple[Paper, Mapping[str, Any]]:
        known = known_id(round_id)
        rounds = {r.round_id: r for r in await desk.rounds.get(visitor.places)}
        if known not in rounds:
            raise Missing
        async with door.database.transaction() as connection:
            plan = await plan_of_round(connection, known)
            report = await report_of_round(connection, known)
        if plan is None:
            raise Missing
        paper = causal_paper(rounds[known], plan, report, speech_of(request), door.regions.division)
        return paper, {"round": rounds[known], "plan": plan, "report": report}

    @routes.get("/effect/draws/{round_id}")
    async def draw(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], round_id: str, told: str = ""
    ) -> Response:
        paper, more = await causal(request, visitor, round_id)
        draw_id, adcode = await _drawn(desk, visitor, known_id(round_id))
        may = visitor.staff.may_any(*STEERING_ROLES, adcode=adcode)
        ends_at = more["plan"].plan.window.ends_at
        facts = {
            "paper": paper,
            "may_run": may,
            "is_over": door.clock.now() >= ends_at,
            "ends_at": ends_at,
            "draw_id": draw_id,
            **more,
        }
        facts["told"] = Words(speech_of(request)).problems().get(told, "")
        return desk.show(request, visitor, "effect_draw.html", facts)

    @routes.post("/effect/draws/{round_id}/run")
    async def run(visitor: Annotated[Visitor, Depends(desk.poster)], round_id: str) -> Response:
        known, told = known_id(round_id), ""
        _, adcode = await _drawn(desk, visitor, known)
        try:
            await run_published_analysis(door.database, visitor.staff, known, adcode=adcode, now=door.clock.now())
        except (NothingToCompare, NotDrawn, WindowOpen, NoPlan) as refusal:
            told = f"?told={refusal.code}"
        return RedirectResponse(f"{ROOT}/effect/draws/{known}{told}", status_code=303)

    @routes.get("/effect/draws/{round_id}/report.pdf")
    async def pdf(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], round_id: str) -> Response:
        paper, _ = await causal(request, visitor, round_id)
        return await paper_file(paper, speech_of(request), name=f"effect-{round_id}")

    return routes


async def _drawn(desk: Desk, visitor: Visitor, round_id: UUID) -> tuple[UUID, str | None]:
    """The round's draw and the area of its campaign."""
    async with desk.door.database.transaction() as connection:
        draw = await draw_of_round(connection, round_id)
        adcode = await adcode_of_draw(connection, draw.draw_id) if draw else None
    if draw is None or not visitor.sees(adcode):
        raise Missing
    return draw.draw_id, adcode


def _period(
    since: Annotated[str, Query()] = "", until: Annotated[str, Query()] = ""
) -> tuple[date | None, date | None]:
    # A form sends empty fields; what is no day is no bound.
    def day(text: str) -> date | None:
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None

    return day(since), day(until)


def _keyed(key: object) -> _Key:
    if not isinstance(key, tuple):
        raise TypeError("an effect is kept by cut, days and places")
    cut, since, until, places = key
    return cut, since, until, places


def _namer(cut: str, said: Speech, division: Callable[[str], Any], named: Mapping[str, Any]) -> Callable[[str], str]:
    def name(key: str) -> str:
        if cut == "industry":
            return Words(said).industry(key) if key else said.say("通用券")
        if cut == "district":
            return said.name_of(division(key)) if key else said.say("全市")
        return said.name_of(named[key]) if key in named else key

    return name


def _chart(rows: Sequence[tuple[str, Part]], said: Speech) -> Chart:
    shown = [row for row in rows if row[1].subsidy_fen][:DRAWN]
    return Chart(
        "effect",
        said.say("补贴与用券消费（元）"),
        [name for name, _ in shown],
        [
            Series(said.say("用券消费"), [part.order_fen / 100 for _, part in shown]),
            Series(said.say("补贴"), [part.subsidy_fen / 100 for _, part in shown]),
        ],
        sideways=True,
    )
