"""Binding a terminal on the phone: the sticker by camera or pasted, the serial typed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.bind_terminal import Scan, bind_terminal
from yongquan.kernel.errors import Refusal
from yongquan.merchants.providers.model import Surveyor
from yongquan.merchants.tasks.bindings import bindings_of_store
from yongquan.merchants.tasks.model import UnknownTask
from yongquan.merchants.tasks.store import task_of
from yongquan.web.language import speech_of
from yongquan.web.pages import said
from yongquan.web.surveyor.entrance import Entrance, known_id, phone_routes

BIND_WORDS = {"camera_off": "无法打开摄像头，请把码的内容粘贴到下面", "read": "已识别，请核对门店名称并录入终端序列号"}


def make_binding(entrance: Entrance) -> APIRouter:
    """`/p/bind/<task>`."""
    routes = phone_routes()
    door = entrance.door

    async def page(
        request: Request, who: Surveyor, scan: Scan, *, error: str = "", elsewhere: str = "", done: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            task = await task_of(connection, scan.task_id)
            if task is None or task.surveyor_id != who.surveyor_id or task.store_id is None:
                raise UnknownTask
            bound = await bindings_of_store(connection, task.store_id)
        facts = {
            "task": task,
            "bound": bound,
            "scan": scan,
            "error": error,
            "elsewhere": elsewhere,
            "done": done,
            "sentences": said(speech_of(request), BIND_WORDS),
        }
        return entrance.show(request, who, "bind.html", facts, status=422 if error else 200)

    @routes.get("/bind/{task_id}")
    async def ask(
        request: Request, who: Annotated[Surveyor, Depends(entrance.surveyor)], task_id: str, done: str = ""
    ) -> Response:
        found = known_id(task_id)
        if found is None:
            raise UnknownTask
        return await page(request, who, Scan(found, "", ""), done=done)

    @routes.post("/bind/{task_id}")
    async def bind(
        *,
        request: Request,
        who: Annotated[Surveyor, Depends(entrance.surveyor)],
        task_id: str,
        code: Annotated[str, Form(max_length=1024)],
        terminal: Annotated[str, Form(max_length=64)],
        reason: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        found = known_id(task_id)
        if found is None:
            raise UnknownTask
        scan = Scan(found, code, terminal, reason)
        try:
            await bind_terminal(door.database, door.sealing, who.surveyor_id, scan, now=door.clock.now())
        except UnknownTask:
            raise
        except Refusal as refusal:
            elsewhere = str(refusal.facts.get("store", ""))
            return await page(request, who, scan, error=refusal.code, elsewhere=elsewhere)
        return RedirectResponse(f"/p/bind/{found}?done=bound", status_code=303)

    return routes
