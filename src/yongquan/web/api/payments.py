"""`POST /v1/payments`: by the citizen's app (instrument) or by a store's till (pay code). Raw ASGI."""

import hashlib
from collections.abc import Callable
from uuid import UUID

import msgspec
from fastapi import Response

from yongquan.flows.take_payment import Order, PaymentDesk
from yongquan.kernel.ids import bucket_of
from yongquan.payments.codes import bucket_of_pay_code
from yongquan.payments.model import Payment, PaymentState
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.vouchers.pricing import Line
from yongquan.web.api.wire import Refused

BIGGEST_FEN = 2**53
BIGGEST_LINES = 200


class LineIn(msgspec.Struct):
    """One line of the bill."""

    sku: str
    unit_fen: int
    qty: int
    tags: list[str] = []
    selected: bool = True
    floor_fen: int = 0


class PaymentRequest(msgspec.Struct):
    """The body of a payment: the till sends `pay_code`, the citizen's app `store_id` and `instrument_id`.

    `amount_fen` is what the shop asks after its own offer; `merchant_offer_fen` is that offer, which campaigns may
    ask for when they hold thresholds against the bill. `lines` are at list price: they add up to both together.
    `terminal` is the till's own number, for vouchers of some terminals only; `online` an order that nobody scans.
    """

    amount_fen: int
    pay_code: str | None = None
    store_id: str | None = None
    order_no: str | None = None
    lines: list[LineIn] | None = None
    instrument_id: str | None = None
    vouchers: str | list[str] = "best"
    merchant_offer_fen: int = 0
    terminal: str | None = None
    online: bool = False


class ShareOut(msgspec.Struct):
    """What one funder pays."""

    funder_id: str
    voucher_id: str
    type_id: str
    amount_fen: int


class PaymentOut(msgspec.Struct):
    """A payment: who paid what, and what the store receives."""

    payment_id: str
    state: str
    store_id: str
    order_no: str
    amount_fen: int
    citizen_paid_fen: int
    discount_fen: int
    funders: dict[str, int]
    vouchers: list[ShareOut]
    fee_fen: int
    store_receives_fen: int
    settlement_date: str
    begun_at: str
    response_code: str | None = None
    refunded_fen: int = 0


_decode = msgspec.json.Decoder(PaymentRequest).decode


async def take_payment(
    desk: PaymentDesk, bearer: Bearer, key: bytes, body: bytes, hash_code: Callable[[str], UUID]
) -> tuple[int, PaymentOut]:
    """201 with the payment, or 202 while the bank's outcome is unknown. Raises `Refused` and the desk's refusals."""
    payment = await desk.take(read_order(bearer, key, body, hash_code))
    return (202 if payment.state in {PaymentState.UNKNOWN, PaymentState.CHARGING} else 201), payment_out(payment)


def read_order(bearer: Bearer, key: bytes, body: bytes, hash_code: Callable[[str], UUID]) -> Order:
    """The order in a request's body. Raises `Refused` with what to do."""
    try:
        request = _decode(body)
        canonical = msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    except msgspec.DecodeError as error:
        raise Refused("bad_request", str(error)) from error
    _require_sound(request)
    caller = UUID(hex=bearer.id_hex)
    by_till = bearer.holder is Holder.STORE
    if by_till and (request.pay_code is None or not request.order_no):
        raise Refused("bad_request", "a till sends pay_code and order_no")
    if not by_till and (request.store_id is None or request.instrument_id is None):
        raise Refused("bad_request", "an app sends store_id and instrument_id")
    return Order(
        caller_id=caller,
        key=UUID(hex=hashlib.blake2b(key, digest_size=16).hexdigest()),
        body_hash=UUID(hex=hashlib.blake2b(canonical, digest_size=16).hexdigest()),
        bucket=bucket_of_pay_code(request.pay_code or "") if by_till else bucket_of(caller),
        store_id=caller if by_till else _id(request.store_id, "store_id"),
        amount_fen=request.amount_fen,
        order_no=request.order_no,
        lines=tuple(_line(line) for line in request.lines or ()),
        code_hash=hash_code(request.pay_code or "") if by_till else None,
        citizen_id=None if by_till else caller,
        instrument_id=None if by_till else _id(request.instrument_id, "instrument_id"),
        vouchers=_wanted(request),
        merchant_offer_fen=request.merchant_offer_fen,
        terminal=request.terminal if by_till else None,
        is_online=request.online and not by_till,
    )


def payment_response(payment: PaymentOut, status: int) -> Response:
    """A payment as an answer of FastAPI."""
    return Response(msgspec.json.encode(payment), status_code=status, media_type="application/json")


def payment_out(payment: Payment) -> PaymentOut:
    """A payment as the API shows it."""
    funders: dict[str, int] = {}
    for share in payment.shares:
        funders[share.funder_id] = funders.get(share.funder_id, 0) + share.amount_fen
    return PaymentOut(
        payment_id=str(payment.payment_id),
        state=payment.state,
        store_id=str(payment.store_id),
        order_no=payment.order_no,
        amount_fen=payment.amount_fen,
        citizen_paid_fen=payment.charged_fen,
        discount_fen=payment.discount_fen,
        funders=funders,
        vouchers=[ShareOut(s.funder_id, str(s.voucher_id), str(s.type_id), s.amount_fen) for s in payment.shares],
        fee_fen=payment.fee_fen,
        store_receives_fen=payment.store_receives_fen,
        settlement_date=payment.settlement_date.isoformat(),
        begun_at=payment.begun_at.isoformat(),
        response_code=payment.response_code,
        refunded_fen=payment.refunded_fen,
    )


def _require_sound(request: PaymentRequest) -> None:
    if not 0 < request.amount_fen <= BIGGEST_FEN:
        raise Refused("bad_request", "amount_fen must be a positive number of fen")
    if request.order_no is not None and not 1 <= len(request.order_no) <= 64:
        raise Refused("bad_request", "order_no has 1 to 64 characters")
    lines = request.lines or []
    if len(lines) > BIGGEST_LINES:
        raise Refused("bad_request", f"an order has at most {BIGGEST_LINES} lines")
    if any(line.unit_fen < 0 or line.qty < 0 or line.floor_fen < 0 for line in lines):
        raise Refused("bad_request", "unit_fen, qty and floor_fen of a line cannot be negative")
    if not 0 <= request.merchant_offer_fen <= BIGGEST_FEN:
        raise Refused("bad_request", "merchant_offer_fen cannot be negative")
    bill_fen = request.amount_fen + request.merchant_offer_fen
    if request.lines and sum(line.unit_fen * line.qty for line in lines if line.selected) != bill_fen:
        raise Refused("bad_request", "the selected lines do not add up to amount_fen and merchant_offer_fen")


def _wanted(request: PaymentRequest) -> tuple[UUID, ...] | None:
    if isinstance(request.vouchers, str):
        if request.vouchers != "best":
            raise Refused("bad_request", 'vouchers is "best" or a list of voucher ids')
        return None
    return tuple(_id(text, "vouchers") for text in request.vouchers)


def _line(line: LineIn) -> Line:
    return Line(line.sku, line.unit_fen, line.qty, frozenset(line.tags), line.selected, line.floor_fen)


def _id(text: str | None, name: str) -> UUID:
    try:
        return UUID(text or "")
    except ValueError as error:
        raise Refused("bad_request", f"{name} is not an id") from error
