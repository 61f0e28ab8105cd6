"""`/v1/risk/verdicts`: an institution's app asks for a verdict, and reads why. Signed."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from yongquan.flows.judge_for_app import AppPayment, judge_for_app, verdict_for_app
from yongquan.institutions.apps import App
from yongquan.risk.verdicts.record import Verdict
from yongquan.web.api.fen import PositiveFen
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door

Caller = Callable[[Request], Awaitable[App]]


class VerdictRequest(BaseModel):
    """A payment that the institution is about to take for a citizen who linked its app.

    `order_no` is the institution's own: the same order again gets the same verdict. Cards and devices are kept as
    tokens only.
    """

    open_id: UUID
    order_no: str = Field(min_length=1, max_length=64)
    amount_fen: PositiveFen
    store_id: UUID | None = None
    card_no: str | None = Field(default=None, pattern=r"^\d{12,19}$")
    device_id: str | None = Field(default=None, min_length=1, max_length=64)
    terminal: str | None = Field(default=None, min_length=1, max_length=64)
    online: bool = False


class VerdictReason(BaseModel):
    """What spoke: a rule's own sentence, or a list."""

    code: str
    text: str
    text_en: str


class VerdictOut(BaseModel):
    """`action` is allow, watch, step_up, delay or refuse; `retry_at` is when a delayed order may come again."""

    verdict_id: UUID
    action: str
    state: str
    at: str
    reasons: list[VerdictReason]
    retry_at: str | None = None


def make_verdicts(door: Door, caller: Caller) -> APIRouter:
    """The two routes."""
    routes = APIRouter()
    Calling = Annotated[App, Depends(caller)]  # noqa: N806 - a type

    @routes.post("/verdicts", status_code=201)
    async def judge(app: Calling, wanted: VerdictRequest) -> VerdictOut:
        """Judge a payment before it is taken."""
        payment = AppPayment(
            order_no=wanted.order_no,
            citizen_id=await door.apps.citizen(app, wanted.open_id),
            amount_fen=wanted.amount_fen,
            store_id=wanted.store_id,
            card_no=wanted.card_no,
            device_id=wanted.device_id,
            terminal=wanted.terminal,
            is_online=wanted.online,
        )
        return _told(await judge_for_app(door.risk, door.sealing, app.institution, payment))

    @routes.get("/verdicts/{verdict_id}")
    async def one(app: Calling, verdict_id: UUID) -> VerdictOut:
        """A verdict that this institution asked for."""
        found = await verdict_for_app(door.risk, app.institution, verdict_id)
        if found is None:
            raise Refused("not_found", "no verdict of this id was asked for here")
        return _told(found)

    return routes


def _told(verdict: Verdict) -> VerdictOut:
    """Which list somebody is on, from whom and how far up, stays with the desk."""
    reasons = [
        VerdictReason(code=rule.rule_id, text=rule.reason, text_en=rule.reason_en)
        for rule in verdict.rules
        if not rule.is_shadow and not rule.problem
    ]
    if verdict.listed and not verdict.lets_through:
        listed = VerdictReason(code="listed", text="命中风险名单", text_en="a party is on a risk list")
        reasons.append(listed)
    return VerdictOut(
        verdict_id=verdict.verdict_id,
        action=verdict.action.value,
        state=verdict.state.value,
        at=verdict.event.at.isoformat(),
        reasons=reasons,
        retry_at=verdict.retry_at.isoformat() if verdict.retry_at else None,
    )
