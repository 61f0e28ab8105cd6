"""`/v1/reminders`: what a citizen is reminded of by text message."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, StrictBool

from yongquan.citizens.reminders import Reminder, reminders_of, wish_reminders
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.tokens import Holder
from yongquan.web.api.wire import Refused, bearer_of
from yongquan.web.door import Door
from yongquan.web.language import Language


class ReminderWishes(BaseModel):
    """Each is off until the citizen turns it on; `language` is that of the messages."""

    next_round: StrictBool = False
    expiring: StrictBool = False
    drawn: StrictBool = False
    language: Language = Language.CHINESE


def make_reminders_api(door: Door) -> APIRouter:
    """Read and replace the wishes of the citizen whose token it is."""
    routes = APIRouter(prefix="/v1", tags=["reminders"])

    def citizen(authorization: Annotated[str, Header()] = "") -> UUID:
        found = bearer_of(door.tokens, authorization.encode())
        if found.holder is not Holder.CITIZEN:
            raise Refused("forbidden", "this is for citizens")
        return UUID(hex=found.id_hex)

    @routes.get("/reminders")
    async def read(who: Annotated[UUID, Depends(citizen)]) -> dict[str, bool]:
        async with door.database.transaction() as connection:
            wanted = await reminders_of(connection, cell_of(who, door.cells), who)
        return {kind.value: kind in wanted for kind in Reminder}

    @routes.put("/reminders")
    async def replace(who: Annotated[UUID, Depends(citizen)], wishes: ReminderWishes) -> dict[str, bool]:
        wanted = [kind for kind in Reminder if getattr(wishes, kind.value)]
        async with door.database.transaction() as connection:
            await wish_reminders(
                connection,
                cell_of(who, door.cells),
                who,
                wanted,
                language=wishes.language.value,
                now=door.clock.now(),
            )
        return {kind.value: kind in wanted for kind in Reminder}

    return routes
