"""Settlement at the desk: holds with their steps, payouts that were not paid, a shop's statement."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from yongquan.flows.day_desk import DayDesk
from yongquan.flows.hold_merchant import HOLD_ROLES, HoldOrder, decide_end, decide_hold, end_hold, propose_hold
from yongquan.flows.pay_again import Returned, pay_again
from yongquan.flows.set_cut_offs import read_times, said_times, set_cut_offs
from yongquan.flows.set_payout_minimum import set_payout_minimum
from yongquan.institutions.views import parties
from yongquan.merchants.views import facts_of_stores, store_of, stores_named
from yongquan.payments.holds import holds_listed
from yongquan.payments.same_day_offers import offers
from yongquan.payments.settling_store import cut_offs_of, minimum_of, unpaid_lines
from yongquan.payments.shop_statement import shop_statement, statement_days
from yongquan.plumbing.clock import SHANGHAI, wall_now
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.settle_words import SettleWords
from yongquan.web.console.words import LINE_STATES
from yongquan.web.language import speech_of
from yongquan.web.merchant.statements import statement_file

Step = Literal["approve", "refuse", "release", "recover", "approve_end", "refuse_end"]


class _Asked(BaseModel):
    """What the front page is asked for: a shop by its name, and the store that a hold is to be proposed for."""

    shop: str = ""
    store: UUID | None = None
    done: str = ""


def make_settlement(desk: Desk) -> APIRouter:
    """`/console/settlement` and each shop's statement below it."""
    routes = desk_routes()
    _add_pages(routes, desk)
    _add_shops(routes, desk)
    _add_forms(routes, desk)
    _add_payouts(routes, desk)
    return routes


def _add_pages(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/settlement")
    async def front(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], asked: Annotated[_Asked, Query()]
    ) -> Response:
        _require_whole_city(visitor)
        name = asked.shop.strip()
        async with door.database.transaction() as connection:
            held = await holds_listed(connection)
            unpaid = await unpaid_lines(connection)
            shops = await facts_of_stores(connection, [*(h.store_id for h in held), *(u.store_id for u in unpaid)])
            chosen = await store_of(connection, asked.store) if asked.store else None
            actors = [a for h in held for a in (h.proposed_by, h.decided_by, h.ending_by) if a]
            facts = {
                "holds": held,
                "unpaid": unpaid,
                "shops": shops,
                "actors": await names_of(connection, actors, door.sealing),
                "names": await parties(connection),
                "done": asked.done,
                "shop_name": name,
                "found": await stores_named(connection, name) if name else [],
                "store": asked.store or "",
                "store_name": chosen.name if chosen else "",
            }
        return desk.show(request, visitor, "settlement.html", facts | _words(request, visitor))


