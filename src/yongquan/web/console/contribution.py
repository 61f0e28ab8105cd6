"""Contribution pay at the desk: a month's statements, one of them with its shops and payments, a formula on trial."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.contribution_world import territories
from yongquan.flows.grade_shops import last_month
from yongquan.flows.pay_contribution import (
    PAY_ROLES,
    Difference,
    UnknownStatement,
    decide_statement,
    draw_statements,
    has_ended,
    lines_of,
    replay_statement,
    report_fake,
    try_formula,
)
from yongquan.flows.statement_files.provider import provider_workbook
from yongquan.kernel.errors import BadInput
from yongquan.merchants.contribution import FIRST_FORMULA
from yongquan.merchants.contribution import store as contribution
from yongquan.merchants.rulebooks.store import RuleKind, rules_on
from yongquan.merchants.views import facts_of_stores
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.rules import month_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONTHS_TRIED = 12


def make_contribution(desk: Desk) -> APIRouter:
    """`/console/contribution` and what is below it; it is the whole city's business."""
    routes = desk_routes()
    _add_trial(routes, desk)
    _add_statement(routes, desk)
    _add_month(routes, desk)
    return routes


def _add_month(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/contribution")
    async def listed(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], month: str = "", done: str = ""
    ) -> Response:
        return await _show_month(desk, request, visitor, {"month": month, "done": done})

    @routes.post("/contribution")
    async def draw(
        request: Request, visitor: Annotated[Visitor, Depends(desk.poster)], month: Annotated[str, Form()]
    ) -> Response:
        visitor.staff.require(*PAY_ROLES)
        now = door.clock.now()
        try:
            wanted = month_of(month)
            async with door.database.transaction() as connection:
                found = await territories(connection, wanted, today=business_day(now))
            facts = {"actor": visitor.staff.actor, "now": now, "real_now": wall_now()}
            drawn = await draw_statements(door.database, found, wanted, **facts)  # type: ignore[arg-type]
        except BadInput as error:
            return await _show_month(desk, request, visitor, {"fault": str(error)}, status=422)
        done = "drawn" if drawn else "nothing"
        return RedirectResponse(f"{ROOT}/contribution?month={month}&done={done}", status_code=303)

    @routes.post("/contribution/fakes")
    async def fake(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        shop: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        now = door.clock.now()
        try:
            store_id = known_id(shop.strip())
            await report_fake(door.database, visitor.staff, store_id, reason.strip(), now=now, real_now=wall_now())
        except (BadInput, Missing, UnknownStatement) as error:
            kept: dict[str, object] = {"typed_shop": shop, "typed_reason": reason, "fake_fault": str(error)}
            return await _show_month(desk, request, visitor, kept, status=422)
        return RedirectResponse(f"{ROOT}/contribution?done=fake", status_code=303)


def _add_statement(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/contribution/{statement}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], statement: str, done: str = ""
    ) -> Response:
        _whole_city(visitor)
        again = await replay_statement(door.database, known_id(statement))
        found = again.statement
        async with door.database.transaction() as connection:
            shops = await contribution.shops_of_statement(connection, found.statement_id)
            inputs = await contribution.inputs_of(connection, found.input_digest)
            faked = await facts_of_stores(connection, [claw.store_id for claw in found.pay.claws])
            actors = [found.drawn_by, *([found.decided_by] if found.decided_by else [])]
            names = await names_of(connection, actors, door.sealing)
        facts = {
            "statement": found,
            "again": again,
            "inputs": inputs,
            "shops": shops,
            "faked": {store_id: kind.name for store_id, kind in faked.items()},
            "actors": names,
            "may_work": _may(visitor),
            "has_ended": has_ended(found),
            "done": done,
        }
        return desk.show(request, visitor, "contribution_one.html", facts)

    @routes.get("/contribution/{statement}/statement.xlsx")
    async def workbook(visitor: Annotated[Visitor, Depends(desk.visitor)], statement: str) -> Response:
        _whole_city(visitor)
        async with door.database.transaction() as connection:
            found = await contribution.statement_of(connection, known_id(statement))
            inputs = await contribution.inputs_of(connection, found.input_digest) if found else None
            if found is None or inputs is None:
                raise Missing
            shops = await contribution.shops_of_statement(connection, found.statement_id, limit=None)
            lines = await lines_of(connection, found, inputs)
            faked = await facts_of_stores(connection, [claw.store_id for claw in found.pay.claws])
        names = {store_id: kind.name for store_id, kind in faked.items()}
        content = provider_workbook(found, inputs, shops, lines, names)
        name = f"contribution-{found.month:%Y-%m}-{found.statement_id}.xlsx"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(content, media_type=XLSX, headers=headers)

    @routes.post("/contribution/{statement}/decision")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)], statement: str, approve: Annotated[bool, Form()]
    ) -> Response:
        id_ = known_id(statement)
        await decide_statement(door.database, visitor.staff, id_, approve=approve, real_now=wall_now())
        done = "approved" if approve else "refused"
        return RedirectResponse(f"{ROOT}/contribution/{id_}?done={done}", status_code=303)


