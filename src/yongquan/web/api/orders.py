"""`/v1/orders`: a store opens an order, asks about it, closes, refunds and undoes it; a citizen pays it."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field

from yongquan.flows.name_parties import device_token
from yongquan.flows.order_desk import Payer
from yongquan.flows.serve_cashier import RETURN_URL
from yongquan.kernel.ids import bucket_of
from yongquan.payments.orders import SUBJECT_MAX, AttemptState, NewOrder, OrderState, TradeOrder
from yongquan.payments.refunds import RefundWish
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.web.api.fen import PositiveFen
from yongquan.web.api.refunds import RefundsOut, refund_out
from yongquan.web.api.wire import CODE_MAX, STEP_UP_ABOUT, Refused
from yongquan.web.door import Door

DOOR = "native"
LIVES_S = 15 * 60
LIVES_MAX_S = 7 * 24 * 3600
StepUpCode = Annotated[str, Header(max_length=CODE_MAX, description=STEP_UP_ABOUT)]
OPEN_STATES = frozenset({OrderState.PENDING, OrderState.UNKNOWN})


class OrderRequest(BaseModel):
    """What the store asks to be paid. `order_no` is its own number: the same again with the same body is the order."""

    order_no: str = Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")
    amount_fen: PositiveFen
    subject: str = Field(min_length=1, max_length=SUBJECT_MAX)
    lives_s: int = Field(default=LIVES_S, ge=30, le=LIVES_MAX_S)
    remark: str = Field(default="", max_length=256)
    return_url: str | None = Field(default=None, max_length=512, pattern=r"^https?://[\x21-\x7e]+$")


class AttemptOut(BaseModel):
    """One try to pay; `is_late`: the money came when the order was over, and goes back by itself."""

    attempt_no: int
    state: AttemptState
    reason: str
    payment_id: UUID | None
    is_late: bool
    begun_at: datetime
    ended_at: datetime | None


class OrderOut(BaseModel):
    """An order as it stands."""

    order_id: UUID
    store_id: UUID
    order_no: str
    amount_fen: int
    subject: str
    remark: str
    state: OrderState
    refunded_fen: int
    payment_id: UUID | None
    attempts: list[AttemptOut]
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    cashier_url: str | None = None  # where a payer pays: told to the store alone


class Location(BaseModel):
    """Where the citizen's phone says it is: WGS-84 degrees."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class PayRequest(BaseModel):
    """What the citizen pays an order with.

    `device_id` is the phone's own lasting name for itself, of which only a keyed hash is kept; `location` where it is,
    if its owner lets it be told.
    """

    instrument_id: UUID
    vouchers: Literal["best"] | list[UUID] = "best"
    device_id: str | None = Field(default=None, min_length=1, max_length=64)
    location: Location | None = None


class OrderRefundRequest(BaseModel):
    """What the store gives back: `amount_fen` of the order, or all that is left without it."""

    refund_no: str = Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")
    amount_fen: PositiveFen | None = None
    reason: str = Field(default="", max_length=200)


def make_orders(door: Door, bearer: Callable[..., Bearer]) -> APIRouter:
    """The routes; `bearer` tells who asks."""
    routes = APIRouter(prefix="/orders", tags=["orders"])
    Who = Annotated[Bearer, Depends(bearer)]  # noqa: N806 - a type

    @routes.post("", status_code=201, response_model=OrderOut)
    async def open_order(wanted: OrderRequest, who: Who, request: Request) -> Response:
        """Open an order; the same body again is the same order."""
        store = _store(who)
        new = NewOrder(
            store_id=store,
            order_no=wanted.order_no,
            door=DOOR,
            body_hash=UUID(hex=hashlib.blake2b(wanted.model_dump_json().encode(), digest_size=16).hexdigest()),
            amount_fen=wanted.amount_fen,
            subject=wanted.subject,
            expires_at=door.clock.now() + timedelta(seconds=wanted.lives_s),
            facts={"remark": wanted.remark, RETURN_URL: wanted.return_url},
        )
        order = await door.orders.open(new)
        return await _told(door, order, status=201, cashier_url=cashier_url(door, order.order_id, request))

    @routes.get("", response_model=OrderOut)
    async def find(who: Who, order_no: Annotated[str, Query(min_length=1, max_length=64)]) -> Response:
        """The store's order by its own number."""
        order = await door.orders.find(_store(who), order_no)
        if order is None:
            raise Refused("not_found", "this store has no order of this number")
        return await _told(door, order)

    @routes.get("/{order_id}", response_model=OrderOut)
    async def one(order_id: UUID, who: Who, request: Request) -> Response:
        """An order as it stands: 202 while an attempt's outcome is open."""
        order = await _mine(door, order_id, who)
        return await _told(door, order, cashier_url=cashier_url(door, order_id, request))

    @routes.post("/{order_id}/payments", status_code=201, response_model=OrderOut)
    async def pay(order_id: UUID, wanted: PayRequest, who: Who, step_up_code: StepUpCode = "") -> Response:
        """Pay an order as a citizen: 202 while the bank's outcome is unknown. A failed try may be repeated."""
        if who.holder is not Holder.CITIZEN:
            raise Refused("forbidden", "an order is paid by a citizen")
        citizen = UUID(hex=who.id_hex)
        vouchers = None if wanted.vouchers == "best" else tuple(wanted.vouchers)
        payer = Payer(
            bucket=bucket_of(citizen),
            citizen_id=citizen,
            instrument_id=wanted.instrument_id,
            vouchers=vouchers,
            device=device_token(wanted.device_id, door.sealing) if wanted.device_id else None,
            place=None if wanted.location is None else (wanted.location.lon, wanted.location.lat),
            step_up_code=step_up_code,
        )
        return await _told(door, await door.orders.pay(order_id, payer), status=201)

    _add_endings(routes, door, bearer)
    return routes


