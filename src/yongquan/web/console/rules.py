"""Rules of grades and of contribution pay at the desk: what is in force, the versions, a new one, deciding it."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.change_rules import RULE_ROLES, decide_rules, propose_rules
from yongquan.kernel.errors import BadInput
from yongquan.merchants.contribution import FIRST_FORMULA
from yongquan.merchants.rulebooks.store import NewRules, RuleKind, rule_versions, rules_on
from yongquan.merchants.tiers import FIRST_RULES
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes

FIRST = {RuleKind.TIERS: FIRST_RULES, RuleKind.CONTRIBUTION: FIRST_FORMULA}


def make_rules(desk: Desk) -> APIRouter:
    """`/console/rules/tiers` and `/console/rules/contribution`."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/rules/{kind}")
    async def rules(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], kind: RuleKind, done: str = ""
    ) -> Response:
        return await _show(desk, request, visitor, kind, {"done": done})

    @routes.post("/rules/{kind}")
    async def propose(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        kind: RuleKind,
        document: Annotated[str, Form()],
        month: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        try:
            new = NewRules(kind, month_of(month), document.replace("\r\n", "\n"), reason.strip())
            await propose_rules(door.database, visitor.staff, new, now=door.clock.now(), real_now=wall_now())
        except BadInput as error:
            kept = {"document": document, "typed_month": month, "typed_reason": reason}
            return await _show(desk, request, visitor, kind, {"fault": str(error), **kept}, status=422)
        return RedirectResponse(f"{ROOT}/rules/{kind}?done=proposed", status_code=303)

    @routes.post("/rules/{kind}/{version_no}")
    async def decide(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        kind: RuleKind,
        version_no: int,
        approve: Annotated[bool, Form()],
    ) -> Response:
        facts = {"approve": approve, "now": door.clock.now(), "real_now": wall_now()}
        try:
            await decide_rules(door.database, visitor.staff, kind, version_no, **facts)  # type: ignore[arg-type]
        except BadInput as error:
            return await _show(desk, request, visitor, kind, {"fault": str(error)}, status=422)
        return RedirectResponse(f"{ROOT}/rules/{kind}?done={'approved' if approve else 'refused'}", status_code=303)

    return routes


def month_of(text: str) -> date:
    """A month as browsers send it: YYYY-MM. Raises `BadInput`."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise BadInput("month: write YYYY-MM") from error


async def _show(
    desk: Desk, request: Request, visitor: Visitor, kind: RuleKind, more: dict[str, object], *, status: int = 200
) -> Response:
    door = desk.door
    if visitor.places is not None:
        raise Missing
    this_month = business_day(door.clock.now()).replace(day=1)
    async with door.database.transaction() as connection:
        versions = await rule_versions(connection, kind)
        in_force = await rules_on(connection, kind, this_month)
        actors = [v.proposed_by for v in versions] + [v.decided_by for v in versions if v.decided_by]
        names = await names_of(connection, actors, door.sealing)
    facts = {
        "kind": kind,
        "versions": versions,
        "in_force": in_force,
        "document": in_force.document if in_force else FIRST[kind],
        "actors": names,
        "this_month": this_month,
        "typed_month": f"{this_month:%Y-%m}",
        "typed_reason": "",
        "may_work": visitor.staff.may_any(*RULE_ROLES),
        "fault": "",
        "done": "",
    }
    return desk.show(request, visitor, "rules.html", facts | more, status=status)
