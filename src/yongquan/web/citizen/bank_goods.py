"""Other banks' funds and credit cards: bought, repaid, or made a monthly plan, each with a code for that one wish."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from yongquan.kernel.money import yuan
from yongquan.plumbing.fresh import fresh_id
from yongquan.programmes.bank_goods import GoodsWish
from yongquan.programmes.card_repayment import CardRepayment
from yongquan.programmes.funds import Funds
from yongquan.web.citizen.banking import own_cards, show
from yongquan.web.citizen.codes_by_text import TROUBLE, ask_code, fen_of, said_trouble
from yongquan.web.citizen.mandates import terms_lines
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.sessions import Sessions

Typed = Annotated[str, Form()]
PLACES = {"fund": "/c/funds", "repayment": "/c/repay"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A wish as the forms carry it, `day` of the month for a plan ("" for now), and its key."""

    wish: GoodsWish
    payee: str
    day: str
    key: str
    mandate: str = ""

    def hidden(self) -> dict[str, str]:
        """What the code's page sends back."""
        wish = self.wish
        return {
            "kind": wish.kind,
            "bank": wish.bank,
            "fund": wish.fund_code,
            "target": wish.target,
            "card": str(wish.instrument_id),
            "fen": str(wish.amount_fen),
            "payee": self.payee,
            "day": self.day,
            "key": self.key,
            "mandate": self.mandate,
        }


class _Sent(BaseModel):
    """The code's page, sent back."""

    kind: str
    bank: str
    card: UUID
    fen: int
    key: str
    fund: str = ""
    target: str = ""
    payee: str = ""
    day: str = ""
    mandate: str = ""
    code: str = ""

    def wish(self) -> GoodsWish:
        """What was wished."""
        return GoodsWish(
            instrument_id=self.card,
            kind=self.kind,
            bank=self.bank,
            amount_fen=self.fen,
            fund_code=self.fund,
            target=self.target,
        )


class _FundForm(BaseModel):
    """The form of the fund counter; `fund` is bank:code."""

    fund: str
    card: UUID
    amount: str = ""
    day: str = ""


class _RepayForm(BaseModel):
    """The form of the repayment counter."""

    target: str
    card: UUID
    amount: str = ""
    day: str = ""


