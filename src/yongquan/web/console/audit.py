"""The audit log: who did what, and the seal that keeps it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from yongquan.plumbing.audit_pages import PAGE, audit_page, last_head
from yongquan.staff import Forbidden
from yongquan.staff.views import names_of
from yongquan.web.console.desk import Desk, Visitor, desk_routes


def make_audit(desk: Desk) -> APIRouter:
    """`/console/audit`, for auditors and admins of the whole city."""
    routes = desk_routes()

    @routes.get("/audit")
    async def audit(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        before: Annotated[int | None, Query(ge=0)] = None,
    ) -> Response:
        if not visitor.may_audit:
            raise Forbidden
        async with desk.door.database.transaction() as connection:
            rows = await audit_page(connection, before=before)
            head = await last_head(connection)
            people = {row.actor for row in rows} | {row.subject for row in rows}
            actors = await names_of(connection, people, desk.door.sealing)
        older = rows[-1].seq if len(rows) == PAGE and rows[-1].seq else None
        facts = {"rows": rows, "head": head, "actors": actors, "older": older, "before": before}
        return desk.show(request, visitor, "audit.html", facts)

    return routes
