"""Orders: a store opens, asks, closes, refunds and undoes; a citizen pays."""

from collections.abc import Sequence

from yongquan_client.calls import Call, Id, get, post
from yongquan_client.shapes import Order, Refunds

_PATH = "/v1/orders"


def open_order(
    *, order_no: str, amount_fen: int, subject: str, remark: str | None = None, lives_s: int | None = None
) -> Call[Order]:
    """Open an order under the store's own number; the same again is the same order."""
    body = {"order_no": order_no, "amount_fen": amount_fen, "subject": subject, "remark": remark, "lives_s": lives_s}
    return post(_PATH, Order, body)


def find_order(order_no: str) -> Call[Order]:
    """The store's order by its own number."""
    return get(_PATH, Order, order_no=order_no)


def get_order(order_id: Id) -> Call[Order]:
    """An order as it stands."""
    return get(f"{_PATH}/{order_id}", Order)


def pay_order(order_id: Id, *, instrument_id: Id, vouchers: Sequence[Id] | None = None) -> Call[Order]:
    """Pay as a citizen, with the best vouchers unless some are named.

    Not repeated by itself: each call is a try of its own. After an `Outage` ask the store what became of the order.
    """
    named = None if vouchers is None else [str(voucher) for voucher in vouchers]
    body = {"instrument_id": str(instrument_id), "vouchers": named}
    return post(f"{_PATH}/{order_id}/payments", Order, body, repeats=False)


def close_order(order_id: Id) -> Call[Order]:
    """End an order unpaid; money that arrives later goes back by itself."""
    return post(f"{_PATH}/{order_id}/close", Order)


def undo_order(order_id: Id) -> Call[Order]:
    """Give the whole back on the order's own settlement day."""
    return post(f"{_PATH}/{order_id}/undo", Order)


def refund_order(order_id: Id, *, refund_no: str, amount_fen: int | None = None, reason: str = "") -> Call[Order]:
    """Give back part, or all that is left; the same `refund_no` again is the same refund."""
    body = {"refund_no": refund_no, "amount_fen": amount_fen, "reason": reason}
    return post(f"{_PATH}/{order_id}/refunds", Order, body)


def list_order_refunds(order_id: Id) -> Call[Refunds]:
    """An order's refunds."""
    return get(f"{_PATH}/{order_id}/refunds", Refunds)
