"""`/v1/institutions/own-vouchers`: a provider or a federation applies for a shop, with its own key."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, Field

from yongquan.flows.apply_own import enter_own, institution_at_door, redesign_own, submit_own, withdraw_own
from yongquan.flows.own_parties import Applicant
from yongquan.institutions.apps import App
from yongquan.vouchers.own_model import BadDesign, Design, OwnKind, OwnVoucher
from yongquan.vouchers.own_store import own_entered_by
from yongquan.web.api.institutions import caller_of
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
_encode = msgspec.json.Encoder().encode


class DesignRequest(BaseModel):
    """What the shop wants to give. Amounts in fen; `bank` is the code of the supervised account's bank."""

    name: str
    name_en: str = ""
    kind: OwnKind
    amount_fen: int
    threshold_fen: int = 0
    rate_bp: int | None = None
    tags: list[str] = []
    skus: list[str] = []
    stock: int
    per_person: int = 1
    starts_on: date
    ends_on: date
    stores: list[UUID] = Field(min_length=1, max_length=1000)
    bank: str

    def design(self) -> Design:
        """The same as the rooms know it."""
        facts = self.model_dump() | {"tags": tuple(self.tags), "skus": tuple(self.skus), "stores": tuple(self.stores)}
        return Design(**{name: facts[name] for name in DesignRequest.model_fields})


class OwnVoucherRequest(DesignRequest):
    """An application for the merchant behind a store."""

    store_id: UUID


def make_own_vouchers(door: Door) -> APIRouter:
    """The routes of providers and federations for shops' own vouchers."""
    routes = APIRouter(prefix="/v1/institutions/own-vouchers", tags=["institutions"])
    database = door.database

    async def applicant(request: Request) -> Applicant:
        app: App = await caller_of(door, request)
        async with database.transaction() as connection:
            return await institution_at_door(connection, app.institution)

    Who = Annotated[Applicant, Depends(applicant)]  # noqa: N806 - a type

    @routes.post("", status_code=201, response_model=None)
    async def apply(who: Who, wanted: OwnVoucherRequest, key: Key) -> Response:
        """Enter an application; the shop sees it in Merchant Space, and it alone can pay and publish."""
        own = await _said(
            lambda: enter_own(
                database, who, wanted.design(), store_id=wanted.store_id, key=key, submit=True, now=door.clock.now()
            )
        )
        return _json(_out(own), 201)

    @routes.get("", response_model=None)
    async def listed(who: Who) -> Response:
        """The applications this institution entered, the latest first."""
        async with database.transaction() as connection:
            owns = await own_entered_by(connection, who.actor)
        return _json({"own_vouchers": [_out(own) for own in owns]})

    @routes.put("/{own_id}", response_model=None)
    async def resubmit(who: Who, own_id: UUID, wanted: DesignRequest) -> Response:
        """Change an application that was rejected, and submit it again."""
        await _said(lambda: redesign_own(database, who, own_id, wanted.design(), now=door.clock.now()))
        return _json({"own_id": own_id, "state": await submit_own(database, who, own_id, now=door.clock.now())})

    @routes.post("/{own_id}/withdrawal", status_code=204)
    async def withdraw(who: Who, own_id: UUID) -> Response:
        await withdraw_own(database, who, own_id, now=door.clock.now())
        return Response(status_code=204)

    return routes


async def _said(write: Callable[[], Awaitable[OwnVoucher | None]]) -> OwnVoucher | None:
    try:
        return await write()
    except BadDesign as bad:
        raise Refused("bad_request", str(bad)) from bad


def _out(own: OwnVoucher | None) -> dict[str, object]:
    if own is None:
        raise LookupError("an application that was just written is not there")
    return {
        "own_id": own.own_id,
        "store_id": own.store_id,
        "channel": own.channel,
        "state": own.state,
        "reason": own.reason,
        "most_fen": own.design.most_fen,
        "design": own.design,
    }


def _json(document: object, status: int = 200) -> Response:
    return Response(_encode(document), status, media_type="application/json")
