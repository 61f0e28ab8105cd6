"""The body and the answer of `/v1/payments/{payment_id}/refunds`."""

import hashlib
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from yongquan.payments.refund_views import RefundRow
from yongquan.payments.refunds import ALL, RefundWish
from yongquan.web.api.payments import BIGGEST_FEN
from yongquan.web.api.wire import Refused


class RefundRequest(BaseModel):
    """What the store gives back: `amount_fen` of the bill, or all that is left without it."""

    amount_fen: int | None = Field(default=None, gt=0, le=BIGGEST_FEN, strict=True)
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
        raise Refused("idempotency_key_missing", "a refund of part needs an Idempotency-Key or a refund_no")
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
