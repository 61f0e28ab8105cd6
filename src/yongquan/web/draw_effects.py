"""The public page of a draw's analysis: the plan as it was published before the draw, and its result."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from yongquan.vouchers.draw_store import draw_of
from yongquan.vouchers.draw_views import DrawName, draw_names
from yongquan.vouchers.effect_store import EffectReport, PublishedPlan, plan_of_round, report_of_round
from yongquan.web.api.wire import Refused
from yongquan.web.console.causal import causal_paper
from yongquan.web.console.words import DeskWords
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render


def make_draw_effects(door: Door) -> APIRouter:
    """`/draws/{draw_id}/effect` and `effect-plan.json`; anybody may look."""
    routes = APIRouter(include_in_schema=False)

    async def found(draw_id: UUID) -> tuple[DrawName, PublishedPlan, EffectReport | None]:
        async with door.database.transaction() as connection:
            draw = await draw_of(connection, draw_id)
            plan = await plan_of_round(connection, draw.round_id) if draw else None
            if draw is None or plan is None:
                raise Refused("not_found", "no analysis was published for this draw")
            return (await draw_names(connection))[draw_id], plan, await report_of_round(connection, draw.round_id)

    @routes.get("/draws/{draw_id}/effect")
    async def effect(request: Request, draw_id: UUID) -> Response:
        name, plan, report = await found(draw_id)
        speech, division = speech_of(request), door.regions.division
        paper = causal_paper(name, plan, report, speech, division)
        facts: dict[str, object] = {"visitor": None, "desk_words": DeskWords(speech), "now": door.clock.now()}
        facts |= {"draw_id": draw_id, "name": name, "plan": plan, "paper": paper}
        return render(request, "console/draw_effect_public.html", facts, division=division)

    @routes.get("/draws/{draw_id}/effect-plan.json")
    async def plan_text(draw_id: UUID) -> Response:
        """The text whose SHA-256 was published."""
        _, plan, _ = await found(draw_id)
        return Response(plan.plan.text(), media_type="application/json")

    return routes
