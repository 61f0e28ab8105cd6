"""`POST /v1/payments`: by the citizen's app (instrument) or by a store's till (pay code). Raw ASGI."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import Response

from yongquan.flows.pay_by_phone import PhoneDesk
from yongquan.flows.take_payment import Order, PaymentDesk
from yongquan.kernel.ids import bucket_of
from yongquan.payments.codes import bucket_of_pay_code
from yongquan.payments.emvco_consumer import pay_code_in
from yongquan.payments.model import OUTCOME_OPEN, Payment
from yongquan.payments.phone_tokens import CONTACTLESS, TAP_PATTERN, Tap, read_tap
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.vouchers.pricing import Line
from yongquan.web.api.fen import BIGGEST_FEN, whole_numbers
from yongquan.web.api.wire import Location, Refused

BIGGEST_LINES = 200
Fen = Annotated[int, msgspec.Meta(gt=0, le=BIGGEST_FEN)]
Count = Annotated[int, msgspec.Meta(ge=0, le=BIGGEST_FEN)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
OrderNo = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class LineIn(msgspec.Struct):
    """One line of the bill."""

    sku: str
    unit_fen: Count
    qty: Count
    tags: list[str] = []
    selected: bool = True
    floor_fen: Count = 0


class PaymentRequest(msgspec.Struct):
    """The body of a payment: the till sends `pay_code`, the citizen's app `store_id` and `instrument_id`.

    `pay_code` is the 18 digits or the consumer-presented code (EMVCo) around them. A till that a phone was tapped on
    sends the phone's message as `tap`, in hex, in its place.

    `amount_fen` is what the shop asks after its own offer; `merchant_offer_fen` is that offer, which campaigns may
    ask for when they hold thresholds against the bill. `lines` are at list price: they add up to both together.
    `terminal` is the till's own number, for vouchers of some terminals only; `online` an order that nobody scans.
    Risk looks at who takes part: `device_id` is the phone's own lasting name for itself, of which only a keyed hash is
    kept; `location` where the phone is, if its owner lets it be told; `cashier` is how the till calls whoever stands
    at it.
    """

    amount_fen: Fen
    pay_code: str | None = None
    tap: Annotated[str, msgspec.Meta(pattern=TAP_PATTERN)] | None = None
    store_id: UUID | None = None
    order_no: OrderNo | None = None
    lines: Annotated[list[LineIn], msgspec.Meta(max_length=BIGGEST_LINES)] | None = None
    instrument_id: UUID | None = None
    vouchers: Literal["best"] | list[UUID] = "best"
    merchant_offer_fen: Count = 0
    terminal: str | None = None
    online: bool = False
    device_id: Name | None = None
    cashier: Name | None = None
    location: Location | None = None


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
    merchant_offer_fen: int = 0


_decode = msgspec.json.Decoder(PaymentRequest).decode


async def take_payment(
    desk: PaymentDesk,
    bearer: Bearer,
    key: bytes,
    body: bytes,
    hash_code: Callable[[str], UUID],
    *,
    taps: PhoneDesk | None = None,
    step_up_code: str = "",
    hash_device: Callable[[str], str] | None = None,
) -> tuple[int, PaymentOut]:
    """201 with the payment, or 202 while the bank's outcome is unknown. Raises `Refused` and the desk's refusals."""
    order, tap = read_order(bearer, key, body, hash_code)
    if tap is not None and taps is not None:
        await taps.admit(order, tap)
    device = None if order.device is None or hash_device is None else hash_device(order.device)
    payment = await desk.take(replace(order, step_up_code=step_up_code, device=device))
    return (202 if payment.state in OUTCOME_OPEN else 201), payment_out(payment)


def read_order(bearer: Bearer, key: bytes, body: bytes, hash_code: Callable[[str], UUID]) -> tuple[Order, Tap | None]:
    """The order in a request's body, and the tap that pays it, if one does. Raises `Refused` with what to do."""
    try:
        request = _read(body)
        canonical = msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    except msgspec.DecodeError as error:
        raise Refused("bad_request", str(error)) from error
    _require_sound(request)
    caller = UUID(hex=bearer.id_hex)
    by_till = bearer.holder is Holder.STORE
    tap = read_tap(request.tap) if by_till and request.tap is not None else None
    pay_code = pay_code_in(request.pay_code or "")
    if by_till and ((request.pay_code is None) is (tap is None) or not request.order_no):
        raise Refused("forbidden", "a till sends pay_code or tap, and order_no")
    if not by_till and (request.store_id is None or request.instrument_id is None):
        raise Refused("forbidden", "an app sends store_id and instrument_id")
    code = tap.name if tap else pay_code
    order = Order(
        caller_id=caller,
        key=UUID(hex=hashlib.blake2b(key, digest_size=16).hexdigest()),
        body_hash=UUID(hex=hashlib.blake2b(canonical, digest_size=16).hexdigest()),
        bucket=_payers_bucket(tap, pay_code) if by_till else bucket_of(caller),
        store_id=caller if by_till or request.store_id is None else request.store_id,
        amount_fen=request.amount_fen,
        order_no=request.order_no,
        lines=tuple(_line(line) for line in request.lines or ()),
        code_hash=hash_code(code) if by_till else None,
        citizen_id=None if by_till else caller,
        instrument_id=None if by_till else request.instrument_id,
        vouchers=None if request.vouchers == "best" else tuple(request.vouchers),
        merchant_offer_fen=request.merchant_offer_fen,
        terminal=request.terminal if by_till else None,
        is_online=request.online and not by_till,
        entry_mode=CONTACTLESS if tap else "",
        device=None if by_till else request.device_id,
        cashier=(request.cashier or "") if by_till else "",
        place=None if by_till or request.location is None else (request.location.lon, request.location.lat),
    )
    return order, tap


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
        merchant_offer_fen=payment.merchant_offer_fen,
    )


def _read(body: bytes) -> PaymentRequest:
    try:
        return _decode(body)
    except msgspec.ValidationError:
        # Rarely, somebody writes a whole number as 8800.0; what is wrong otherwise is told by the second look.
        return msgspec.convert(whole_numbers(msgspec.json.decode(body)), PaymentRequest)


def _require_sound(request: PaymentRequest) -> None:
    bill_fen = request.amount_fen + request.merchant_offer_fen
    if request.lines and sum(line.unit_fen * line.qty for line in request.lines if line.selected) != bill_fen:
        raise Refused("lines_differ", "the selected lines do not add up to amount_fen and merchant_offer_fen")


def _payers_bucket(tap: Tap | None, pay_code: str) -> int:
    return tap.bucket if tap else bucket_of_pay_code(pay_code)


def _line(line: LineIn) -> Line:
    return Line(line.sku, line.unit_fen, line.qty, frozenset(line.tags), line.selected, line.floor_fen)
