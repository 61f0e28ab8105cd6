"""`/console/materials`: what shops asked for, sent out with a delivery task or refused."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.order_materials import refuse_materials, send_materials
from yongquan.flows.recruit_provider import FIELD_ROLES
from yongquan.flows.space_parties import BadField
from yongquan.merchants.materials.model import ORDER_MOVES, OrderState
from yongquan.merchants.materials.store import count_orders, orders_listed
from yongquan.web.console.desk import ROOT, Desk, Visitor, desk_routes, known_id
from yongquan.web.console.space import space_words

TYPED_MAX = 2_000


def make_materials(desk: Desk) -> APIRouter:
    """The list by state, and what may be done with each order of it."""
    routes = desk_routes()
    door = desk.door

    async def page(
        request: Request, visitor: Visitor, state: OrderState, *, fault: BadField | None = None, at: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            orders = await orders_listed(connection, state, places=visitor.places)
            counts = await count_orders(connection, places=visitor.places)
            words = await space_words(desk, connection, request)
        facts = {
            "orders": orders,
            "counts": counts,
            "state": state,
            "states": list(OrderState),
            "space_words": words,
            "may_send": OrderState.SENT in ORDER_MOVES[state] and visitor.staff.may_any(*FIELD_ROLES),
            "fault": words.fault(fault.why) if fault else "",
            "at": at,
        }
        return desk.show(request, visitor, "materials.html", facts, status=422 if fault else 200)

    @routes.get("/materials")
    async def listed(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], state: OrderState = OrderState.ORDERED
    ) -> Response:
        return await page(request, visitor, state)

    @routes.post("/materials/{order_id}")
    async def decide(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        order_id: str,
        to: Annotated[Literal["sent", "refused"], Form()],
        state: Annotated[OrderState, Form()] = OrderState.ORDERED,
        reason: Annotated[str, Form(max_length=TYPED_MAX)] = "",
    ) -> Response:
        id_, now = known_id(order_id), door.clock.now()
        try:
            if to == "sent":
                await send_materials(door.database, visitor.staff, id_, now=now)
            else:
                await refuse_materials(door.database, visitor.staff, id_, reason=reason, now=now)
        except BadField as fault:
            return await page(request, visitor, state, fault=fault, at=str(id_))
        return RedirectResponse(f"{ROOT}/materials?state={state}", status_code=303)

    @routes.get("/materials/{order_id}")
    async def back(order_id: str) -> Response:  # noqa: ARG001 - the language switch comes back here
        return RedirectResponse(f"{ROOT}/materials", status_code=303)

    return routes
