"""The four-party fee table at the desk: what is in force, the versions, a new one, and deciding it."""

from collections.abc import Awaitable, Mapping
from datetime import date
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.change_fees import FEE_ROLES, Proposal, decide_fees, propose_fees
from yongquan.kernel.errors import BadInput
from yongquan.payments.fee_versions import fee_versions, read_table, write_table
from yongquan.payments.fees import FeeTable
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes
from yongquan.web.console.fee_form import FeeForm, form_from, form_of
from yongquan.web.console.settle_words import SettleWords
from yongquan.web.language import speech_of


class Show(Protocol):
    """Shows the page with some facts of its own."""

    def __call__(
        self, request: Request, visitor: Visitor, more: Mapping[str, object], *, status: int = 200
    ) -> Awaitable[Response]: ...


def make_fees(desk: Desk) -> APIRouter:
    """`/console/fees`."""
    routes = desk_routes()
    door = desk.door

    async def show(request: Request, visitor: Visitor, more: Mapping[str, object], *, status: int = 200) -> Response:
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
            "form": form_of(table),
            "sample": None,
            "settle_words": SettleWords(speech_of(request)),
            "may_work": visitor.staff.may_any(*FEE_ROLES),
            **dict.fromkeys(("fault", "typed_day", "typed_reason", "done"), ""),
        }
        return desk.show(request, visitor, "fees.html", {**facts, **more}, status=status)

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

    _add_rows(routes, desk, show)

    @routes.post("/fees/{version_no}")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)], version_no: int, approve: Annotated[bool, Form()]
    ) -> Response:
        await decide_fees(
            door.database, visitor.staff, version_no, approve=approve, now=door.clock.now(), real_now=wall_now()
        )
        return RedirectResponse(f"{ROOT}/fees?done={'approved' if approve else 'refused'}", status_code=303)

    return routes


def _add_rows(routes: APIRouter, desk: Desk, show: Show) -> None:
    @routes.get("/fees/rows")
    async def begin_again() -> Response:
        # The language switch comes back to where the page was shown, a form's answer included.
        return RedirectResponse(f"{ROOT}/fees", status_code=303)

    @routes.post("/fees/rows")
    async def rows(request: Request, visitor: Annotated[Visitor, Depends(desk.poster)]) -> Response:
        visitor.staff.require(*FEE_ROLES)
        sent = await request.form()
        form = form_from({name: " ".join(str(one) for one in sent.getlist(name)) for name in sent})
        what = form.typed.pop("what", "preview")
        if what == "add":
            form.add_row()
            return await show(request, visitor, {"form": form})
        if what.startswith("remove-") and what.removeprefix("remove-").isdecimal():
            form.remove_row(int(what.removeprefix("remove-")))
            return await show(request, visitor, {"form": form})
        table = form.table()
        if table is not None and what == "propose" and await _propose(desk, visitor, form, table):
            return RedirectResponse(f"{ROOT}/fees?done=proposed", status_code=303)
        sample = form.sample(table) if table is not None and what == "preview" else None
        status = 422 if form.faults else 200
        return await show(request, visitor, {"form": form, "sample": sample}, status=status)


async def _propose(desk: Desk, visitor: Visitor, form: FeeForm, table: FeeTable) -> bool:
    """Propose what the form says; False (with faults) if its day or reason is missing or wrong."""
    door, reason = desk.door, form.text("reason").strip()
    day = _day(form.text("effective_day"))
    if not reason:
        form.faults["reason"] = "请写理由"
    if day is None or day <= business_day(door.clock.now()):
        form.faults["effective_day"] = "生效日须在今天之后"
    if form.faults or day is None:
        return False
    proposal = Proposal(table, day, reason)
    await propose_fees(door.database, visitor.staff, proposal, now=door.clock.now(), real_now=wall_now())
    return True


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
