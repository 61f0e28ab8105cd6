"""The hosted cashier: an order's page on a phone, at a desk, or in a frame of a merchant's site or app."""

from fastapi import APIRouter

from yongquan.web.cashier.guests import make_guests
from yongquan.web.cashier.paying import make_paying
from yongquan.web.cashier.result import make_result
from yongquan.web.cashier.showing import cashier_sessions
from yongquan.web.cashier.signing_in import make_signing_in
from yongquan.web.door import Door

__all__ = ["make_cashier"]


def make_cashier(door: Door) -> APIRouter:
    """Every page below `/cashier`."""
    sessions = cashier_sessions(door)
    routes = APIRouter(prefix="/cashier", include_in_schema=False)
    for make in (make_paying, make_guests, make_signing_in, make_result):
        routes.include_router(make(door, sessions))
    return routes
