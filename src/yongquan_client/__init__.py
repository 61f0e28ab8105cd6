"""A client of the platform's native API, for shops, apps and banks.

    with Client("https://pay.example", Bearer(token)) as shop:
        order = shop.send(orders.open_order(order_no="A-1", amount_fen=3000, subject="双人套餐"))

`AsyncClient` is the same with `await`. A call is a value: its idempotency key is made with it, so sending the same
call again is always safe. See docs/how-to.md.
"""

from yongquan_client import institution, orders, people, risk, stores
from yongquan_client.auth import Bearer, Signed
from yongquan_client.calls import Call
from yongquan_client.errors import Outage, Refused
from yongquan_client.sending import AsyncClient, Client, Retries
from yongquan_client.webhooks import BadCallback, Event, read_callback

__all__ = [
    "AsyncClient",
    "BadCallback",
    "Bearer",
    "Call",
    "Client",
    "Event",
    "Outage",
    "Refused",
    "Retries",
    "Signed",
    "institution",
    "orders",
    "people",
    "read_callback",
    "risk",
    "stores",
]
