"""The public page of a draw: every step with its hashes, the result file, and its verification in the browser."""

import gzip
import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from yongquan.vouchers.draw_plan import read_announcement
from yongquan.vouchers.draw_store import DrawRow, all_draws, count_registrants, count_withdrawn, document_of, draw_of
from yongquan.vouchers.draw_views import draw_names
from yongquan.vouchers.effect_store import plan_of_round
from yongquan.web.api.wire import Refused
from yongquan.web.console.words import DeskWords
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render, said

CHECK_WORDS = {
    "reading": "正在下载结果文件…",
    "commitment": "核对承诺…",
    "list": "重算报名名单哈希…",
    "seed": "核对种子…",
    "lots": "重算每位报名者的签号…",
    "winners": "重算配额与中签名单…",
    "holds": "核验一致：%(registrants)s 位报名者、%(winners)s 张券，用时 %(seconds)s 秒。中签名单哈希",
    "differs": "不一致，第一处：%s",
}


def make_draws(door: Door) -> APIRouter:
    """`/draws`, `/draws/{draw_id}` and its `result.json`; anybody may look."""
    routes = APIRouter(include_in_schema=False)

    def page(request: Request, template: str, **facts: object) -> Response:
        speech = speech_of(request)
        more = {"visitor": None, "desk_words": DeskWords(speech), "now": door.clock.now()}
        return render(request, f"console/{template}", {**facts, **more}, division=door.regions.division)

    async def found(draw_id: UUID) -> DrawRow:
        async with door.database.transaction() as connection:
            draw = await draw_of(connection, draw_id)
        if draw is None:
            raise Refused("not_found", "there is no such draw")
        return draw

    @routes.get("/draws")
    async def draws(request: Request) -> Response:
        async with door.database.transaction() as connection:
            listed, names = await all_draws(connection), await draw_names(connection)
        return page(request, "draws_public.html", draws=listed, names=names)

    @routes.get("/draws/{draw_id}")
    async def draw(request: Request, draw_id: UUID) -> Response:
        row = await found(draw_id)
        async with door.database.transaction() as connection:
            names = await draw_names(connection)
            registered = row.registrants
            if registered is None:
                registered = await count_registrants(connection, draw_id)
            withdrawn = await count_withdrawn(connection, draw_id)
            plan = await plan_of_round(connection, row.round_id)
        facts = {
            "draw": row,
            "name": names[draw_id],
            "plan": read_announcement(row.announcement),
            "registered": registered,
            "withdrawn": withdrawn,
            "analysis": plan,
            "check_words": json.dumps(said(speech_of(request), CHECK_WORDS), ensure_ascii=False),
            "secret": door.draws.revealed_secret(row),
        }
        return page(request, "draw_public.html", **facts)

    @routes.get("/draws/{draw_id}/result.json")
    async def result(draw_id: UUID, accept_encoding: Annotated[str, Header()] = "") -> Response:
        async with door.database.transaction() as connection:
            zipped = await document_of(connection, draw_id, "result")
        if zipped is None:
            raise Refused("not_found", "this draw has no published result")
        name = {"Content-Disposition": f'attachment; filename="draw-{draw_id}.json"', "Vary": "Accept-Encoding"}
        if "gzip" in accept_encoding:
            return Response(zipped, media_type="application/json", headers={**name, "Content-Encoding": "gzip"})
        return Response(gzip.decompress(zipped), media_type="application/json", headers=name)

    @routes.get("/draws/{draw_id}/announcement.json")
    async def announcement(draw_id: UUID) -> Response:
        return Response((await found(draw_id)).announcement, media_type="application/json")

    return routes
