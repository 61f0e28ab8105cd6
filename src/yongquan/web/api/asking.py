"""Payments that wait for their payer: the citizen's app confirms or denies, the till stops waiting."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from yongquan.payments.model import OUTCOME_OPEN, Payment
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.web.api.payments import payment_out, payment_response
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door


def add_words_of_payers(routes: APIRouter, door: Door, bearer: Callable[..., Bearer]) -> None:
    """`confirm` and `deny` for the citizen, `close` for the store; each may be repeated."""
    Who = Annotated[Bearer, Depends(bearer)]  # noqa: N806 - a type

    @routes.post("/payments/{payment_id}/confirm", tags=["payments"], response_model=None)
    async def confirm(payment_id: UUID, who: Who) -> Response:
        """Agree to a payment in state user_paying: it is charged now. The answer says how it stands."""
        return _told(await door.payments.payers.agree(payment_id, _id(who, Holder.CITIZEN)))

    @routes.post("/payments/{payment_id}/deny", tags=["payments"], response_model=None)
    async def deny(payment_id: UUID, who: Who) -> Response:
        """Refuse a payment in state user_paying: it closes and is never charged."""
        return _told(await door.payments.payers.deny(payment_id, _id(who, Holder.CITIZEN)))

    @routes.post("/payments/{payment_id}/close", tags=["payments"], response_model=None)
    async def close(payment_id: UUID, who: Who) -> Response:
        """Stop waiting for the payer. A payment that has begun stays as it is: refund it."""
        return _told(await door.payments.payers.withdraw(payment_id, _id(who, Holder.STORE)))


def _told(payment: Payment) -> Response:
    return payment_response(payment_out(payment), 202 if payment.state in OUTCOME_OPEN else 200)


def _id(who: Bearer, holder: Holder) -> UUID:
    if who.holder is not holder:
        raise Refused("forbidden", f"this is for a {holder.value}")
    return UUID(hex=who.id_hex)