def make_bank_goods(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/funds`, `/c/repay` and `/c/goods`."""
    routes = APIRouter()
    for make in (_make_funds, _make_repay, _make_confirm):
        routes.include_router(make(door, sessions))
    return routes


def _make_funds(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()
    funds = Funds(door.goods)

    async def shelves(
        request: Request, who: UUID, typed: Mapping[str, str] | None = None, trouble: Exception | None = None
    ) -> Response:
        cards, names = await own_cards(door, who)
        facts = {
            "shelves": await funds.catalogue(who),
            "orders": await door.goods.orders(who, "fund"),
            "plans": await door.goods.plans(who, "fund"),
            "cards": cards,
            "names": names,
            "typed": typed or {},
            "error": said_trouble(request, trouble),
        }
        return show(request, "citizen/funds.html", facts, bad=trouble is not None)

    @routes.get("/funds")
    async def listed(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await shelves(request, who)

    @routes.post("/funds")
    async def want(
        request: Request,
        who: Annotated[UUID, Depends(sessions.script)],
        form: Annotated[_FundForm, Form()],
    ) -> Response:
        bank, _, code = form.fund.partition(":")
        try:
            wish = await funds.wish(instrument_id=form.card, bank=bank, code=code, amount_fen=fen_of(form.amount))
            name = speech_of(request).name_of(await funds.fund(bank, code))
            return await _begin(request, door, who, wish, payee=name, day=form.day)
        except TROUBLE as trouble:
            return await shelves(request, who, {"fund": form.fund, "amount": form.amount}, trouble)

    return routes


def _make_repay(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()
    counter = CardRepayment(door.goods)

    async def page(
        request: Request, who: UUID, typed: Mapping[str, str] | None = None, trouble: Exception | None = None
    ) -> Response:
        typed = typed or {}
        cards, names = await own_cards(door, who)
        bill, bank = None, ""
        if typed.get("target") and trouble is None:
            try:
                bank, bill = await counter.bill(typed["target"])
            except TROUBLE as no:
                trouble = no
        facts = {
            "bill": bill,
            "bank": bank,
            "cards": cards,
            "names": names,
            "typed": typed,
            "orders": await door.goods.orders(who, "repayment"),
            "plans": await door.goods.plans(who, "repayment"),
            "examples": door.goods.example_cards(),
            "error": said_trouble(request, trouble),
        }
        return show(request, "citizen/repay.html", facts, bad=trouble is not None)

    @routes.get("/repay")
    async def begin(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await page(request, who)

    @routes.post("/repay/bill")
    async def bill(request: Request, who: Annotated[UUID, Depends(sessions.script)], target: Typed = "") -> Response:
        return await page(request, who, {"target": "".join(target.split())})

    @routes.post("/repay")
    async def want(
        request: Request,
        who: Annotated[UUID, Depends(sessions.script)],
        form: Annotated[_RepayForm, Form()],
    ) -> Response:
        try:
            wish = await counter.wish(instrument_id=form.card, card_no=form.target, amount_fen=fen_of(form.amount))
            _, names = await own_cards(door, who)
            said = speech_of(request)
            issuer = said.name_of(names[wish.bank]) if wish.bank in names else wish.bank
            payee = said.say("%(bank)s信用卡 %(tail)s", bank=issuer, tail=form.target[-4:])
            return await _begin(request, door, who, wish, payee=payee, day=form.day)
        except TROUBLE as trouble:
            return await page(request, who, {"target": form.target, "amount": form.amount}, trouble)

    return routes


def _make_confirm(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.post("/goods")
    async def confirm(
        request: Request,
        who: Annotated[UUID, Depends(sessions.script)],
        sent: Annotated[_Sent, Form()],
    ) -> Response:
        wish, mandate, code = sent.wish(), sent.mandate, sent.code
        asked = _Asked(wish, sent.payee, sent.day, sent.key, mandate)
        try:
            if mandate:
                own = await door.mandates.mandate(UUID(mandate))
                if own.citizen_id == who:
                    signed = await door.mandates.sign_with_code(own.mandate_id, code)
                    await door.goods.begin_plan(signed, wish, day=min(max(int(sent.day), 1), 28))
            else:
                await door.goods.buy(who, sent.key, wish, code=code)
        except TROUBLE as trouble:
            return await _ask(request, door, who, asked, trouble)
        return RedirectResponse(PLACES.get(sent.kind, "/c/me"), status_code=303)

    return routes


async def _begin(request: Request, door: Door, who: UUID, wish: GoodsWish, *, payee: str, day: str) -> Response:
    key = fresh_id().hex
    if day.isdecimal() and 1 <= int(day) <= 28:
        mandate = await door.goods.ask_plan(who, key, wish, payee_name=payee)
        await door.mandates.send_code(mandate.mandate_id)
        return await _ask(request, door, who, _Asked(wish, payee, day, key, str(mandate.mandate_id)))
    await door.goods.send_code(who, wish)
    return await _ask(request, door, who, _Asked(wish, payee, "", key))


async def _ask(request: Request, door: Door, who: UUID, asked: _Asked, trouble: Exception | None = None) -> Response:
    said = speech_of(request)
    if asked.mandate:
        title = said.say("签约代扣授权")
        lines = terms_lines(said, await door.mandates.mandate(UUID(asked.mandate)))
        lines.append((said.say("扣款日"), said.say("每月 %(day)s 日", day=asked.day)))
    else:
        title = said.say("确认支付")
        lines = [(said.say("收款方"), asked.payee), (said.say("金额"), f"¥{yuan(asked.wish.amount_fen)}")]
    return await ask_code(
        request, door, who, title=title, lines=lines, hidden=asked.hidden(), action="/c/goods", trouble=trouble
    )
