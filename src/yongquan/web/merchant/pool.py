"""A shop joins the merchant pool on its phone, reads what it agrees to, and leaves it at any time."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.use_pool import set_consent
from yongquan.kernel.errors import BadInput
from yongquan.merchants.pool import TEXT_NO
from yongquan.merchants.pool.model import TEXTS
from yongquan.merchants.pool.store import consents_of
from yongquan.merchants.views import store_of
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions


def make_pool(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/pool`."""
    routes = APIRouter()

    @routes.get("/pool")
    async def show(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], done: str = "", fault: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            store = await store_of(connection, who)
            consents = await consents_of(connection, who)
        standing = next((one for one in consents if one.withdrawn_at is None), None)
        number = standing.text_no if standing else TEXT_NO
        facts = {"store": store, "consents": consents, "standing": standing, "text": TEXTS[number], "text_no": number}
        return render(request, "merchant/pool.html", facts | {"done": done, "fault": fault})

    @routes.post("/pool")
    async def change(
        who: Annotated[UUID, Depends(sessions.page)],
        agreed: Annotated[bool, Form()],
        text_no: Annotated[int, Form()] = TEXT_NO,
    ) -> Response:
        try:
            await set_consent(door.database, who, agreed=agreed, text_no=text_no, now=door.clock.now())
        except BadInput:
            return RedirectResponse("/m/pool?fault=text", status_code=303)
        return RedirectResponse(f"/m/pool?done={'joined' if agreed else 'left'}", status_code=303)

    return routes
