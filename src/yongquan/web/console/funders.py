"""Funders' accounts: supervised money, advances, budgets, what was spent, and the postings behind it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.read_funder_account import accounts_of, read_funder_account
from yongquan.institutions.store import all_funders
from yongquan.institutions.views import parties
from yongquan.ledger.statements import latest_postings, postings_by_day
from yongquan.payments.board import calls_of, spending_of
from yongquan.vouchers.board import campaigns_on_board
from yongquan.web.console.charts import Chart, Series
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes
from yongquan.web.language import speech_of


def make_funders(desk: Desk) -> APIRouter:
    """`/console/funders` and each funder's page."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/funders")
    async def funders(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with door.database.transaction() as connection:
            listed = [funder for funder in await all_funders(connection) if visitor.sees(funder.adcode)]
            campaigns = await campaigns_on_board(connection, places=None)
            accounts = {
                funder.funder_id: await read_funder_account(connection, funder, campaigns, cells=door.cells)
                for funder in listed
            }
            names = await parties(connection)
        facts = {"funders": listed, "accounts": accounts, "names": names}
        return desk.show(request, visitor, "funders.html", facts)

    @routes.get("/funders/{funder_id}")
    async def funder(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], funder_id: str) -> Response:
        own_accounts = accounts_of(funder_id)
        async with door.database.transaction() as connection:
            known = [f for f in await all_funders(connection) if f.funder_id == funder_id and visitor.sees(f.adcode)]
            if not known:
                raise Missing
            campaigns = await campaigns_on_board(connection, places=None)
            facts: dict[str, object] = {
                "funder": known[0],
                "account": await read_funder_account(connection, known[0], campaigns, cells=door.cells),
                "campaigns": [c for c in campaigns if c.funder_id == funder_id],
                "spending": (spending := await spending_of(connection, funder_id)),
                "calls": await calls_of(connection, funder_id=funder_id),
                "by_day": await postings_by_day(connection, list(own_accounts)),
                "postings": await latest_postings(connection, list(own_accounts), limit=30),
                "account_kinds": own_accounts,
                "names": await parties(connection),
            }
        days = list(reversed(spending))
        title = speech_of(request).say("每日核销补贴（元）")
        amounts = Series(title, [day.paid_fen / 100 for day in days])
        facts["chart"] = Chart("spending", title, [day.day.isoformat() for day in days], [amounts])
        return desk.show(request, visitor, "funder.html", facts)

    return routes
