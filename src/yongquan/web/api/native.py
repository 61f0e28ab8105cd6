"""The native API beside the hot endpoints: wallet, pay codes, payments, refunds."""

import time
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, Field

from yongquan.flows.show_pay_code import show_pay_code
from yongquan.kernel.ids import cell_of
from yongquan.payments.model import PaymentState
from yongquan.payments.refund_views import refunds_of
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.vouchers.views import PAGE, wallet_of
from yongquan.web.api.payments import PaymentOut, payment_out
from yongquan.web.api.refunds import RefundRequest, RefundsOut, read_refund, refund_out
from yongquan.web.api.registrations import make_registrations
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door

_encode = msgspec.json.Encoder().encode


class PayCodeRequest(BaseModel):
    """What the citizen wants to pay with; `vouchers` None means the best ones at the till."""

    instrument_id: UUID
    vouchers: list[UUID] | None = None


class PayCodeOut(BaseModel):
    """A code to show: 18 digits, one use."""

    pay_code: str = Field(min_length=18, max_length=18)
    expires_at: str


def make_native(door: Door) -> APIRouter:
    """The routes of `/v1` that are plain FastAPI."""
    routes = APIRouter(prefix="/v1")

    def bearer(authorization: Annotated[str, Header()] = "") -> Bearer:
        found = door.tokens.read(authorization[7:].encode(), now=time.time())
        if found is None or not authorization[:7].lower() == "bearer ":
            raise Refused("unauthorized")
        return found

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
        return PayCodeOut(pay_code=code, expires_at=expires_at.isoformat())

    @routes.get("/payments/{payment_id}", tags=["payments"], response_model=None)
    async def payment(payment_id: UUID, who: Annotated[Bearer, Depends(bearer)]) -> Response:
        found = await door.payments.payment(cell_of(payment_id, door.cells), payment_id)
        if who.id_hex not in {found.citizen_id.hex, found.store_id.hex}:
            raise Refused("not_found", "no such payment")
        open_ = found.state in {PaymentState.UNKNOWN, PaymentState.CHARGING}
        return _payment_response(payment_out(found), 202 if open_ else 200)

    @routes.post("/payments/{payment_id}/refunds", tags=["payments"], response_model=None)
    async def refund(
        payment_id: UUID,
        who: Annotated[Bearer, Depends(bearer)],
        wanted: RefundRequest | None = None,
        idempotency_key: Annotated[str, Header(max_length=255)] = "",
    ) -> Response:
        """Refund part of a payment of this store (`amount_fen` of the bill), or all that is left.

        The same key or `refund_no` again is the same refund: it goes on where the first stopped, and pays back once.
        """
        if who.holder is not Holder.STORE:
            raise Refused("forbidden", "a refund is made by the store")
        cell = cell_of(payment_id, door.cells)
        wish = read_refund(wanted or RefundRequest(), idempotency_key)
        await door.refunds.refund(cell, payment_id, store_id=UUID(hex=who.id_hex), now=door.clock.now(), wish=wish)
        return _payment_response(payment_out(await door.payments.payment(cell, payment_id)), 200)

    @routes.get("/payments/{payment_id}/refunds", tags=["payments"])
    async def refunds(payment_id: UUID, who: Annotated[Bearer, Depends(bearer)]) -> RefundsOut:
        """The refunds of a payment, with what each funder got back and what became of the vouchers."""
        cell = cell_of(payment_id, door.cells)
        found = await door.payments.payment(cell, payment_id)
        if who.id_hex not in {found.citizen_id.hex, found.store_id.hex}:
            raise Refused("not_found", "no such payment")
        async with door.database.transaction() as connection:
            rows = await refunds_of(connection, cell, payment_id)
        return RefundsOut(refunds=[refund_out(row) for row in rows])

    routes.include_router(make_registrations(door, citizen))
    return routes


def _payment_response(payment: PaymentOut, status: int) -> Response:
    return Response(_encode(payment), status_code=status, media_type="application/json")
