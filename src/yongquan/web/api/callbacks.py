"""What webhooks bring, for the OpenAPI file: Standard Webhooks events and their payloads. Amounts in fen."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec


class OrderEvent(msgspec.Struct):
    """An order as it stands after what happened; `part` tells repeated events apart (attempt or refund number)."""

    subject: UUID
    order_id: UUID
    store_id: UUID
    order_no: str
    door: str
    state: str
    amount_fen: int
    refunded_fen: int
    payment_id: UUID | None
    part: str


class PaymentEvent(msgspec.Struct):
    """A payment that ended; `open_id` is the receiver's own name for the payer, null where there is none."""

    subject: UUID
    store_id: UUID
    order_no: str
    amount_fen: int
    discount_fen: int
    charged_fen: int
    settlement_date: date
    open_id: UUID | None = None


class UserPayingEvent(msgspec.Struct):
    """A payment by pay code whose payer is asked on the phone until `expires_at`."""

    subject: UUID
    store_id: UUID
    order_no: str
    amount_fen: int
    expires_at: datetime
    open_id: UUID | None = None


class VoucherBack(msgspec.Struct):
    """What a refund did to one voucher: `became` used, returned, expired or forfeited."""

    voucher_id: UUID
    type_id: UUID
    refunded_fen: int
    became: str


class RefundEvent(msgspec.Struct):
    """A refund that ended: `amount_fen` of this refund, `refunded_fen` in all."""

    subject: UUID
    refund_id: UUID
    refund_no: str
    store_id: UUID
    order_no: str
    amount_fen: int
    charged_fen: int
    discount_fen: int
    refunded_fen: int
    payment_amount_fen: int
    state: str
    settlement_date: date
    vouchers: list[VoucherBack]
    open_id: UUID | None = None


class VoucherEvent(msgspec.Struct):
    """A voucher that came through the receiver's app."""

    subject: UUID
    type_id: UUID
    round_id: UUID
    amount_fen: int | None = None
    reason: str | None = None
    open_id: UUID | None = None


class WarningReasonTold(msgspec.Struct):
    """A reason of the published list of the warning's kind."""

    code: str
    text: str
    text_en: str


class WarningEvent(msgspec.Struct):
    """A risk warning; `facts` are of the receiver's own merchants, terminals and accounts (docs/risk-api.md)."""

    subject: UUID
    warning_id: UUID
    kind: str
    subject_kind: str
    subject_value: str
    level: str
    reasons: list[WarningReasonTold]
    facts: dict[str, Any]
    published_at: datetime


_EVENTS: dict[str, tuple[type, str]] = {
    "order.created": (OrderEvent, "An order was opened"),
    "order.succeeded": (OrderEvent, "An order was paid"),
    "order.failed": (OrderEvent, "A try to pay an order failed; it may be tried again"),
    "order.closed": (OrderEvent, "An order ended unpaid"),
    "order.refunded": (OrderEvent, "A paid order was refunded in part or whole"),
    "order.paid_late": (OrderEvent, "Money came for an order that was over; it goes back by itself"),
    "order.returned": (OrderEvent, "The late money of an order went back"),
    "payment.user_paying": (UserPayingEvent, "A large payment by pay code waits for its payer's word"),
    "payment.succeeded": (PaymentEvent, "A payment was charged"),
    "payment.failed": (PaymentEvent, "A payment was refused or reversed"),
    "payment.refunded": (RefundEvent, "A refund of a payment ended"),
    "voucher.claimed": (VoucherEvent, "A voucher was claimed through the receiver's app"),
    "voucher.expired": (VoucherEvent, "A voucher expired unused"),
    "risk.warning": (WarningEvent, "A merchant, terminal or gang that concerns the receiver looks bad"),
    "voucher.void": (VoucherEvent, "A voucher was made void, with a reason"),
}
PAYLOADS = (OrderEvent, UserPayingEvent, PaymentEvent, RefundEvent, VoucherEvent, WarningEvent)
_TOLD_OF_ORDERS = (
    "Told to the store's own endpoints (institution `store:` and its id), its acquirer, the bank that pays it, "
    "and the operator's own endpoints (scope `all`)."
)
_TOLD = "Told to the institutions it concerns, and to the operator's own endpoints (scope `all`)."
_HEADERS = {
    "webhook-id": "The event's id, the same at every try: what was seen before may be dropped.",
    "webhook-timestamp": "When this try was sent, in seconds since 1970; refuse what is five minutes off.",
    "webhook-signature": "`v1,` and the base64 of HMAC-SHA256 of `id.timestamp.body` under the endpoint's secret.",
}


def webhooks(examples: dict[str, Any]) -> dict[str, Any]:
    """The `webhooks` section; `examples` by the payload's name."""
    return {kind: {"post": _told(kind, payload, told, examples)} for kind, (payload, told) in _EVENTS.items()}


def _told(kind: str, payload: type, told: str, examples: dict[str, Any]) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{payload.__name__}"}
    stamp = {"type": "string", "format": "date-time"}
    schema = {
        "type": "object",
        "title": "Callback",
        "required": ["type", "timestamp", "data"],
        "properties": {"type": {"const": kind}, "timestamp": stamp, "data": reference},
    }
    example = {"type": kind, "timestamp": "2026-05-01T02:03:04.000000Z", "data": examples[payload.__name__]}
    return {
        "operationId": "on_" + kind.replace(".", "_"),
        "summary": told,
        "description": _TOLD_OF_ORDERS if kind.startswith("order.") else _TOLD,
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": text}
            for name, text in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": {kind: {"value": example}}}},
        },
        "responses": {"2XX": {"description": "Received. Anything else is tried again, for more than two days."}},
    }
