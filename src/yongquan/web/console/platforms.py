"""Independent platforms: their shares, their imported days, and one report over all of them."""

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from yongquan.flows.watch_platforms import PlatformLine, import_by_staff, report_platforms
from yongquan.institutions import platforms_store
from yongquan.institutions.platforms import errors_csv
from yongquan.institutions.store import all_funders
from yongquan.institutions.views import parties
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import wall_now
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes
from yongquan.web.console.words import hundredths, percent

FILE_MAX = 32 * 1024 * 1024


def make_platforms(desk: Desk) -> APIRouter:
    """`/console/platforms`."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/platforms")
    async def platforms(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], done: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            areas = {f.funder_id: f.adcode for f in await all_funders(connection)}
            listed = [p for p in await platforms_store.platforms(connection) if visitor.sees(areas.get(p.funder_id))]
            lines: defaultdict[str, list[PlatformLine]] = defaultdict(list)
            for funder_id in sorted({p.funder_id for p in listed}):
                lines[funder_id] = await report_platforms(connection, funder_id)
            own = {p.platform for p in listed}
            facts = {
                "platforms": listed,
                "lines": lines,
                "files": [f for f in await platforms_store.imported_files(connection) if f.platform in own],
                "shared": await platforms_store.people_on_several(connection),
                "names": await parties(connection),
            }
        more = {"done": done, "percent": percent, "hundredths": hundredths}
        return desk.show(request, visitor, "platforms.html", facts | more)

    @routes.post("/platforms/files")
    async def take_in(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        platform: Annotated[str, Form()],
        file: Annotated[UploadFile, File()],
    ) -> Response:
        body = await file.read(FILE_MAX + 1)
        if not body or len(body) > FILE_MAX:
            raise BadInput("give a file of at most 32 MiB")
        name = (file.filename or "file.csv")[-80:]
        made = await import_by_staff(
            door.database, door.sealing, visitor.staff, platform, body, name=name, now=wall_now()
        )
        return RedirectResponse(f"{ROOT}/platforms?done={made.file_hash.hex()[:12]}", status_code=303)

    @routes.get("/platforms/files/{file_hash}/errors.csv")
    async def errors(visitor: Annotated[Visitor, Depends(desk.visitor)], file_hash: str) -> Response:
        async with door.database.transaction() as connection:
            areas = {f.funder_id: f.adcode for f in await all_funders(connection)}
            funder_of = {p.platform: p.funder_id for p in await platforms_store.platforms(connection)}
            found = await platforms_store.imported_file(connection, _bytes(file_hash))
        if found is None or not visitor.sees(areas.get(funder_of[found.platform])):
            raise Missing
        headers = {"Content-Disposition": f'attachment; filename="errors-{file_hash[:12]}.csv"'}
        return Response(errors_csv(found.errors), media_type="text/csv; charset=utf-8", headers=headers)

    return routes


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise Missing from error