def _add_endings(routes: APIRouter, door: Door, bearer: Callable[..., Bearer]) -> None:
    Who = Annotated[Bearer, Depends(bearer)]  # noqa: N806 - a type

    @routes.post("/{order_id}/close", response_model=OrderOut)
    async def close(order_id: UUID, who: Who) -> Response:
        """End an order unpaid; money that arrives later goes back by itself."""
        await _mine(door, order_id, who)
        return await _told(door, await door.orders.close(order_id))

    @routes.post("/{order_id}/undo", response_model=OrderOut)
    async def undo(order_id: UUID, who: Who) -> Response:
        """Give the whole back on the order's own settlement day, so that it never was."""
        await _mine(door, order_id, who)
        return await _told(door, await door.orders.undo(order_id))

    @routes.post("/{order_id}/refunds", response_model=OrderOut)
    async def refund(order_id: UUID, wanted: OrderRefundRequest, who: Who) -> Response:
        """Give back part or all; the same `refund_no` again is the same refund."""
        await _mine(door, order_id, who)
        wish = RefundWish(wanted.amount_fen, wanted.refund_no, None, wanted.reason)
        return await _told(door, await door.orders.refund(order_id, wish))

    @routes.get("/{order_id}/refunds")
    async def refunds(order_id: UUID, who: Who) -> RefundsOut:
        """An order's refunds, the first first."""
        rows = await door.orders.refunds_of(await _mine(door, order_id, who))
        return RefundsOut(refunds=[refund_out(row) for row in rows])


async def _mine(door: Door, order_id: UUID, who: Bearer) -> TradeOrder:
    order = await door.orders.order(order_id)
    if who.holder is not Holder.STORE or order.store_id.hex != who.id_hex:
        raise Refused("not_found", "this store has no such order")
    return order


def cashier_url(door: Door, order_id: UUID, request: Request) -> str:
    """The address of an order's cashier page on this site."""
    return str(request.base_url).rstrip("/") + door.cashier.path(order_id)


async def _told(door: Door, order: TradeOrder, *, status: int = 200, cashier_url: str | None = None) -> Response:
    out = await order_out(door, order)
    out.cashier_url = cashier_url
    document = out.model_dump_json()
    status = 202 if order.state in OPEN_STATES else status
    return Response(document, status_code=status, media_type="application/json")


async def order_out(door: Door, order: TradeOrder) -> OrderOut:
    """An order as the API shows it."""
    attempts = await door.orders.attempts(order.order_id)
    return OrderOut(
        order_id=order.order_id,
        store_id=order.store_id,
        order_no=order.order_no,
        amount_fen=order.amount_fen,
        subject=order.subject,
        remark=str(order.facts.get("remark", "")),
        state=order.state,
        refunded_fen=order.refunded_fen,
        payment_id=order.payment_id,
        attempts=[AttemptOut(**{name: getattr(one, name) for name in AttemptOut.model_fields}) for one in attempts],
        created_at=order.created_at,
        expires_at=order.expires_at,
        paid_at=order.paid_at,
    )


def _store(who: Bearer) -> UUID:
    if who.holder is not Holder.STORE:
        raise Refused("forbidden", "an order is opened by a store")
    return UUID(hex=who.id_hex)