def _add_trial(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    async def show(
        request: Request,
        visitor: Visitor,
        *,
        document: str = "",
        months: tuple[str, str] | None = None,
        found: list[Difference] | None = None,
        fault: str = "",
    ) -> Response:
        _whole_city(visitor)
        async with door.database.transaction() as connection:
            known = await contribution.statement_months(connection)
            version = await rules_on(connection, RuleKind.CONTRIBUTION, business_day(door.clock.now()))
            listed = await contribution.statements_between(connection, date.min, date.max) if found else []
        first, last = months or (f"{known[-1]:%Y-%m}", f"{known[0]:%Y-%m}") if known else ("", "")
        facts = {
            "document": document or (version.document if version else FIRST_FORMULA),
            "first": first,
            "last": last,
            "known": known,
            "found": found,
            "names": {s.provider: s.provider_name for s in listed},
            "fault": fault,
        }
        return desk.show(request, visitor, "contribution_trial.html", facts, status=422 if fault else 200)

    @routes.get("/contribution/trial")
    async def trial(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        return await show(request, visitor)

    @routes.post("/contribution/trial")
    async def try_(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        document: Annotated[str, Form()],
        first: Annotated[str, Form()] = "",
        last: Annotated[str, Form()] = "",
    ) -> Response:
        _whole_city(visitor)
        text, months = document.replace("\r\n", "\n"), (first, last)
        try:
            found = await try_formula(door.database, text, first=month_of(first), last=month_of(last))
        except BadInput as error:
            return await show(request, visitor, document=text, months=months, fault=str(error))
        return await show(request, visitor, document=text, months=months, found=found)


async def _show_month(
    desk: Desk, request: Request, visitor: Visitor, more: dict[str, object], *, status: int = 200
) -> Response:
    door = desk.door
    _whole_city(visitor)
    ended = last_month(business_day(door.clock.now()))
    async with door.database.transaction() as connection:
        months = await contribution.statement_months(connection)
        wanted = str(more.pop("month", "")) or f"{months[0] if months else ended:%Y-%m}"
        shown = month_of(wanted)
        statements = await contribution.statements_of(connection, shown)
        fakes = await contribution.fake_shops(connection)
        actors = [s.drawn_by for s in statements] + [s.decided_by for s in statements if s.decided_by]
        names = await names_of(connection, actors + [fake.found_by for fake in fakes], door.sealing)
    facts = {
        "shown": shown,
        "months": months,
        "ended": ended,
        "this_month": business_day(door.clock.now()),
        "statements": statements,
        "fakes": fakes,
        "actors": names,
        "may_work": _may(visitor),
        "typed_shop": "",
        "typed_reason": "",
        "fault": "",
        "fake_fault": "",
        "done": "",
    }
    return desk.show(request, visitor, "contribution.html", facts | more, status=status)


def _whole_city(visitor: Visitor) -> None:
    if visitor.places is not None:
        raise Missing


def _may(visitor: Visitor) -> bool:
    return visitor.staff.may_any(*PAY_ROLES)
