"""Signing up for a draw, and one's own registration with its proof."""

import hashlib
import time
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, Field

from yongquan.flows.prove_registration import Proofs
from yongquan.flows.register_for_draw import REGISTERED, SignUp, register_for_draw
from yongquan.vouchers.draw_store import DrawRow, draw_of_round
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door

_encode = msgspec.json.Encoder().encode


class PlaceIn(BaseModel):
    """Where the citizen is, WGS-84 degrees."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class RegistrationRequest(BaseModel):
    """Voucher types of the round, the most wanted first, and the place that decides the district."""

    wishes: list[UUID] = Field(min_length=1, max_length=4)
    location: PlaceIn | None = None


def make_registrations(door: Door, citizen: Callable[..., UUID]) -> APIRouter:
    """`/v1/rounds/{round_id}/registrations`; `citizen` is the dependency that names the caller."""
    routes = APIRouter(tags=["draws"])
    proofs = Proofs(door.database, door.sealing, door.cells)

    async def draw_of(round_id: UUID) -> DrawRow:
        async with door.database.transaction() as connection:
            found = await draw_of_round(connection, round_id)
        if found is None:
            raise Refused("not_found", "this round has no draw")
        return found

    async def own(draw: DrawRow, who: UUID, *, status: int) -> Response:
        mine = await proofs.own_registration(draw, who)
        if mine is None:
            raise Refused("not_found", "you have not signed up for this draw")
        return Response(_encode(mine), status_code=status, media_type="application/json")

    @routes.post("/rounds/{round_id}/registrations", status_code=201, response_model=None)
    async def register(
        who: Annotated[UUID, Depends(citizen)],
        draw: Annotated[DrawRow, Depends(draw_of)],
        wanted: RegistrationRequest,
        idempotency_key: Annotated[str, Header(min_length=1, max_length=255)],
    ) -> Response:
        """Sign up. The same request again gets the same answer; of two apps the earliest registration stands."""
        if not door.limit.allows(who.hex, time.monotonic()):
            raise Refused("too_many_requests")
        place = wanted.location
        sign_up = SignUp(
            citizen_id=who,
            wishes=wanted.wishes,
            adcode=door.regions.locate(place.lon, place.lat) if place else None,
            key=_hash(idempotency_key),
            body_hash=_hash(" ".join(str(wish) for wish in wanted.wishes)),
        )
        async with door.database.transaction() as connection:
            (code,) = await register_for_draw(connection, draw, [sign_up], cells=door.cells, now=door.clock.now())
        if code not in REGISTERED:
            raise Refused(code)
        return await own(draw, who, status=201)

    @routes.get("/rounds/{round_id}/registrations", response_model=None)
    async def registration(
        who: Annotated[UUID, Depends(citizen)], draw: Annotated[DrawRow, Depends(draw_of)]
    ) -> Response:
        """One's own registration: the receipt, after the close the way to the list's hash, then what came of it."""
        return await own(draw, who, status=200)

    return routes


def _hash(text: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())
