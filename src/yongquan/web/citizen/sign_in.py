"""A citizen signs in; whoever is new is registered, and finds the vouchers that were given to the phone."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from yongquan.citizens.sign_in import SignInDesk
from yongquan.flows.give_vouchers import deliver_gifts
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.phone_sign_in import Entry, make_phone_sign_in
from yongquan.web.sessions import Sessions

HOME = "/c/rounds"


def make_sign_in(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/sign-in`."""

    def show(request: Request, template: str, facts: Mapping[str, object], status: int) -> Response:
        return render(request, f"citizen/{template}", facts, status=status)

    async def prove(desk: SignInDesk, phone: str, code: str, now: datetime) -> UUID:
        citizen_id = await desk.confirm(phone, code, now=now)
        await deliver_gifts(
            door.database, door.sealing, phone=phone, citizen_id=citizen_id, cells=door.cells, now=door.clock.now()
        )
        return citizen_id

    entry = Entry(show, prove, home=HOME, left=HOME, ask_page="sign_in.html", code_page="sign_in_code.html")
    return make_phone_sign_in(door, sessions, entry, APIRouter())
