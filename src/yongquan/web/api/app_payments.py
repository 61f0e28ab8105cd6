"""What a bank's own app does around payments: its user's word on a large payment, and its limits. Signed."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from yongquan.institutions.apps import App
from yongquan.kernel.ids import cell_of
from yongquan.payments.limits_store import InstrumentLimits
from yongquan.payments.model import OUTCOME_OPEN, Payment
from yongquan.web.api.fen import BIGGEST_FEN
from yongquan.web.api.payments import payment_out, payment_response
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door

Caller = Callable[[Request], Awaitable[App]]


class AppWord(BaseModel):
    """Whose word it is: the app has asked its own user."""

    open_id: UUID


class IssuerLimits(BaseModel):
    """What any instrument of this institution may pay: at once, in a day, by code without asking. null: any."""

    payment_fen: int | None = Field(default=None, strict=True, gt=0, le=BIGGEST_FEN)
    day_fen: int | None = Field(default=None, strict=True, gt=0, le=BIGGEST_FEN)
    no_code_fen: int | None = Field(default=None, strict=True, ge=0, le=BIGGEST_FEN)


def make_app_payments(door: Door, caller: Caller) -> APIRouter:
    """`confirm`, `deny` and `limits` below `/v1/institutions`."""
    routes = APIRouter()
    Calling = Annotated[App, Depends(caller)]  # noqa: N806 - a type

    @routes.post("/payments/{payment_id}/confirm", response_model=None)
    async def confirm(app: Calling, payment_id: UUID, word: AppWord) -> Response:
        """The app's user agrees to a payment in state user_paying by a card of this institution."""
        who = await _payer(door, app, payment_id, word)
        return _told(await door.payments.payers.agree(payment_id, who))

    @routes.post("/payments/{payment_id}/deny", response_model=None)
    async def deny(app: Calling, payment_id: UUID, word: AppWord) -> Response:
        """The app's user refuses it: it closes and is never charged."""
        who = await _payer(door, app, payment_id, word)
        return _told(await door.payments.payers.deny(payment_id, who))

    @routes.get("/limits")
    async def limits(app: Calling) -> IssuerLimits:
        """What any instrument that this institution issued may pay."""
        found = await door.limits.of_issuer(app.institution)
        return IssuerLimits(payment_fen=found.payment_fen, day_fen=found.day_fen, no_code_fen=found.no_code_fen)

    @routes.put("/limits")
    async def set_limits(app: Calling, wanted: IssuerLimits) -> IssuerLimits:
        own = InstrumentLimits(wanted.payment_fen, wanted.day_fen, wanted.no_code_fen)
        await door.limits.set_of_issuer(app.institution, own)
        return wanted

    return routes


async def _payer(door: Door, app: App, payment_id: UUID, word: AppWord) -> UUID:
    who = await door.apps.citizen(app, word.open_id, active_at=door.clock.now())
    issuer = await door.payments.payers.issuer_of(cell_of(payment_id, door.cells), payment_id)
    # A bank speaks for the holders of its own cards, and of no other's.
    if issuer != app.institution:
        raise Refused("not_found", "no such payment waits")
    return who


def _told(payment: Payment) -> Response:
    return payment_response(payment_out(payment), 202 if payment.state in OUTCOME_OPEN else 200)
