"""Binding a card or bank account: by number with the bank's code, or one key from its app; default and unbinding."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from yongquan.citizens.store import name_of, phone_of
from yongquan.flows.bind_demo_card import open_demo_account, open_demo_card
from yongquan.flows.bind_instrument import NotBound
from yongquan.institutions.account_names import account_name
from yongquan.institutions.registry import Institution, UnknownIssuer
from yongquan.kernel.ids import cell_of
from yongquan.payments.instruments_store import binding_of
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

HOME = "/c/cards"


class Typed(BaseModel):
    """What is to be bound; with a `bank` it is an account there, whose number tells no bank."""

    pan: str = Field(max_length=34)
    holder: str = Field(max_length=64)
    phone: str = Field(pattern=r"^1\d{10}$")
    bank: str = Field(default="", max_length=30)

    @property
    def named(self) -> str:
        """The card's number or the account's name."""
        number = self.pan.replace(" ", "")
        return account_name(self.bank, number) if self.bank else number


def make_binding(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/cards/bind`, `/c/cards/banks/<code>` and what is done with a bound card."""
    routes = APIRouter()
    for make in (_make_by_number, _make_code_page, _make_one_key, _make_bound):
        routes.include_router(make(door, sessions))
    return routes


def _make_by_number(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    def form(
        request: Request, error: str = "", *, typed: Typed | None = None, demo: str = "", status: int = 200
    ) -> Response:
        facts = {"issuers": _issuers(door), "typed": typed, "error": error, "demo": demo}
        return render(request, "citizen/bind.html", facts, is_demo=door.phones is not None, status=status)

    @routes.get("/cards/bind")
    async def ask(request: Request, _: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return form(request)

    @routes.post("/cards/bind")
    async def begin(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], typed: Annotated[Typed, Form()]
    ) -> Response:
        try:
            binding = await door.bindings.begin(who, pan=typed.named, holder=typed.holder.strip(), phone=typed.phone)
        except UnknownIssuer:
            return form(request, "unknown_issuer", typed=typed, status=409)
        except NotBound as refused:
            return form(request, refused.reason, typed=typed, status=409)
        return RedirectResponse(f"{HOME}/bind/{binding}", status_code=303)

    @routes.post("/cards/demo")
    async def open_one(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        bank: Annotated[str, Form()],
        what: Annotated[Literal["card", "account"], Form()] = "card",
    ) -> Response:
        if door.phones is None:
            raise Refused("forbidden", "cards of the demo banks exist in the sandbox only")
        cell = cell_of(who, door.cells)
        async with door.database.transaction() as connection:
            name = await name_of(connection, cell, who, door.sealing)
            phone = await phone_of(connection, cell, who, door.sealing)
        open_demo = open_demo_card if what == "card" else open_demo_account
        number = await open_demo(door.links, bank=bank, holder=name or "", phone=phone or "")
        return form(request, demo=f"{number} · {name} · {phone}")

    return routes


def _make_code_page(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    async def code_page(request: Request, who: UUID, binding_id: UUID, error: str = "") -> Response:
        cell = cell_of(who, door.cells)
        async with door.database.transaction() as connection:
            binding = await binding_of(connection, cell, binding_id, who)
            own_phone = await phone_of(connection, cell, who, door.sealing)
        if binding is None:
            raise Refused("not_found", "no such binding")
        inbox = None
        if door.phones is not None and own_phone is not None and own_phone.endswith(binding.phone_tail):
            async with door.links.client(binding.issuer) as bank:
                inbox = await bank.last_text(own_phone)
        facts = {"binding": binding, "binding_id": binding_id, "inbox": inbox, "error": error}
        return render(request, "citizen/bind_code.html", facts, status=409 if error else 200)

    @routes.get("/cards/bind/{binding_id}")
    async def ask_code(request: Request, who: Annotated[UUID, Depends(sessions.page)], binding_id: UUID) -> Response:
        return await code_page(request, who, binding_id)

    @routes.post("/cards/bind/{binding_id}")
    async def confirm(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        binding_id: UUID,
        code: Annotated[str, Form(pattern=r"^\d{6}$")],
    ) -> Response:
        try:
            await door.bindings.confirm(who, binding_id, code)
        except NotBound as refused:
            return await code_page(request, who, binding_id, refused.reason)
        return RedirectResponse(HOME, status_code=303)

    return routes


def _make_one_key(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.get("/cards/banks/{bank}")
    async def list_of(request: Request, who: Annotated[UUID, Depends(sessions.page)], bank: str) -> Response:
        member = next((m for m in _issuers(door) if m.code == bank), None)
        if member is None:
            raise Refused("not_found", "no such bank")
        offered = await door.bindings.offered(who, bank)
        return render(request, "citizen/bind_offered.html", {"bank": member, "offered": offered})

    @routes.post("/cards/banks/{bank}")
    async def bind_chosen(
        who: Annotated[UUID, Depends(sessions.page)], bank: str, chosen: Annotated[list[str], Form()]
    ) -> Response:
        await door.bindings.bind_offered(who, bank, set(chosen))
        return RedirectResponse(HOME, status_code=303)

    return routes


def _make_bound(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.post("/cards/{instrument}/first")
    async def offer_first(who: Annotated[UUID, Depends(sessions.page)], instrument: UUID) -> Response:
        await door.bindings.offer_first(who, instrument)
        return RedirectResponse(HOME, status_code=303)

    @routes.post("/cards/{instrument}/unbind")
    async def unbind(who: Annotated[UUID, Depends(sessions.page)], instrument: UUID) -> Response:
        try:
            await door.bindings.unbind(who, instrument)
        except NotBound as refused:
            return RedirectResponse(f"{HOME}?refused={refused.reason}", status_code=303)
        return RedirectResponse(HOME, status_code=303)

    return routes


def _issuers(door: Door) -> list[Institution]:
    return list(door.links.registry.issuers) if door.links.registry else []
