"""A citizen's money at banks: balance and statement of a bound card, and transfers to a phone or a card."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from yongquan.institutions.views import parties
from yongquan.kernel.money import yuan
from yongquan.payments.transfers import Payee, TransferWish
from yongquan.plumbing.fresh import fresh_id
from yongquan.web.bank_words import bank_word
from yongquan.web.citizen.banking import own_cards, show
from yongquan.web.citizen.codes_by_text import TROUBLE, ask_code, fen_of, said_trouble
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

Typed = Annotated[str, Form()]


class _Sent(BaseModel):
    """The form of a transfer; the code's page sends it back with the payee as it was shown."""

    card: UUID
    to: str = ""
    name: str = ""
    amount: str = ""
    note: str = ""
    masked: str = ""
    bank: str = ""
    tail: str = ""
    key: str = ""
    code: str = ""

    def wish(self) -> TransferWish:
        """What was wished."""
        return TransferWish(
            instrument_id=self.card,
            to="".join(self.to.split()),
            amount_fen=fen_of(self.amount),
            name=self.name.strip(),
            note=self.note.strip(),
            masked=self.masked,
        )


def make_transfers(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/transfer`, `/c/transfers/<key>` and `/c/accounts/<card>`."""
    routes = APIRouter()
    for make in (_make_statement, _make_transfer, _make_receiving):
        routes.include_router(make(door, sessions))
    return routes


def _make_statement(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.get("/accounts/{instrument_id}")
    async def account(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        instrument_id: UUID,
        before: int | None = None,
    ) -> Response:
        cards, names = await own_cards(door, who)
        card = next((one for one in cards if one.instrument_id == instrument_id), None)
        if card is None:
            return render(request, "citizen/missing.html", status=404)
        page, trouble = None, None
        try:
            page = await door.transfers.statement(who, instrument_id, before=before)
        except TROUBLE as no:
            trouble = no
        facts = {"card": card, "names": names, "page": page, "error": said_trouble(request, trouble)}
        said = speech_of(request)
        return render(request, "citizen/account.html", facts, word=lambda code: bank_word(said, "line", code))

    return routes


def _make_transfer(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.get("/transfer")
    async def begin(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await _form(request, door, who)

    @routes.post("/transfer")
    async def look_up(
        request: Request,
        who: Annotated[UUID, Depends(sessions.script)],
        sent: Annotated[_Sent, Form()],
    ) -> Response:
        wish = sent.wish()
        try:
            payee = await door.transfers.look_up(who, wish)
            wish = replace(wish, masked=payee.masked)
            await door.transfers.send_code(who, wish)
        except TROUBLE as trouble:
            typed = {**sent.model_dump(), "card": str(sent.card)}
            return await _form(request, door, who, typed, trouble)
        return await _confirm(request, door, who, wish, payee=payee, key=fresh_id().hex)

    @routes.post("/transfer/send")
    async def send(
        request: Request,
        who: Annotated[UUID, Depends(sessions.script)],
        sent: Annotated[_Sent, Form()],
    ) -> Response:
        wish = sent.wish()
        try:
            await door.transfers.send(who, sent.key, wish, code=sent.code)
        except TROUBLE as trouble:
            payee = Payee(bank=sent.bank, account_tail=sent.tail, masked=sent.masked)
            return await _confirm(request, door, who, wish, payee=payee, key=sent.key, trouble=trouble)
        return RedirectResponse(f"/c/transfers/{sent.key}", status_code=303)

    @routes.get("/transfers/{key}")
    async def one(request: Request, who: Annotated[UUID, Depends(sessions.page)], key: str) -> Response:
        try:
            transfer = await door.transfers.transfer(who, key)
        except TROUBLE:
            return render(request, "citizen/missing.html", status=404)
        async with door.database.transaction() as connection:
            names = await parties(connection)
        said = speech_of(request)
        facts = {
            "transfer": transfer,
            "names": names,
            "word": lambda listed, code: bank_word(said, listed, code),
        }
        return render(request, "citizen/transferred.html", facts)

    return routes


async def _form(
    request: Request, door: Door, who: UUID, typed: dict[str, str] | None = None, trouble: Exception | None = None
) -> Response:
    cards, names = await own_cards(door, who)
    chose, receiver = await door.transfers.receiver(who)
    facts = {
        "cards": cards,
        "names": names,
        "typed": typed or {},
        "sent": await door.transfers.sent(who),
        "error": said_trouble(request, trouble),
        "chosen": (str(receiver) if receiver else "none") if chose else "",
    }
    return show(request, "citizen/transfer.html", facts, bad=trouble is not None)


async def _confirm(
    request: Request,
    door: Door,
    who: UUID,
    wish: TransferWish,
    *,
    payee: Payee,
    key: str,
    trouble: Exception | None = None,
) -> Response:
    said = speech_of(request)
    async with door.database.transaction() as connection:
        names = await parties(connection)
    bank = said.name_of(names[payee.bank]) if payee.bank in names else payee.bank
    lines = [
        (said.say("收款人"), payee.masked),
        (said.say("收款账户"), f"{bank} **** {payee.account_tail}" if payee.bank else "—"),
        (said.say("金额"), f"¥{yuan(wish.amount_fen)}"),
    ]
    hidden = {
        "card": str(wish.instrument_id),
        "to": wish.to,
        "name": wish.name,
        "amount": f"{wish.amount_fen // 100}.{wish.amount_fen % 100:02d}",
        "note": wish.note,
        "masked": payee.masked,
        "bank": payee.bank,
        "tail": payee.account_tail,
        "key": key,
    }
    return await ask_code(
        request,
        door,
        who,
        title=said.say("确认转账"),
        lines=lines,
        hidden=hidden,
        action="/c/transfer/send",
        trouble=trouble,
    )


def _make_receiving(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.post("/transfer/receiving")
    async def choose(
        request: Request, who: Annotated[UUID, Depends(sessions.script)], receiver: Typed = "none"
    ) -> Response:
        try:
            await door.transfers.choose_receiver(who, None if receiver == "none" else UUID(receiver))
        except (*TROUBLE, ValueError):
            return render(request, "citizen/missing.html", status=404)
        return RedirectResponse("/c/transfer", status_code=303)

    return routes
