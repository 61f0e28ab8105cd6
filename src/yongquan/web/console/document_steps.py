"""A version's next steps, by hand: submitted, approved, returned; and a campaign that is in force published."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.change_campaign import Maker, approve_version, return_version, submit_version
from yongquan.flows.publish_campaign import publish_campaign
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import SHANGHAI
from yongquan.web.console.desk import ROOT, Desk, Visitor, desk_routes


def make_version_steps(desk: Desk) -> APIRouter:
    """The forms below `/console/documents/<code>`."""
    routes = desk_routes()
    database = desk.door.database

    @routes.post("/documents/{code}/{number}/submit")
    async def submit(
        visitor: Annotated[Visitor, Depends(desk.poster)], code: str, number: int, apply_at: Annotated[str, Form()] = ""
    ) -> Response:
        at = _moment(apply_at)
        async with database.transaction() as connection:
            maker = Maker.of(visitor.staff)
            await submit_version(connection, maker, code, number, apply_at=at, now=desk.door.clock.now())
        return _back(code, number)

    @routes.post("/documents/{code}/{number}/approve")
    async def approve(visitor: Annotated[Visitor, Depends(desk.poster)], code: str, number: int) -> Response:
        now = desk.door.clock.now()
        async with database.transaction() as connection:
            await approve_version(connection, visitor.staff, code, number, cells=desk.door.cells, now=now)
        desk.forget()
        return _back(code, number)

    @routes.post("/documents/{code}/{number}/return")
    async def send_back(
        visitor: Annotated[Visitor, Depends(desk.poster)], code: str, number: int, reason: Annotated[str, Form()] = ""
    ) -> Response:
        now = desk.door.clock.now()
        await return_version(database, visitor.staff, code, number, reason=reason.strip(), now=now)
        return _back(code, number)

    @routes.post("/documents/{code}/publish")
    async def publish(visitor: Annotated[Visitor, Depends(desk.poster)], code: str) -> Response:
        await publish_campaign(database, visitor.staff, code, cells=desk.door.cells, now=desk.door.clock.now())
        desk.forget()
        return RedirectResponse(f"{ROOT}/documents/{code}", status_code=303)

    return routes


def _moment(text: str) -> datetime | None:
    """A datetime-local input, Shanghai time. Raises `BadInput`."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise BadInput(f"apply_at: {text} is no time") from error


def _back(code: str, number: int) -> Response:
    return RedirectResponse(f"{ROOT}/documents/{code}/{number}", status_code=303)
