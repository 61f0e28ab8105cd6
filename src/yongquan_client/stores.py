"""Payments at a till, and their refunds, under a store's token."""

from yongquan_client.calls import Call, Id, get, post
from yongquan_client.shapes import Payment, Refunds

_PATH = "/v1/payments"


def take_payment(*, pay_code: str, order_no: str, amount_fen: int, key: str | None = None) -> Call[Payment]:
    """Charge whoever shows the pay code; the store's vouchers and the citizen's are worked out by the platform."""
    body = {"pay_code": pay_code, "order_no": order_no, "amount_fen": amount_fen}
    return post(_PATH, Payment, body, key=key)


def get_payment(payment_id: Id) -> Call[Payment]:
    """A payment as it stands."""
    return get(f"{_PATH}/{payment_id}", Payment)


def refund_payment(
    payment_id: Id, *, refund_no: str, amount_fen: int | None = None, reason: str = "", key: str | None = None
) -> Call[Payment]:
    """Give back part of the bill, or all that is left."""
    body = {"refund_no": refund_no, "amount_fen": amount_fen, "reason": reason}
    return post(f"{_PATH}/{payment_id}/refunds", Payment, body, key=key)


def list_payment_refunds(payment_id: Id) -> Call[Refunds]:
    """A payment's refunds."""
    return get(f"{_PATH}/{payment_id}/refunds", Refunds)
