"""Stickers, table cards and code plates on a shop's phone: ask for them, see where they are, say whether they came."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.order_materials import answer_delivery, order_materials
from yongquan.flows.space_parties import BadField
from yongquan.merchants.materials.model import MOST, NOTE_MAX, OPEN, OrderState, Pieces
from yongquan.merchants.materials.store import orders_of_store
from yongquan.web.merchant.store_pages import TYPED_MAX, Space, posted

ROOT = "/m/materials"


def make_materials(space: Space) -> APIRouter:
    """`/m/materials`."""
    routes = APIRouter()
    door, sessions = space.door, space.sessions

    @routes.get("/materials")
    async def listed(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await _page(space, request, who)

    @routes.post("/materials")
    async def order(
        *,
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        key: Annotated[str, Form(max_length=64)],
        stickers: Annotated[str, Form(max_length=9)] = "",
        table_cards: Annotated[str, Form(max_length=9)] = "",
        code_plates: Annotated[str, Form(max_length=9)] = "",
        note: Annotated[str, Form(max_length=TYPED_MAX)] = "",
    ) -> Response:
        counts = {"stickers": stickers, "table_cards": table_cards, "code_plates": code_plates}

        async def take() -> None:
            pieces = Pieces(**{item: _count(item, text) for item, text in counts.items()})
            await order_materials(door.database, who, pieces, note=note, key=key, now=door.clock.now())

        typed = counts | {"note": note, "key": key}
        return await posted(
            take(), ROOT, lambda fault, error: _page(space, request, who, fault=fault, error=error, typed=typed)
        )

    @routes.post("/materials/{order_id}")
    async def answer(
        *,
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        order_id: UUID,
        to: Annotated[Literal["confirmed", "missing", "withdrawn"], Form()],
        said: Annotated[str, Form(max_length=TYPED_MAX)] = "",
    ) -> Response:
        return await posted(
            answer_delivery(door.database, who, order_id, OrderState(to), said=said, now=door.clock.now()),
            ROOT,
            lambda fault, error: _page(space, request, who, fault=fault, error=error, typed={"said": said}),
        )

    @routes.get("/materials/{order_id}")
    async def back(order_id: UUID) -> Response:  # noqa: ARG001 - the language switch comes back here
        return RedirectResponse(ROOT, status_code=303)

    return routes


def _count(item: str, text: str) -> int:
    text = text.strip() or "0"
    if not (text.isascii() and text.isdigit()):
        raise BadField(item, "not_a_number")
    return int(text)


async def _page(
    space: Space,
    request: Request,
    who: UUID,
    *,
    fault: BadField | None = None,
    error: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    async with space.door.database.transaction() as connection:
        orders = await orders_of_store(connection, who)
    facts = {"orders": orders, "is_open": any(one.state in OPEN for one in orders), "most": MOST, "note_max": NOTE_MAX}
    return await space.show(request, who, "materials.html", facts, fault=fault, error=error, typed=typed)
