"""The body and the answer of `/v1/payments/{payment_id}/refunds`."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, Field

from yongquan.kernel.ids import cell_of
from yongquan.payments.refund_views import RefundRow, refunds_of
from yongquan.payments.refunds import ALL, RefundWish
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.web.api.fen import PositiveFen
from yongquan.web.api.payments import payment_out, payment_response
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door


class RefundRequest(BaseModel):
    """What the store gives back: `amount_fen` of the bill, or all that is left without it."""

    amount_fen: PositiveFen | None = None
    refund_no: str | None = Field(default=None, min_length=1, max_length=64)
    reason: str = Field(default="", max_length=200)


class RefundShareOut(BaseModel):
    """What a funder got back; `became` is used, returned, expired or forfeited, null while the refund is under way."""

    funder_id: str
    voucher_id: UUID
    amount_fen: int
    became: str | None


class RefundOut(BaseModel):
    """One refund."""

    refund_id: UUID
    refund_no: str
    state: str
    amount_fen: int
    citizen_gets_fen: int
    fee_back_fen: int
    funders: list[RefundShareOut]
    reason: str
    settlement_date: date
    begun_at: datetime


class RefundsOut(BaseModel):
    """All refunds of a payment, the first first."""

    refunds: list[RefundOut]


def read_refund(request: RefundRequest, key: str) -> RefundWish:
    """What the store wishes. Raises `Refused`: a refund of part needs a key or a number, so that a repeat is known."""
    if request.amount_fen is not None and not key and request.refund_no is None:
        raise Refused("refund_unnamed", "a refund of part needs an Idempotency-Key or a refund_no")
    digest = UUID(hex=hashlib.blake2b(key.encode(), digest_size=16).hexdigest()) if key else None
    named_by_key = f"key-{digest.hex}" if digest else ALL
    return RefundWish(request.amount_fen, request.refund_no or named_by_key, digest, request.reason)


def refund_out(row: RefundRow) -> RefundOut:
    """A refund as the API shows it."""
    return RefundOut(
        refund_id=row.refund_id,
        refund_no=row.refund_no,
        state=row.state,
        amount_fen=row.amount_fen,
        citizen_gets_fen=row.charged_fen,
        fee_back_fen=row.fee_fen,
        funders=[
            RefundShareOut(funder_id=s.funder_id, voucher_id=s.voucher_id, amount_fen=s.amount_fen, became=s.became)
            for s in row.shares
        ],
        reason=row.reason,
        settlement_date=row.settlement_date,
        begun_at=row.begun_at,
    )


def add_refunds(routes: APIRouter, door: Door, bearer: Callable[..., Bearer]) -> None:
    """Both routes, on the router of `/v1`; `bearer` tells who asks."""

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
        return payment_response(payment_out(await door.payments.payment(cell, payment_id)), 200)

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
