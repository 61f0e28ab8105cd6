"""The grids' groups at the desk: opening them, the owner's posts, the shops' replies."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.space_parties import BadField
from yongquan.flows.talk_in_group import give_group, open_groups, post_in_group, take_off
from yongquan.merchants.grid_groups.store import grid_group, grid_groups, posts_of
from yongquan.merchants.grids.store import grids_in_force
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes
from yongquan.web.console.space import may_publish, may_write, space_words

TYPED_MAX = 5_000


def make_grid_groups(desk: Desk) -> APIRouter:
    """`/console/groups`."""
    routes = desk_routes()
    _add_pages(routes, desk)
    _add_acts(routes, desk)
    return routes


def _add_pages(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/groups")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        places = visitor.places
        async with door.database.transaction() as connection:
            groups = await grid_groups(connection, places=places)
            grids = await grids_in_force(connection, business_day(door.clock.now()))
            names = await names_of(connection, {one.owner for one in groups}, door.sealing)
            words = await space_words(desk, connection, request)
        have = {one.code for one in groups}
        own = [code for code in grids if places is None or code.split("-", maxsplit=1)[0] in places]
        facts = {
            "groups": groups,
            "actors": names,
            "without": [code for code in own if code not in have],
            "grids": len(own),
            "may_open": may_write(visitor),
            "space_words": words,
        }
        return desk.show(request, visitor, "groups.html", facts)

    @routes.get("/groups/{code}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], code: str) -> Response:
        return await _page(desk, request, visitor, code)


def _add_acts(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/groups")
    async def open_all(visitor: Annotated[Visitor, Depends(desk.poster)]) -> Response:
        await open_groups(door.database, visitor.staff, places=visitor.places, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/groups", status_code=303)

    @routes.post("/groups/{code}")
    async def post(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        code: str,
        key: Annotated[str, Form(max_length=64)],
        body: Annotated[str, Form(max_length=TYPED_MAX)] = "",
    ) -> Response:
        try:
            await post_in_group(door.database, visitor.staff, code, body=body, key=key, now=door.clock.now())
        except BadField as fault:
            return await _page(desk, request, visitor, code, fault=fault, typed=body)
        return RedirectResponse(f"{ROOT}/groups/{code}", status_code=303)

    @routes.get("/groups/{code}/{act}")
    async def back(code: str, act: str) -> Response:  # noqa: ARG001 - the language switch comes back to a form's path
        return RedirectResponse(f"{ROOT}/groups/{code}", status_code=303)

    @routes.post("/groups/{code}/owner")
    async def take_over(visitor: Annotated[Visitor, Depends(desk.poster)], code: str) -> Response:
        await give_group(door.database, visitor.staff, code, visitor.staff.actor, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/groups/{code}", status_code=303)

    @routes.post("/groups/{code}/taken-off")
    async def remove(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        code: str,
        post: Annotated[UUID | None, Form()] = None,
        reply: Annotated[UUID | None, Form()] = None,
    ) -> Response:
        await take_off(door.database, visitor.staff, code, post_id=post, reply_id=reply, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/groups/{code}", status_code=303)


async def _page(
    desk: Desk, request: Request, visitor: Visitor, code: str, *, fault: BadField | None = None, typed: str = ""
) -> Response:
    async with desk.door.database.transaction() as connection:
        group = await grid_group(connection, code)
        if group is None or not visitor.sees(group.adcode):
            raise Missing
        posts = await posts_of(connection, code)
        names = await names_of(connection, {post.author for post in posts} | {group.owner}, desk.door.sealing)
        words = await space_words(desk, connection, request)
    facts = {
        "group": group,
        "posts": posts,
        "actors": names,
        "space_words": words,
        "is_owner": group.owner == visitor.staff.actor,
        "may_steer": may_publish(visitor, group.adcode),
        "faults": {fault.field: words.fault(fault.why)} if fault else {},
        "typed": typed,
        "key": fresh_id().hex,
    }
    return desk.show(request, visitor, "group.html", facts, status=422 if fault else 200)