def _add_shops(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/settlement/shops/{store}")
    async def shop(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        store: str,
        day: date | None = None,
        done: str = "",
    ) -> Response:
        store_id = known_id(store)
        async with door.database.transaction() as connection:
            found = await store_of(connection, store_id)
            if found is None or not visitor.sees(found.adcode):
                raise Missing
            days = await statement_days(connection, store_id)
            shown = day or (days[0] if days else None)
            statement = await shop_statement(connection, store_id, shown) if shown else None
            facts = {
                "store": found,
                "days": days,
                "shown": shown,
                "statement": statement,
                "names": await parties(connection),
                "done": done,
                "minimum_fen": await minimum_of(connection, store_id),
                "cut_offs": said_times(await cut_offs_of(connection, store_id)),
                "offer": (await offers(connection)).get(found.acquirer),
            }
        return desk.show(request, visitor, "settlement_shop.html", facts | _words(request, visitor))

    @routes.get("/settlement/shops/{store}/{day}.{kind}")
    async def file(
        visitor: Annotated[Visitor, Depends(desk.visitor)], store: str, day: date, kind: Literal["csv", "xlsx"]
    ) -> Response:
        store_id = known_id(store)
        async with door.database.transaction() as connection:
            found = await store_of(connection, store_id)
            if found is None or not visitor.sees(found.adcode):
                raise Missing
            statement = await shop_statement(connection, store_id, day)
        return statement_file(statement, kind)


def _add_forms(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/settlement/holds")
    async def propose(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        *,
        store_id: Annotated[UUID, Form()],
        scope: Annotated[str, Form()],
        basis: Annotated[str, Form()],
        notice: Annotated[str, Form()],
        deadline: Annotated[datetime, Form()],
    ) -> Response:
        visitor.staff.require(*HOLD_ROLES)
        order = HoldOrder(
            store_id=store_id,
            scope=scope,
            basis=basis.strip(),
            notice=notice.strip(),
            # The form's time is Shanghai's.
            deadline=deadline.replace(tzinfo=SHANGHAI).astimezone(UTC),
        )
        await propose_hold(_days(desk), visitor.staff.actor, order, real_now=wall_now())
        return RedirectResponse(f"{ROOT}/settlement?done=proposed", status_code=303)

    @routes.post("/settlement/holds/{hold}")
    async def step(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        hold: str,
        what: Annotated[Step, Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        hold_id, staff, now = known_id(hold), visitor.staff, wall_now()
        if what in {"release", "recover"}:
            await end_hold(_days(desk), staff, hold_id, wish=what, reason=reason.strip(), real_now=now)
        elif what.endswith("_end"):
            await decide_end(_days(desk), staff, hold_id, approve=what == "approve_end", real_now=now)
        else:
            await decide_hold(_days(desk), staff, hold_id, approve=what == "approve", real_now=now)
        return RedirectResponse(f"{ROOT}/settlement?done=hold", status_code=303)


def _add_payouts(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/settlement/again")
    async def again(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        *,
        store_id: Annotated[UUID, Form()],
        day: Annotated[date, Form()],
        acquirer: Annotated[str, Form()],
        reason: Annotated[str, Form()] = "",
        cut_no: Annotated[int, Form()] = 0,
        account_no: Annotated[str, Form()] = "",
    ) -> Response:
        line = Returned(day, acquirer, store_id, cut_no)
        state = await pay_again(
            _days(desk),
            visitor.staff,
            line,
            reason=reason.strip(),
            real_now=wall_now(),
            account_no=account_no.strip(),
        )
        return RedirectResponse(f"{ROOT}/settlement?done={state}", status_code=303)

    @routes.post("/settlement/shops/{store}")
    async def minimum(
        visitor: Annotated[Visitor, Depends(desk.poster)], store: str, minimum_yuan: Annotated[int, Form()]
    ) -> Response:
        store_id = known_id(store)
        await set_payout_minimum(desk.door.database, visitor.staff, store_id, minimum_yuan * 100, now=wall_now())
        return RedirectResponse(f"{ROOT}/settlement/shops/{store_id}?done=minimum", status_code=303)

    @routes.post("/settlement/shops/{store}/cut-offs")
    async def cut_offs(
        visitor: Annotated[Visitor, Depends(desk.poster)], store: str, times: Annotated[str, Form()] = ""
    ) -> Response:
        store_id = known_id(store)
        await set_cut_offs(desk.door.database, visitor.staff, store_id, read_times(times), now=wall_now())
        return RedirectResponse(f"{ROOT}/settlement/shops/{store_id}", status_code=303)


def _days(desk: Desk) -> DayDesk:
    door = desk.door
    if door.links is None:
        raise Missing
    return DayDesk(door.database, door.clock, door.links, door.cells)


def _words(request: Request, visitor: Visitor) -> dict[str, object]:
    return {
        "settle_words": SettleWords(speech_of(request)),
        "line_states": LINE_STATES,
        "may_work": visitor.staff.may_any(*HOLD_ROLES),
    }


def _require_whole_city(visitor: Visitor) -> None:
    if visitor.places is not None:
        raise Missing
