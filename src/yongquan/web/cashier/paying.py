"""The cashier's first page: what is asked, each card with what it saves, the vouchers; and paying."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from yongquan.flows.serve_cashier import Visit, standing
from yongquan.institutions.views import parties
from yongquan.kernel.errors import Refusal
from yongquan.payments.model import PaymentRefused
from yongquan.vouchers.selection import VoucherNotUsable
from yongquan.vouchers.usability import WhyNot
from yongquan.web.api.wire import Refused
from yongquan.web.cashier.showing import (
    CASHIER_WORDS,
    RESULT_TELLS,
    cashier_sessions,
    go_to,
    missing,
    order_picture,
    show,
    visit_of,
)
from yongquan.web.door import Door
from yongquan.web.language import Speech, speech_of
from yongquan.web.pages import said
from yongquan.web.sessions import Sessions
from yongquan.web.step_up import asks_for_code, step_up_inbox
from yongquan.web.words import Words


class Choice(BaseModel):
    """A card and vouchers to be priced."""

    card: UUID
    choice: Literal["best", "hand", "none"] = "best"
    vouchers: list[UUID] = []

    @property
    def named(self) -> list[UUID] | None:
        """The vouchers named; None leaves the choice to us."""
        return {"best": None, "none": [], "hand": self.vouchers}[self.choice]


def make_paying(door: Door, sessions: Sessions) -> APIRouter:
    """`/cashier/{order_id}`, its quotes and its paying."""
    routes = APIRouter()

    @routes.get("/{order_id}")
    async def cashier(request: Request, order_id: UUID, t: str = "") -> Response:
        visit = await visit_of(door, order_id, t)
        if visit is None:
            return missing(request)
        if standing(visit.order) not in {"open", "unpaid"}:
            return go_to(door, visit, "/result")
        return await _page(request, door, visit, sessions.seen(request))

    @routes.post("/{order_id}/quote")
    async def quote(
        request: Request, order_id: UUID, who: Annotated[UUID, Depends(sessions.script)], wanted: Choice, t: str = ""
    ) -> dict[str, object]:
        visit = await visit_of(door, order_id, t)
        if visit is None:
            raise Refused("not_found", "no such order")
        speech = speech_of(request)
        try:
            quoted = await door.cashier.quote(visit, who, wanted.card, wanted.named)
        except VoucherNotUsable as no:
            return {"error": why_unusable(no, speech)}
        chosen = [
            {"name": speech.name_of(c.voucher.type), "discount_fen": c.discount_fen} for c in quoted.selection.chosen
        ]
        return {"payable_fen": quoted.selection.payable_fen, "saved_fen": quoted.saved_fen, "vouchers": chosen}

    @routes.post("/{order_id}/pay")
    async def pay(
        request: Request,
        order_id: UUID,
        *,
        card: Annotated[UUID, Form()],
        choice: Annotated[Literal["best", "hand", "none"], Form()] = "best",
        vouchers: Annotated[list[UUID] | None, Form()] = None,
        code: Annotated[str, Form(max_length=8)] = "",
        t: str = "",
    ) -> Response:
        visit, who = await visit_of(door, order_id, t), sessions.seen(request)
        if visit is None:
            return missing(request)
        if who is None:
            return go_to(door, visit)
        wanted = Choice(card=card, choice=choice, vouchers=vouchers or [])
        try:
            await door.cashier.pay(visit, who, wanted.card, wanted.named, step_up_code=code.strip())
        except Refusal as no:
            if getattr(no, "reason", "") not in RESULT_TELLS:
                # As it stands after the try: the page goes to the result when another try is made elsewhere.
                visit = await visit_of(door, order_id, t) or visit
                return await _page(request, door, visit, who, refused=no, chosen=wanted)
        return go_to(door, visit, "/result")

    _add_way_back(routes, door)
    return routes


def _add_way_back(routes: APIRouter, door: Door) -> None:
    @routes.get("/{order_id}/pay")
    async def choose_again(request: Request, order_id: UUID, t: str = "") -> Response:
        # Where a change of language leads from a try that was refused.
        visit = await visit_of(door, order_id, t)
        return missing(request) if visit is None else go_to(door, visit)


def make_hand_over(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/cashier/{order_id}`: a citizen who is signed in on the own pages goes on to the cashier as the same."""
    routes = APIRouter()

    @routes.get("/cashier/{order_id}")
    async def hand_over(
        request: Request, order_id: UUID, _: Annotated[UUID, Depends(sessions.page)], t: str = ""
    ) -> Response:
        answer = RedirectResponse(f"/cashier/{order_id}?t={t}", status_code=303)
        cashier_sessions(door).take_over(request, answer, sessions)
        return answer

    return routes


async def _page(
    request: Request,
    door: Door,
    visit: Visit,
    who: UUID | None,
    *,
    refused: Refusal | None = None,
    chosen: Choice | None = None,
) -> Response:
    speech = speech_of(request)
    asks_code = refused is not None and asks_for_code(refused)
    offers = await door.cashier.offers(visit, who) if who else []
    async with door.database.transaction() as connection:
        names = await parties(connection)
    usable = {held.voucher_id: held for offer in offers for held in offer.usable}
    facts = {
        "who": who,
        "offers": offers,
        "vouchers": sorted(usable.values(), key=lambda v: (v.valid_until, v.voucher_id)),
        "chosen": chosen,
        "names": names,
        "error": why_unusable(refused, speech) if refused is not None else "",
        "asks_code": asks_code,
        "inbox": await step_up_inbox(door, who) if asks_code and who else None,
        "sentences": said(speech, CASHIER_WORDS),
        "picture": order_picture(request, door, visit),
    }
    return show(request, door, "pay.html", visit, facts, status=422 if refused is not None else 200)


def why_unusable(no: Refusal, speech: Speech) -> str:
    """A refusal in a sentence."""
    words = Words(speech)
    reason = str(no.facts.get("reason", ""))
    if isinstance(no, VoucherNotUsable) and reason in set(WhyNot):
        return words.why_not(reason)
    problems = words.problems()
    code = no.reason if isinstance(no, PaymentRefused) else no.code
    return problems.get(reason) or problems.get(code) or problems["unavailable"]
