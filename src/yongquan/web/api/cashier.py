"""`/v1/cashier/origins`: a store says which sites may hold its cashier page in a frame."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, Field

from yongquan.merchants.cashier_origins import ORIGIN, ORIGINS_MAX, keep_origins, origins_of
from yongquan.plumbing.tokens import Holder
from yongquan.web.api.wire import Refused, bearer_of
from yongquan.web.door import Door


class Origins(BaseModel):
    """Sites by scheme, host and port, like `https://shop.example`."""

    origins: list[Annotated[str, Field(max_length=200, pattern=f"^{ORIGIN.pattern}$")]] = Field(max_length=ORIGINS_MAX)


def make_cashier_api(door: Door) -> APIRouter:
    """Reading and replacing the list."""
    routes = APIRouter(prefix="/v1/cashier", tags=["orders"])

    def store(authorization: Annotated[str, Header()] = "") -> UUID:
        found = bearer_of(door.tokens, authorization.encode())
        if found.holder is not Holder.STORE:
            raise Refused("forbidden", "a store names its own sites")
        return UUID(hex=found.id_hex)

    @routes.get("/origins")
    async def read(who: Annotated[UUID, Depends(store)]) -> Origins:
        """The sites that may hold this store's cashier."""
        async with door.database.transaction() as connection:
            return Origins(origins=list(await origins_of(connection, who)))

    @routes.put("/origins")
    async def replace(who: Annotated[UUID, Depends(store)], wanted: Origins) -> Origins:
        """Replace the list; an empty one lets nobody hold it."""
        async with door.database.transaction() as connection:
            await keep_origins(connection, who, wanted.origins)
            return Origins(origins=list(await origins_of(connection, who)))

    return routes
