"""The group of a shop's grid: its owner's posts, and the shops' replies."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.space_parties import BadField, reader_of
from yongquan.flows.talk_in_group import reply_in_group
from yongquan.merchants.grid_groups.store import grid_group, posts_of
from yongquan.staff.views import names_of
from yongquan.web.merchant.store_pages import TYPED_MAX, Space, posted


def make_grid_group(space: Space) -> APIRouter:
    """`/m/group`."""
    routes = APIRouter()
    door, sessions = space.door, space.sessions

    async def page(
        request: Request, who: UUID, *, fault: BadField | None = None, typed: dict[str, str] | None = None
    ) -> Response:
        async with door.database.transaction() as connection:
            reader = await reader_of(connection, who, now=door.clock.now())
            group = await grid_group(connection, reader.grid) if reader.grid else None
            posts = await posts_of(connection, group.code) if group else ()
            actors = {post.author for post in posts} | ({group.owner} if group else set())
            names = await names_of(connection, actors, door.sealing)
        facts = {"group": group, "posts": posts, "names": names}
        return await space.show(request, who, "group.html", facts, fault=fault, typed=typed)

    @routes.get("/group")
    async def shown(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await page(request, who)

    @routes.post("/group/{post}")
    async def reply(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        post: UUID,
        key: Annotated[str, Form(max_length=64)],
        body: Annotated[str, Form(max_length=TYPED_MAX)] = "",
    ) -> Response:
        typed = {"key": key, "body": body, "post": str(post)}
        return await posted(
            reply_in_group(door.database, who, post, body=body, key=key, now=door.clock.now()),
            f"/m/group#post-{post}",
            lambda fault, _: page(request, who, fault=fault, typed=typed),
        )

    @routes.get("/group/{post}")
    async def back(post: UUID) -> Response:  # the language switch comes back to a form's path
        return RedirectResponse(f"/m/group#post-{post}", status_code=303)

    return routes
