"""What a citizen allows others to collect: listed with its debits, signed with a code, revoked at once."""

from collections import defaultdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.sign_in import TooManyCodes
from yongquan.institutions.views import parties
from yongquan.kernel.money import yuan
from yongquan.payments.mandates import Mandate, MandateState
from yongquan.payments.mandates_store import Collection
from yongquan.web.bank_words import bank_word
from yongquan.web.citizen.codes_by_text import TROUBLE, ask_code
from yongquan.web.door import Door
from yongquan.web.language import Speech, speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions


def make_mandates(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/mandates` and what is below it."""
    routes = APIRouter()
    routes.include_router(_make_signing(door, sessions))

    @routes.get("/mandates")
    async def listed(request: Request, who: Annotated[UUID, Depends(sessions.page)], done: bool = False) -> Response:
        mandates, debits = await door.mandates.of_citizen(who)
        async with door.database.transaction() as connection:
            names = await parties(connection)
        by_mandate: defaultdict[UUID, list[Collection]] = defaultdict(list)
        for debit in debits:
            by_mandate[debit.mandate_id].append(debit)
        facts = {"mandates": mandates, "debits": by_mandate, "names": names, "done": done, "word": _say(request)}
        return render(request, "citizen/mandates.html", facts)

    @routes.post("/mandates/{mandate_id}/revoke")
    async def revoke(who: Annotated[UUID, Depends(sessions.script)], mandate_id: UUID) -> Response:
        if await _own(door, who, mandate_id) is not None:
            await door.mandates.revoke(mandate_id)
        return RedirectResponse("/c/mandates?done=true", status_code=303)

    return routes


def _make_signing(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.post("/mandates/{mandate_id}/code")
    async def send_code(request: Request, who: Annotated[UUID, Depends(sessions.script)], mandate_id: UUID) -> Response:
        mandate = await _own(door, who, mandate_id)
        if mandate is None or mandate.state is not MandateState.ASKED:
            return RedirectResponse("/c/mandates", status_code=303)
        try:
            await door.mandates.send_code(mandate_id)
        except TooManyCodes:
            pass  # the last code is still good
        except TROUBLE as trouble:
            return await _ask(request, door, who, mandate, trouble)
        return await _ask(request, door, who, mandate)

    @routes.post("/mandates/{mandate_id}/sign")
    async def sign(
        request: Request,
        who: Annotated[UUID, Depends(sessions.script)],
        mandate_id: UUID,
        code: Annotated[str, Form()] = "",
    ) -> Response:
        mandate = await _own(door, who, mandate_id)
        if mandate is None:
            return RedirectResponse("/c/mandates", status_code=303)
        try:
            await door.mandates.sign_with_code(mandate_id, code)
        except TROUBLE as trouble:
            return await _ask(request, door, who, mandate, trouble)
        return RedirectResponse("/c/mandates", status_code=303)

    return routes


def terms_lines(said: Speech, mandate: Mandate) -> list[tuple[str, str]]:
    """A mandate's terms, line by line."""
    terms = mandate.terms
    cycle = bank_word(said, "cycle", terms.cycle)
    return [
        (said.say("收款方"), mandate.payee_name),
        (said.say("用途"), terms.purpose),
        (said.say("扣款卡"), f"**** {mandate.card_tail}"),
        (said.say("单笔不超过"), f"¥{yuan(terms.debit_max_fen)}"),
        (said.say("累计不超过"), f"¥{yuan(terms.cycle_max_fen)} · {cycle}"),
        (said.say("有效期"), f"{said.day(terms.starts_on)} – {said.day(terms.ends_on)}"),
        (
            said.say("扣款前提醒"),
            said.say("提前 %(hours)s 小时", hours=terms.notice_hours) if terms.notice_hours else "—",
        ),
    ]


def _say(request: Request) -> object:
    said = speech_of(request)
    return lambda listed, code: bank_word(said, listed, code)


async def _own(door: Door, who: UUID, mandate_id: UUID) -> Mandate | None:
    mandates, _ = await door.mandates.of_citizen(who)
    return next((mandate for mandate in mandates if mandate.mandate_id == mandate_id), None)


async def _ask(request: Request, door: Door, who: UUID, mandate: Mandate, trouble: Exception | None = None) -> Response:
    said = speech_of(request)
    return await ask_code(
        request,
        door,
        who,
        title=said.say("签约代扣授权"),
        lines=terms_lines(said, mandate),
        hidden={},
        action=f"/c/mandates/{mandate.mandate_id}/sign",
        trouble=trouble,
    )
