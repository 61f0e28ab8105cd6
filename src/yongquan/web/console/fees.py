"""The four-party fee table at the desk: what is in force, the versions, a new one, and deciding it."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.change_fees import FEE_ROLES, Proposal, decide_fees, propose_fees
from yongquan.kernel.errors import BadInput
from yongquan.payments.fee_versions import fee_versions, read_table, write_table
from yongquan.plumbing.clock import wall_now
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes
from yongquan.web.console.settle_words import SettleWords
from yongquan.web.language import speech_of


def make_fees(desk: Desk) -> APIRouter:
    """`/console/fees`."""
    routes = desk_routes()
    door = desk.door

    async def show(request: Request, visitor: Visitor, more: dict[str, object], *, status: int = 200) -> Response:
        if visitor.places is not None:
            raise Missing
        table = door.payments.fees.at(door.clock.now())
        async with door.database.transaction() as connection:
            versions = await fee_versions(connection)
            actors = [v.proposed_by for v in versions] + [v.decided_by for v in versions if v.decided_by]
            names = await names_of(connection, actors, door.sealing)
        facts = {
            "table": table,
            "versions": versions,
            "actors": names,
            "document": write_table(table),
            "settle_words": SettleWords(speech_of(request)),
            "may_work": any(visitor.staff.may(role) for role in FEE_ROLES),
            "fault": "",
            "typed_day": "",
            "typed_reason": "",
            "done": "",
        }
        return desk.show(request, visitor, "fees.html", facts | more, status=status)

    @routes.get("/fees")
    async def fees(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], done: str = "") -> Response:
        return await show(request, visitor, {"done": done})

    @routes.post("/fees")
    async def propose(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        document: Annotated[str, Form()],
        effective_day: Annotated[date, Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        try:
            proposal = Proposal(read_table(document), effective_day, reason.strip())
            await propose_fees(door.database, visitor.staff, proposal, now=door.clock.now(), real_now=wall_now())
        except BadInput as error:
            kept = {"document": document, "typed_day": effective_day, "typed_reason": reason}
            return await show(request, visitor, {"fault": str(error), **kept}, status=422)
        return RedirectResponse(f"{ROOT}/fees?done=proposed", status_code=303)

    @routes.post("/fees/{version_no}")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)], version_no: int, approve: Annotated[bool, Form()]
    ) -> Response:
        await decide_fees(
            door.database, visitor.staff, version_no, approve=approve, now=door.clock.now(), real_now=wall_now()
        )
        return RedirectResponse(f"{ROOT}/fees?done={'approved' if approve else 'refused'}", status_code=303)

    return routes
