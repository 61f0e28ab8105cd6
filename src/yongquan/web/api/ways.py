"""`/v1` for the ways that are not claims: a code becomes a voucher, a store gives one away."""

import time
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, Field

from yongquan.flows.give_vouchers import give_voucher
from yongquan.flows.redeem_code import redeem_code
from yongquan.plumbing.once import once
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.vouchers.ways.gifts import quotas
from yongquan.web.api.institutions import PHONE, caller_of
from yongquan.web.api.wire import Refused, bearer_of
from yongquan.web.door import Door

_encode = msgspec.json.Encoder().encode


class CodeRequest(BaseModel):
    """A code as it was typed: gaps, hyphens and capitals do not matter."""

    code: str = Field(min_length=1, max_length=64)


class CodeVoucher(BaseModel):
    """The voucher of a code; amounts in fen."""

    voucher_id: UUID
    round_id: UUID
    type_id: UUID
    amount_fen: int
    threshold_fen: int
    valid_from: str
    valid_until: str


class GiftRequest(BaseModel):
    """A voucher of a quota for a phone."""

    quota_id: UUID
    phone: str = Field(pattern=PHONE)


class GiftOut(BaseModel):
    """What became of a gift: delivered, or waiting until the phone's owner registers."""

    gift_id: UUID
    state: str
    phone_tail: str
    expires_at: str


class Callers:
    """Who calls: checked like everywhere in `/v1`, and held to the rate limit."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def bearer(self, authorization: Annotated[str, Header()] = "") -> Bearer:
        """The bearer of a valid token. Raises `Refused`."""
        found = bearer_of(self._door.tokens, authorization.encode())
        if not self._door.limit.allows(found.id_hex, time.monotonic()):
            raise Refused("too_many_requests")
        return found

    def store(self, authorization: Annotated[str, Header()] = "") -> str:
        """The giver that a store's token speaks for. Raises `Refused`."""
        found = self.bearer(authorization)
        if found.holder is not Holder.STORE:
            raise Refused("forbidden", "gifts are given by stores")
        return f"store:{UUID(hex=found.id_hex)}"

    async def institution(self, request: Request) -> str:
        """The giver that a signed request speaks for. Raises `SignatureRefused`, `QuotaExceeded`."""
        return f"institution:{(await caller_of(self._door, request)).institution}"


def _key(idempotency_key: Annotated[str, Header(min_length=1, max_length=255)]) -> str:
    return idempotency_key


def make_ways(door: Door) -> APIRouter:
    """`/v1/codes/redemptions`, `/v1/gifts` and `/v1/gift-quotas`."""
    routes = APIRouter(prefix="/v1")
    for make in (_make_codes, _make_gifts):
        routes.include_router(make(door, Callers(door)))
    return routes


def _make_codes(door: Door, callers: Callers) -> APIRouter:
    routes = APIRouter()

    @routes.post("/codes/redemptions", status_code=201, tags=["codes"])
    async def redeem(
        who: Annotated[Bearer, Depends(callers.bearer)], key_: Annotated[str, Depends(_key)], wanted: CodeRequest
    ) -> CodeVoucher:
        """Turn a code into a voucher, once; who redeemed it gets the same answer again."""
        if who.holder is not Holder.CITIZEN:
            raise Refused("forbidden", "this is for citizens")
        body = wanted.code.encode()
        async with door.database.transaction() as connection, once(connection, caller=who.id_hex, key=key_, body=body):
            pass  # a key that was used for another code is refused
        row = await redeem_code(
            door.database,
            door.sealing,
            wanted.code,
            citizen_id=UUID(hex=who.id_hex),
            cells=door.cells,
            now=door.clock.now(),
        )
        answer = CodeVoucher(
            voucher_id=row.voucher_id,
            round_id=row.round_id,
            type_id=row.type_id,
            amount_fen=row.amount_fen,
            threshold_fen=row.threshold_fen,
            valid_from=row.valid_from.isoformat(),
            valid_until=row.valid_until.isoformat(),
        )
        async with (
            door.database.transaction() as connection,
            once(connection, caller=who.id_hex, key=key_, body=body) as request,
        ):
            if not request.is_repeat:
                request.answer = answer.model_dump(mode="json")
        return answer

    return routes


def _make_gifts(door: Door, callers: Callers) -> APIRouter:
    routes = APIRouter()

    @routes.get("/gift-quotas", tags=["gifts"])
    async def own_quotas(giver: Annotated[str, Depends(callers.store)]) -> Response:
        """What this store may give away."""
        return await quotas_of_giver(door, giver)

    @routes.get("/institutions/gift-quotas", tags=["institutions"])
    async def institutions_quotas(giver: Annotated[str, Depends(callers.institution)]) -> Response:
        """What this institution may give away; the request is signed."""
        return await quotas_of_giver(door, giver)

    @routes.post("/gifts", status_code=201, tags=["gifts"])
    async def give(
        giver: Annotated[str, Depends(callers.store)], key_: Annotated[str, Depends(_key)], wanted: GiftRequest
    ) -> GiftOut:
        """Give a voucher to a phone; the same key and phone give the same gift."""
        return await give_by(door, giver, wanted, key=key_)

    @routes.post("/institutions/gifts", status_code=201, tags=["institutions"])
    async def institution_gives(
        giver: Annotated[str, Depends(callers.institution)],
        key_: Annotated[str, Depends(_key)],
        wanted: GiftRequest,
    ) -> GiftOut:
        """`POST /v1/gifts` by an institution, signed instead of a token."""
        return await give_by(door, giver, wanted, key=key_)

    return routes


async def quotas_of_giver(door: Door, giver: str) -> Response:
    """What a giver may give away."""
    async with door.database.transaction() as connection:
        listed = await quotas(connection, giver=giver)
    shown = [
        {
            "quota_id": q.quota_id,
            "type_id": q.type_id,
            "name": q.name,
            "amount_fen": q.amount_fen,
            "quota": q.quota,
            "left": q.left,
            "open": q.is_open(door.clock.now()),
        }
        for q in listed
    ]
    return Response(_encode({"quotas": shown}), media_type="application/json")


async def give_by(door: Door, giver: str, wanted: GiftRequest, *, key: str) -> GiftOut:
    """Give, and say what became of it."""
    gift = await give_voucher(
        door.database,
        door.sealing,
        giver=giver,
        quota_id=wanted.quota_id,
        phone="".join(wanted.phone.split()),
        key=key,
        cells=door.cells,
        now=door.clock.now(),
    )
    return GiftOut(
        gift_id=gift.gift_id, state=gift.state, phone_tail=gift.phone_tail, expires_at=gift.expires_at.isoformat()
    )
