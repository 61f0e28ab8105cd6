"""Reminders by text message: a citizen's choice, and the link of every message that ends them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.reminders import NotThisLink, Reminder, citizen_of_stop_code, reminders_of, wish_reminders
from yongquan.kernel.ids import cell_of
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

KINDS = {
    Reminder.NEXT_ROUND: "开抢前半小时提醒我",
    Reminder.EXPIRING: "消费券到期前一天提醒我",
    Reminder.DRAWN: "摇号结果出来时告诉我",
}


def make_reminders(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/reminders`, and `/c/stop/<code>` for whoever has the message."""
    routes = APIRouter()

    @routes.get("/reminders")
    async def page(request: Request, who: Annotated[UUID, Depends(sessions.page)], done: bool = False) -> Response:
        async with door.database.transaction() as connection:
            wanted = await reminders_of(connection, cell_of(who, door.cells), who)
        said = speech_of(request)
        kinds = [(kind.value, said.say(text), kind in wanted) for kind, text in KINDS.items()]
        return render(request, "citizen/reminders.html", kinds=kinds, done=done)

    @routes.post("/reminders")
    async def choose(
        request: Request,
        who: Annotated[UUID, Depends(sessions.script)],
        wanted: Annotated[list[Reminder] | None, Form()] = None,
    ) -> Response:
        async with door.database.transaction() as connection:
            await wish_reminders(
                connection,
                cell_of(who, door.cells),
                who,
                wanted or [],
                language=speech_of(request).language.value,
                now=door.clock.now(),
            )
        return RedirectResponse("/c/reminders?done=true", status_code=303)

    @routes.get("/stop/{code}")
    async def ask_to_stop(request: Request, code: str) -> Response:
        try:
            citizen_of_stop_code(code, door.sealing)
        except NotThisLink:
            return render(request, "citizen/missing.html", status=404)
        return render(request, "citizen/stop.html", code=code, done=False)

    @routes.post("/stop/{code}")
    async def stop(request: Request, code: str) -> Response:
        who = citizen_of_stop_code(code, door.sealing)
        async with door.database.transaction() as connection:
            await wish_reminders(connection, cell_of(who, door.cells), who, [], language="zh-CN", now=door.clock.now())
        return render(request, "citizen/stop.html", code=code, done=True)

    return routes
