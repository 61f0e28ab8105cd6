"""Make a batch of voucher codes at the desk: the answer is the CSV, the only copy that there ever is."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.background import BackgroundTask

from yongquan.flows.generate_codes import CODE_ROLES, generate_codes
from yongquan.kernel.errors import BadInput
from yongquan.vouchers.model import RoundMode
from yongquan.vouchers.ways.codes_store import tell_making, told_making
from yongquan.vouchers.ways.pushes import OfferedType, offered_types
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes, known_id

DESK_MAX = 200_000
NAME_MAX = 60
TELL_S = 0.5


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
        making: Annotated[UUID | None, Form()] = None,
    ) -> Response:
        now = door.clock.now()
        if not 1 <= count <= DESK_MAX or not 1 <= len(name.strip()) <= NAME_MAX:
            raise BadInput(f"count: 1 to {DESK_MAX}; name: 1 to {NAME_MAX} characters")
        found = await _type_of_codes(desk, visitor, type_id)
        visitor.staff.require(*CODE_ROLES, adcode=found.adcode)
        folder = Path(tempfile.mkdtemp(prefix="yongquan-codes-"))
        file = folder / "codes.csv"
        teller = Teller(desk, making, visitor.staff.actor, count)
        try:
            async with teller:
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
                    tell=teller.hear,
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

    @routes.get("/ways/codes/making/{making}")
    async def progress(visitor: Annotated[Visitor, Depends(desk.visitor)], making: str) -> Response:
        async with door.database.transaction() as connection:
            told = await told_making(connection, known_id(making), actor=visitor.staff.actor)
        done, size = told or (0, 0)
        return JSONResponse({"done": done, "size": size}, headers={"Cache-Control": "no-store"})

    return routes


class Teller:
    """Writes down how far a batch is, every half second, in commits of its own; silent without an id."""

    def __init__(self, desk: Desk, making_id: UUID | None, actor: str, size: int) -> None:
        self._desk = desk
        self._making_id = making_id
        self._actor = actor
        self._size = size
        self._done = 0
        self._task: asyncio.Task[None] | None = None

    def hear(self, done: int) -> None:
        """So many codes are made."""
        self._done = done

    async def __aenter__(self) -> None:
        if self._making_id is not None:
            self._task = asyncio.create_task(self._tell_on(self._making_id))

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _tell_on(self, making_id: UUID) -> None:
        while True:
            async with self._desk.door.database.transaction() as connection:
                now = self._desk.door.clock.now()
                await tell_making(connection, making_id, actor=self._actor, done=self._done, size=self._size, now=now)
            await asyncio.sleep(TELL_S)


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
