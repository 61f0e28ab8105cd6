"""Lists of citizens at the desk: imported from a file, shown masked, with every row that was left out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile

from yongquan.citizens.store import phones_of
from yongquan.flows.import_list import import_list
from yongquan.kernel.errors import BadInput
from yongquan.vouchers.ways.lists_store import first_members, list_of
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes, known_id

FILE_MAX = 32 * 1024 * 1024
ERRORS_SHOWN = 200
PREVIEW = 20


def make_lists(desk: Desk) -> APIRouter:
    """`/console/ways/lists`."""
    routes = desk_routes()
    door = desk.door

    @routes.post("/ways/lists")
    async def take_list(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        name: Annotated[str, Form()],
        file: Annotated[UploadFile, File()],
    ) -> Response:
        raw = await file.read(FILE_MAX + 1)
        if len(raw) > FILE_MAX:
            raise BadInput(f"the file is larger than {FILE_MAX >> 20} MB")
        adcode = None if visitor.places is None else visitor.places[0]
        made = await import_list(
            door.database,
            raw,
            name=name.strip(),
            adcode=adcode,
            staff=visitor.staff,
            sealing=door.sealing,
            cells=door.cells,
            now=door.clock.now(),
        )
        return await show_list(request, visitor, made.list_id, errors=made.errors)

    @routes.get("/ways/lists/{list_}")
    async def one_list(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], list_: str) -> Response:
        return await show_list(request, visitor, known_id(list_), errors=())

    async def show_list(request: Request, visitor: Visitor, list_id: UUID, *, errors: object) -> Response:
        async with door.database.transaction() as connection:
            found = await list_of(connection, list_id)
            if found is None or not visitor.sees(found.adcode):
                raise Missing
            some = await first_members(connection, list_id, limit=PREVIEW)
            phones = await phones_of(connection, some, door.sealing, cells=door.cells)
        facts = {"list": found, "phones": list(phones.values()), "errors": errors, "errors_shown": ERRORS_SHOWN}
        return desk.show(request, visitor, "ways_list.html", facts)

    return routes
