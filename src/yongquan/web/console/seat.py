"""The auditor's seat: sampling, one redemption with all behind it, the statement. It changes nothing."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from yongquan.flows.look_as_auditor import (
    Question,
    funder_of_seat,
    look_at_redemption,
    sample_redemptions,
    seat_of,
    take_statement,
)
from yongquan.institutions.views import parties
from yongquan.ledger import Kind, account_id
from yongquan.payments.sampling import SAMPLE_MAX
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.web.console.desk import Desk, Visitor, desk_routes, known_id
from yongquan.web.console.forms import FileKind, day_of, statement_file


def make_seat(desk: Desk) -> APIRouter:
    """`/console/seat` and what is below it; every look is audited before it is shown."""
    routes = desk_routes()
    database = desk.door.database

    @routes.get("/seat")
    async def seat(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.auditor)],
        since: str = "",
        last: str = "",
        seed: str = "",
        size: int = 20,
    ) -> Response:
        async with database.transaction() as connection:
            funder = await funder_of_seat(connection, visitor.staff)
        today = business_day(desk.door.clock.now())
        facts: dict[str, object] = {
            "funder": funder,
            "grant": seat_of(visitor.staff),
            "since": since or today.replace(day=1).isoformat(),
            "last": last or today.isoformat(),
            "seed": seed,
            "size": size,
            "size_max": SAMPLE_MAX,
            "population": None,
            "sample": (),
        }
        if seed:
            question = Question(day_of(since), day_of(last) + timedelta(days=1), seed.strip(), size)
            population, sample = await sample_redemptions(database, visitor.staff, question, now=wall_now())
            facts |= {"population": population, "sample": sample}
        return desk.show(request, visitor, "seat.html", facts)

    @routes.get("/seat/statement")
    async def statement(
        visitor: Annotated[Visitor, Depends(desk.auditor)], since: str = "", last: str = "", kind: FileKind = "xlsx"
    ) -> Response:
        until = day_of(last) + timedelta(days=1)
        drawn = await take_statement(database, visitor.staff, since=day_of(since), until=until, now=wall_now())
        return await run_in_threadpool(statement_file, drawn, kind)

    _add_redemption(routes, desk)
    return routes


def _add_redemption(routes: APIRouter, desk: Desk) -> None:
    database, cells = desk.door.database, desk.door.cells

    @routes.get("/seat/redemptions/{payment}/{voucher}")
    async def redemption(
        request: Request, visitor: Annotated[Visitor, Depends(desk.auditor)], payment: str, voucher: str
    ) -> Response:
        found = await look_at_redemption(
            database, visitor.staff, known_id(payment), known_id(voucher), cells=cells, now=wall_now()
        )
        async with database.transaction() as connection:
            names = await parties(connection)
        kinds = (Kind.SUBSIDY_DUE, Kind.CLEARING, Kind.FEES)
        owners = {account_id(owner, kind): (owner, kind) for owner in (*names, "network") for kind in kinds} | {
            account_id(share.type_id, kind): ("", kind)
            for share in found.payment.shares
            for kind in (Kind.CLAIMED, Kind.LOCKED, Kind.REDEEMED, Kind.RECYCLED)
        }
        facts = {"found": found, "names": names, "owners": owners, "back": request.query_params.get("back", "")}
        return desk.show(request, visitor, "redemption.html", facts)
