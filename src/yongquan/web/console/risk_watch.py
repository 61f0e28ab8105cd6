"""The hourly watch board: a day's alerts, one alert with its numbers, and what is done with it."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from yongquan.flows.case_facts import payments_by_id
from yongquan.flows.day_desk import DayDesk
from yongquan.flows.watch_shops import watch_day
from yongquan.flows.work_alert import AlertDesk, HoldWish
from yongquan.flows.work_fraud_case import FRAUD_ROLES, CaseDesk
from yongquan.merchants.views import facts_of_stores
from yongquan.plumbing.clock import SHANGHAI, business_day
from yongquan.risk.watching.model import AlertState, Rule
from yongquan.risk.watching.store import (
    Alert,
    AlertFilter,
    alert_of,
    alerts_listed,
    last_alerted,
    watched_days,
    watched_hours,
)
from yongquan.staff.views import names_of
from yongquan.web.case_words import CaseWords
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.settle_words import SettleWords
from yongquan.web.language import speech_of

HOLD_DAYS = 30


class _Asked(BaseModel):
    """The filter as its form sends it; empty is any."""

    day: str = ""
    hour: str = ""
    state: str = ""
    rule: str = ""
    least: int = 0
    done: str = ""


def make_risk_watch(desk: Desk) -> APIRouter:
    """`/console/risk/watch` and each alert below it."""
    routes = desk_routes()
    _add_pages(routes, desk)
    _add_forms(routes, desk)
    return routes


def alert_desk(desk: Desk) -> AlertDesk:
    """The desk where alerts are answered."""
    door = desk.door
    days = DayDesk(door.database, door.clock, door.links, door.cells)
    return AlertDesk(door.database, days, CaseDesk(door.database, door.sealing))


def _add_pages(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/risk/watch")
    async def board(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], asked: Annotated[_Asked, Query()]
    ) -> Response:
        async with door.database.transaction() as connection:
            days = await watched_days(connection)
            day = _day(asked.day) or await last_alerted(connection, visitor.places) or business_day(door.clock.now())
            wanted = AlertFilter(
                day=day,
                hour=int(asked.hour) if asked.hour.isdecimal() else None,
                state=asked.state or None,
                rule=asked.rule or None,
                least=max(0, min(100, asked.least)),
                places=visitor.places,
            )
            alerts = await alerts_listed(connection, wanted)
            hours = await watched_hours(connection, day)
            shops = await facts_of_stores(connection, [alert.store_id for alert in alerts])
        facts = {"day": day, "days": days, "alerts": alerts, "hours": hours, "shops": shops, "asked": asked}
        facts |= {"states": list(AlertState), "rules": list(Rule)}
        return desk.show(request, visitor, "risk_watch.html", facts | _words(request, visitor))

    @routes.get("/risk/watch/{alert}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], alert: str, done: str = ""
    ) -> Response:
        found = await _seen(desk, visitor, alert)
        async with door.database.transaction() as connection:
            shops = await facts_of_stores(connection, [found.store_id])
            actors = await names_of(connection, [f"staff:{found.assignee}"], door.sealing)
            payments = await payments_by_id(connection, list(found.payments), cells=door.cells)
        by_default = (door.clock.now() + timedelta(days=HOLD_DAYS)).astimezone(SHANGHAI)
        facts: dict[str, object] = {"alert": found, "shop": shops.get(found.store_id), "actors": actors, "done": done}
        facts |= {"deadline": f"{by_default:%Y-%m-%dT%H:%M}", "payments": payments}
        return desk.show(request, visitor, "risk_alert.html", facts | _words(request, visitor))


def _add_forms(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/risk/watch")
    async def look_again(visitor: Annotated[Visitor, Depends(desk.poster)], day: Annotated[date, Form()]) -> Response:
        visitor.staff.require(*FRAUD_ROLES)
        await watch_day(door.database, day, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/risk/watch?day={day}&done=watched", status_code=303)

    @routes.post("/risk/watch/{alert}")
    async def step(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        alert: str,
        what: Annotated[Literal["take", "dismiss", "case"], Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        alerts, alert_id, now = alert_desk(desk), known_id(alert), door.clock.now()
        if what == "case":
            case_id = await alerts.open_case(visitor.staff, alert_id, now=now)
            return RedirectResponse(f"{ROOT}/risk/cases/{case_id}?done=alert", status_code=303)
        if what == "take":
            await alerts.take(visitor.staff, alert_id, now=now)
        else:
            await alerts.dismiss(visitor.staff, alert_id, reason.strip(), now=now)
        return RedirectResponse(f"{ROOT}/risk/watch/{alert_id}?done={what}", status_code=303)

    @routes.post("/risk/watch/{alert}/hold")
    async def hold(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        *,
        alert: str,
        scope: Annotated[str, Form()],
        notice: Annotated[str, Form()],
        deadline: Annotated[datetime, Form()],
    ) -> Response:
        wish = hold_wish(scope, notice, deadline)
        alert_id = known_id(alert)
        await alert_desk(desk).propose_hold(visitor.staff, alert_id, wish, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/risk/watch/{alert_id}?done=hold", status_code=303)


def hold_wish(scope: str, notice: str, deadline: datetime) -> HoldWish:
    """What a form wants held; its time is Shanghai's."""
    return HoldWish(scope=scope, notice=notice.strip(), deadline=deadline.replace(tzinfo=SHANGHAI).astimezone(UTC))


async def _seen(desk: Desk, visitor: Visitor, alert: str) -> Alert:
    async with desk.door.database.transaction() as connection:
        found = await alert_of(connection, known_id(alert))
    if found is None or not visitor.sees(found.adcode):
        raise Missing
    return found


def _words(request: Request, visitor: Visitor) -> dict[str, object]:
    speech = speech_of(request)
    return {"case_words": CaseWords(speech), "settle_words": SettleWords(speech), "may_work": _may_work(visitor)}


def _may_work(visitor: Visitor) -> bool:
    return any(grant.role in FRAUD_ROLES and grant.institution is None for grant in visitor.staff.grants)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
