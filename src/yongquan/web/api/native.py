"""The native API beside the hot endpoints: wallet, pay codes, payments, refunds."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, Field

from yongquan.flows.show_pay_code import show_pay_code
from yongquan.kernel.ids import cell_of
from yongquan.payments.emvco_consumer import make_consumer_code
from yongquan.payments.model import OUTCOME_OPEN
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.vouchers.views import PAGE, wallet_of
from yongquan.web.api.asking import add_words_of_payers
from yongquan.web.api.orders import make_orders
from yongquan.web.api.payments import payment_out, payment_response
from yongquan.web.api.refunds import add_refunds
from yongquan.web.api.registrations import make_registrations
from yongquan.web.api.wire import Refused, bearer_of
from yongquan.web.door import Door

_encode = msgspec.json.Encoder().encode


class PayCodeRequest(BaseModel):
    """What the citizen wants to pay with; `vouchers` None means the best ones at the till."""

    instrument_id: UUID
    vouchers: list[UUID] | None = None


class PayCodeOut(BaseModel):
    """A code to show: 18 digits, one use; `emvco` is the same as a consumer-presented code (EMVCo CPM)."""

    pay_code: str = Field(min_length=18, max_length=18)
    emvco: str
    expires_at: str


def make_native(door: Door) -> APIRouter:
    """The routes of `/v1` that are plain FastAPI."""
    routes = APIRouter(prefix="/v1")

    def bearer(authorization: Annotated[str, Header()] = "") -> Bearer:
        return bearer_of(door.tokens, authorization.encode())

    def citizen(found: Annotated[Bearer, Depends(bearer)]) -> UUID:
        if found.holder is not Holder.CITIZEN:
            raise Refused("forbidden", "this is for citizens")
        return UUID(hex=found.id_hex)

    @routes.get("/wallet/vouchers", tags=["wallet"])
    async def wallet(who: Annotated[UUID, Depends(citizen)], after: UUID | None = None) -> Response:
        async with door.database.transaction() as connection:
            page = await wallet_of(connection, cell_of(who, door.cells), who, now=door.clock.now(), before=after)
        document: dict[str, object] = {"vouchers": page}
        if len(page) == PAGE:
            document["next"] = str(page[-1].voucher_id)
        return Response(_encode(document), media_type="application/json")

    @routes.post("/pay-codes", status_code=201, tags=["payments"])
    async def pay_code(who: Annotated[UUID, Depends(citizen)], wanted: PayCodeRequest) -> PayCodeOut:
        code, expires_at = await show_pay_code(
            door.database,
            door.clock,
            door.hash_code,
            cells=door.cells,
            citizen_id=who,
            instrument_id=wanted.instrument_id,
            vouchers=None if wanted.vouchers is None else tuple(wanted.vouchers),
        )
        return PayCodeOut(pay_code=code, emvco=make_consumer_code(code), expires_at=expires_at.isoformat())

    @routes.get("/payments/{payment_id}", tags=["payments"], response_model=None)
    async def payment(payment_id: UUID, who: Annotated[Bearer, Depends(bearer)]) -> Response:
        found = await door.payments.payment(cell_of(payment_id, door.cells), payment_id)
        if who.id_hex not in {found.citizen_id.hex, found.store_id.hex}:
            raise Refused("not_found", "no such payment")
        return payment_response(payment_out(found), 202 if found.state in OUTCOME_OPEN else 200)

    add_words_of_payers(routes, door, bearer)

    add_refunds(routes, door, bearer)
    routes.include_router(make_orders(door, bearer))
    routes.include_router(make_registrations(door, citizen))
    return routes
