"""Signing up for a draw, withdrawing before its close, and one's own registration with its proof."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, Field

from yongquan.flows.prove_registration import Proofs
from yongquan.flows.register_for_draw import OWN_APP, REGISTERED, SignUp, register_for_draw, withdraw_from_draw
from yongquan.vouchers.draw_store import DrawRow, draw_of_round
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
CITIZENS_ALONE = frozenset({"citizen_id", "receipt"})
_encode = msgspec.json.Encoder().encode


class PlaceIn(BaseModel):
    """Where the citizen is, WGS-84 degrees."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class RegistrationRequest(BaseModel):
    """Voucher types of the round, the most wanted first, and the place that decides the district."""

    wishes: list[UUID] = Field(min_length=1, max_length=4)
    location: PlaceIn | None = None


@dataclass(frozen=True, slots=True)
class SignUps:
    """Where citizens sign up for draws, by our own pages or (with `platform`) by an institution's app."""

    door: Door
    proofs: Proofs

    async def draw_of(self, round_id: UUID) -> DrawRow:
        """The draw of a round. Raises `Refused`."""
        async with self.door.database.transaction() as connection:
            found = await draw_of_round(connection, round_id)
        if found is None:
            raise Refused("not_found", "this round has no draw")
        return found

    async def own(self, draw: DrawRow, who: UUID, *, status: int = 200, platform: str | None = None) -> Response:
        """The citizen's own registration; an app is told neither receipt nor id. Raises `Refused` if there is none."""
        mine = await self.proofs.own_registration(draw, who)
        if mine is None:
            raise Refused("not_found", "you have not signed up for this draw")
        told = msgspec.to_builtins(mine)
        if platform is not None:
            told = {name: value for name, value in told.items() if name not in CITIZENS_ALONE}
        return Response(_encode(told), status_code=status, media_type="application/json")

    async def register(
        self, draw: DrawRow, who: UUID, wanted: RegistrationRequest, *, key: str, platform: str | None = None
    ) -> Response:
        """Sign a citizen up. Raises `Refused` with a claim's vocabulary of reasons."""
        self._pace(who)
        now, offer = self.door.clock.now(), await self.door.find_round(draw.round_id.hex)
        place = None if wanted.location is None else (wanted.location.lon, wanted.location.lat)
        sign_up = SignUp(
            citizen_id=who,
            wishes=wanted.wishes,
            adcode=self.door.regions.locate(*place) if place else None,
            key=_hash(_scoped(key, platform)),
            body_hash=_hash(" ".join(str(wish) for wish in wanted.wishes)),
            platform=platform or OWN_APP,
            refused=None if offer is None else offer.refusal_to_sign_up(now, place, platform=platform),
        )
        async with self.door.database.transaction() as connection:
            (outcome,) = await register_for_draw(connection, draw, [sign_up], cells=self.door.cells, now=now)
        if outcome.code not in REGISTERED:
            raise Refused(outcome.code, reason=outcome.reason)
        return await self.own(draw, who, status=201, platform=platform)

    async def withdraw(self, draw: DrawRow, who: UUID, *, key: str, platform: str | None = None) -> Response:
        """Take a registration back: 204. Raises `Refused` after the close, or if there is none."""
        self._pace(who)
        async with self.door.database.transaction() as connection:
            code = await withdraw_from_draw(
                connection,
                draw,
                who,
                key=_hash(_scoped(key, platform)),
                platform=platform,
                cells=self.door.cells,
                now=self.door.clock.now(),
            )
        if code != "withdrawn":
            raise Refused(code)
        return Response(status_code=204)

    def _pace(self, who: UUID) -> None:
        if not self.door.limit.allows(who.hex, time.monotonic()):
            raise Refused("too_many_requests")


def sign_ups_of(door: Door) -> SignUps:
    """Sign-ups at this door."""
    return SignUps(door, Proofs(door.database, door.sealing, door.cells))


def make_registrations(door: Door, citizen: Callable[..., UUID]) -> APIRouter:
    """`/v1/rounds/{round_id}/registrations`; `citizen` is the dependency that names the caller."""
    routes = APIRouter(tags=["draws"])
    sign_ups = sign_ups_of(door)

    @routes.post("/rounds/{round_id}/registrations", status_code=201, response_model=None)
    async def register(
        who: Annotated[UUID, Depends(citizen)],
        draw: Annotated[DrawRow, Depends(sign_ups.draw_of)],
        wanted: RegistrationRequest,
        key: Key,
    ) -> Response:
        """Sign up. The same request again gets the same answer; of two apps the earliest registration stands."""
        return await sign_ups.register(draw, who, wanted, key=key)

    @routes.get("/rounds/{round_id}/registrations", response_model=None)
    async def registration(
        who: Annotated[UUID, Depends(citizen)], draw: Annotated[DrawRow, Depends(sign_ups.draw_of)]
    ) -> Response:
        """One's own registration: the receipt, after the close the way to the list's hash, then what came of it."""
        return await sign_ups.own(draw, who)

    @routes.delete("/rounds/{round_id}/registrations", status_code=204, response_model=None)
    async def withdraw(
        who: Annotated[UUID, Depends(citizen)], draw: Annotated[DrawRow, Depends(sign_ups.draw_of)], key: Key
    ) -> Response:
        """Withdraw before the close, whatever app the sign-up came by; then one may sign up again with a new key."""
        return await sign_ups.withdraw(draw, who, key=key)

    return routes


def _scoped(key: str, platform: str | None) -> str:
    return key if platform is None else f"{platform}\n{key}"


def _hash(text: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())
