"""A citizen enters a voucher code."""

import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.redeem_code import redeem_code
from yongquan.kernel.errors import Refusal
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words


def make_codes(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/codes`: the form, and what became of a code."""
    routes = APIRouter()

    @routes.get("/codes")
    async def ask(request: Request, _: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return render(request, "citizen/codes.html", typed="", error="")

    @routes.post("/codes")
    async def redeem(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], code: Annotated[str, Form(max_length=64)]
    ) -> Response:
        problem = "" if door.limit.allows(who.hex, time.monotonic()) else "too_many_requests"
        if not problem:
            try:
                row = await redeem_code(
                    door.database, door.sealing, code, citizen_id=who, cells=door.cells, now=door.clock.now()
                )
                return RedirectResponse(f"/c/vouchers/{row.voucher_id}", status_code=303)
            except Refusal as refusal:
                problem = refusal.code
        said = Words(speech_of(request)).problems().get(problem, problem)
        return render(request, "citizen/codes.html", status=422, typed=code, error=said)

    return routes
