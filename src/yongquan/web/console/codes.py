"""Make a batch of voucher codes at the desk: the answer is the CSV, the only copy that there ever is."""

import tempfile
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from yongquan.flows.generate_codes import CODE_ROLES, generate_codes
from yongquan.kernel.errors import BadInput
from yongquan.vouchers.model import RoundMode
from yongquan.vouchers.ways.pushes import OfferedType, offered_types
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes

DESK_MAX = 200_000
NAME_MAX = 60


def make_codes_form(desk: Desk) -> APIRouter:
    """`POST /console/ways/codes`; larger batches are made by `yongquan codes generate`."""
    routes = desk_routes()
    door = desk.door

    @routes.post("/ways/codes")
    async def make(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        type_id: Annotated[UUID, Form()],
        name: Annotated[str, Form()],
        count: Annotated[int, Form()],
    ) -> Response:
        now = door.clock.now()
        if not 1 <= count <= DESK_MAX or not 1 <= len(name.strip()) <= NAME_MAX:
            raise BadInput(f"count: 1 to {DESK_MAX}; name: 1 to {NAME_MAX} characters")
        found = await _type_of_codes(desk, visitor, type_id)
        visitor.staff.require(*CODE_ROLES, adcode=found.adcode)
        folder = Path(tempfile.mkdtemp(prefix="yongquan-codes-"))
        file = folder / "codes.csv"
        try:
            made = await generate_codes(
                door.database,
                door.sealing,
                round_id=found.round_id,
                type_id=type_id,
                count=count,
                out=file,
                name=name.strip(),
                actor=visitor.staff.actor,
                now=now,
                tell=lambda _: None,
            )
        except BaseException:
            _forget(file)
            raise
        return FileResponse(
            file,
            media_type="text/csv; charset=utf-8",
            filename=f"codes-{made.batch_id}.csv",
            headers={"Cache-Control": "no-store"},
            background=BackgroundTask(_forget, file),
        )

    return routes


async def types_for_codes(desk: Desk, visitor: Visitor) -> list[OfferedType]:
    """Voucher types of published rounds of mode code that this visitor may make codes for."""
    async with desk.door.database.transaction() as connection:
        now = desk.door.clock.now()
        return list(await offered_types(connection, RoundMode.CODE, places=visitor.places, now=now))


async def _type_of_codes(desk: Desk, visitor: Visitor, type_id: UUID) -> OfferedType:
    for type_ in await types_for_codes(desk, visitor):
        if type_.type_id == type_id:
            return type_
    raise Missing


def _forget(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.parent.rmdir()
