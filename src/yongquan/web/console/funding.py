"""A funder's money as finance keeps it: events by document, caps, invoices, statements."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from yongquan.flows.draw_statement import draw_statement, issue_invoice
from yongquan.flows.read_funder_money import read_funder_money
from yongquan.flows.record_funding import FINANCE_ROLES, KINDS, Event, record_event
from yongquan.flows.set_caps import change_cap
from yongquan.institutions.funding_store import invoices_of
from yongquan.institutions.store import Funder, all_funders
from yongquan.kernel.errors import BadInput
from yongquan.payments.funding_store import CAP_SCOPES
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.plumbing.db import Connection
from yongquan.vouchers.board import campaigns_on_board
from yongquan.vouchers.funding_store import funders_of_campaigns
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.forms import FileKind, day_of, fen_of, statement_file


def make_funding(desk: Desk) -> APIRouter:
    """`/console/funders/<id>/money` and what finance does there."""
    routes = desk_routes()
    database = desk.door.database

    @routes.get("/funders/{funder_id}/money")
    async def money(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], funder_id: str, done: str = ""
    ) -> Response:
        today = business_day(desk.door.clock.now())
        async with database.transaction() as connection:
            funder = await seen_funder(connection, visitor, funder_id)
            facts: dict[str, object] = {
                "money": await read_funder_money(connection, funder, today=today),
                "campaigns": await campaigns_on_board(connection, places=None),
                "funders_of": await funders_of_campaigns(connection),
            }
        facts |= {
            "funder": funder,
            "kinds": KINDS,
            "scopes": CAP_SCOPES,
            "may_record": visitor.staff.may_any(*FINANCE_ROLES, adcode=funder.adcode),
            "today": today,
            "month": today.replace(day=1),
            "one_day": timedelta(days=1),
            "yesterday": today - timedelta(days=1),
            "done": done if done in {*KINDS, "capped", "invoiced"} else "",
        }
        return desk.show(request, visitor, "funding.html", facts)

    _add_forms(routes, desk)
    _add_statements(routes, desk)
    return routes


def _add_forms(routes: APIRouter, desk: Desk) -> None:
    database = desk.door.database

    @routes.post("/funders/{funder_id}/events")
    async def record(
        *,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        funder_id: str,
        kind: Annotated[str, Form()],
        document_no: Annotated[str, Form()] = "",
        amount: Annotated[str, Form()] = "",
        advance: Annotated[str, Form()] = "",
        campaign: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        if kind not in KINDS:
            raise BadInput(f"kind: one of {', '.join(KINDS)}")
        event = Event(
            kind=kind,
            funder_id=funder_id,
            document_no=document_no.strip(),
            amount_fen=fen_of(amount),
            advance_fen=fen_of(advance),
            campaign_id=known_id(campaign) if campaign else None,
            reason=reason.strip(),
        )
        await record_event(database, visitor.staff, event, now=desk.door.clock.now(), audited_at=wall_now())
        return RedirectResponse(f"{ROOT}/funders/{funder_id}/money?done={kind}", status_code=303)

    @routes.post("/funders/{funder_id}/caps")
    async def cap(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        funder_id: str,
        scope: Annotated[str, Form()],
        limit: Annotated[str, Form()] = "",
    ) -> Response:
        limit_fen = fen_of(limit) if limit.strip() else None
        await change_cap(database, visitor.staff, funder_id, scope=scope, limit_fen=limit_fen, now=wall_now())
        return RedirectResponse(f"{ROOT}/funders/{funder_id}/money?done=capped", status_code=303)


def _add_statements(routes: APIRouter, desk: Desk) -> None:
    database = desk.door.database

    @routes.post("/funders/{funder_id}/invoices")
    async def invoice(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        funder_id: str,
        since: Annotated[str, Form()] = "",
        last: Annotated[str, Form()] = "",
    ) -> Response:
        until = day_of(last) + timedelta(days=1)
        await issue_invoice(
            database,
            visitor.staff,
            funder_id,
            since=day_of(since),
            until=until,
            now=desk.door.clock.now(),
            audited_at=wall_now(),
        )
        return RedirectResponse(f"{ROOT}/funders/{funder_id}/money?done=invoiced", status_code=303)

    @routes.get("/funders/{funder_id}/statement")
    async def statement(
        *,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        funder_id: str,
        since: str = "",
        last: str = "",
        kind: FileKind = "xlsx",
        invoice_no: str = "",
    ) -> Response:
        begin, until = day_of(since), day_of(last) + timedelta(days=1)
        async with database.transaction() as connection:
            await seen_funder(connection, visitor, funder_id)
            drawn = await draw_statement(connection, funder_id, since=begin, until=until)
            issued = {(i.invoice_no, i.since, i.until) for i in await invoices_of(connection, funder_id)}
        if invoice_no and (invoice_no, begin, until) not in issued:
            raise Missing
        return await run_in_threadpool(statement_file, drawn, kind, invoice_no=invoice_no)


async def seen_funder(connection: Connection, visitor: Visitor, funder_id: str) -> Funder:
    """A funder of this person's places. Raises `Missing`."""
    for funder in await all_funders(connection):
        if funder.funder_id == funder_id and visitor.sees(funder.adcode):
            return funder
    raise Missing
