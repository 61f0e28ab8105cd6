"""A surveyor signs in with the phone that the provider entered."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from yongquan.citizens.sign_in import SignInDesk
from yongquan.flows.recruit_provider import PURPOSE
from yongquan.web.phone_sign_in import Entry, make_phone_sign_in
from yongquan.web.surveyor.entrance import Entrance, phone_routes

HOME = "/p/tasks"


def make_sign_in(entrance: Entrance) -> APIRouter:
    """`/p/sign-in`."""

    def show(request: Request, template: str, facts: Mapping[str, object], status: int) -> Response:
        return entrance.show(request, None, template, facts, status=status)

    async def prove(desk: SignInDesk, phone: str, code: str, now: datetime) -> UUID:
        return (await entrance.providers.sign_in(desk, phone, code, now=now)).surveyor_id

    entry = Entry(
        show,
        prove,
        home=HOME,
        left="/p/sign-in",
        ask_page="sign_in.html",
        code_page="sign_in_code.html",
        purpose=PURPOSE,
        asks="走访员登录",
    )
    return make_phone_sign_in(entrance.door, entrance.sessions, entry, phone_routes())
