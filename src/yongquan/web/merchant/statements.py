"""A shop's day statements on its phone, and as files: arrivals of each voucher's money, fees, holds and why."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.statement_files.shop import shop_csv, shop_workbook
from yongquan.institutions.views import parties
from yongquan.merchants.views import store_of
from yongquan.payments.holds import holds_listed
from yongquan.payments.shop_statement import ShopStatement, shop_statement, statement_days
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
SHOWN_TO_SHOP = ("active", "ending", "executing", "released", "recovered")


def make_statements(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/statements` and each day's files."""
    routes = APIRouter()

    @routes.get("/statements")
    async def statements(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], day: date | None = None
    ) -> Response:
        async with door.database.transaction() as connection:
            store = await store_of(connection, who)
            days = await statement_days(connection, who)
            shown = day or (days[0] if days else None)
            statement = await shop_statement(connection, who, shown) if shown else None
            held = [hold for hold in await holds_listed(connection, store_id=who) if hold.state in SHOWN_TO_SHOP]
            names = await parties(connection)
        facts = {"days": days, "shown": shown, "statement": statement, "holds": held, "names": names}
        return render(request, "merchant/statements.html", facts, store=store)

    @routes.get("/statements/{day}.{kind}")
    async def file(who: Annotated[UUID, Depends(sessions.page)], day: date, kind: Literal["csv", "xlsx"]) -> Response:
        async with door.database.transaction() as connection:
            statement = await shop_statement(connection, who, day)
        return statement_file(statement, kind)

    return routes


def statement_file(statement: ShopStatement, kind: str) -> Response:
    """The statement as a file to keep."""
    content = shop_csv(statement) if kind == "csv" else shop_workbook(statement)
    name = f"settlement-{statement.day}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=TYPES[kind], headers=headers)
