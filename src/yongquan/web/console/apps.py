"""Apps of institutions: what each brought, its quotas of rounds, its callbacks with redelivery, its daily files."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.report_app import report_app, report_csv
from yongquan.flows.reserve_quota import reserve_by_staff
from yongquan.flows.send_again import send_again, send_dead_again
from yongquan.institutions import apps_store
from yongquan.institutions.apps import App
from yongquan.institutions.files_store import daily_files
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import SHANGHAI, wall_now
from yongquan.plumbing.webhook_board import DeliveryRow, deliveries_of, endpoints
from yongquan.vouchers.quotas import quotas_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.words import hundredths, percent


def make_apps(desk: Desk) -> APIRouter:
    """`/console/apps` and each app's page."""
    routes = desk_routes()
    _add_pages(routes, desk)
    _add_forms(routes, desk)
    return routes


async def _known(desk: Desk, visitor: Visitor, institution: str) -> App:
    # An app serves citizens of every division: it is the whole city's business.
    async with desk.door.database.transaction() as connection:
        found = [app for app in await apps_store.apps(connection) if app.institution == institution]
    if not found or visitor.places is not None:
        raise Missing
    return found[0]


def _add_pages(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/apps")
    async def apps(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with door.database.transaction() as connection:
            listed = await apps_store.apps(connection) if visitor.places is None else []
            reports = {app.institution: await report_app(connection, app.institution) for app in listed}
        facts = {"apps": listed, "reports": reports, "percent": percent, "hundredths": hundredths}
        return desk.show(request, visitor, "apps.html", facts)

    @routes.get("/apps/{institution}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], institution: str, done: str = ""
    ) -> Response:
        app = await _known(desk, visitor, institution)
        rounds = [r for r in await desk.rounds.get(visitor.places) if r.state in {"published", "paused"}]
        async with door.database.transaction() as connection:
            own = [e for e in await endpoints(connection) if e.institution == institution]
            deliveries: dict[UUID, list[DeliveryRow]] = {
                e.endpoint_id: await deliveries_of(connection, e.endpoint_id, limit=20) for e in own
            }
            facts: dict[str, object] = {
                "app": app,
                "months": await report_app(connection, institution),
                "endpoints": own,
                "deliveries": deliveries,
                "files": await daily_files(connection, institution),
                "keys": [key for key in await apps_store.keys(connection) if key.institution == institution],
                "calls": await apps_store.calls_of(connection, institution),
                "quotas": [
                    q for q in await quotas_of(connection, [r.round_id for r in rounds]) if q.institution == institution
                ],
            }
        more = {"rounds": rounds, "done": done, "percent": percent, "hundredths": hundredths}
        return desk.show(request, visitor, "app.html", facts | more)

    @routes.get("/apps/{institution}/report.csv")
    async def report(visitor: Annotated[Visitor, Depends(desk.visitor)], institution: str) -> Response:
        app = await _known(desk, visitor, institution)
        async with door.database.transaction() as connection:
            text = report_csv(await report_app(connection, app.institution))
        headers = {"Content-Disposition": f'attachment; filename="{app.institution}.csv"', "Cache-Control": "no-store"}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _add_forms(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/apps/{institution}/quotas")
    async def reserve(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        institution: str,
        round_id: Annotated[str, Form()],
        share: Annotated[str, Form()],
        release_at: Annotated[str, Form()] = "",
    ) -> Response:
        app = await _known(desk, visitor, institution)
        if not share.isdecimal() or not 1 <= int(share) <= 100:
            raise BadInput("a share is 1 to 100 percent")
        await reserve_by_staff(
            door.database,
            visitor.staff,
            known_id(round_id),
            institution=app.institution,
            share_bp=int(share) * 100,
            release_at=_moment(release_at),
            cells=door.cells,
            now=door.clock.now(),
            real_now=wall_now(),
        )
        desk.rounds.forget()
        return RedirectResponse(f"{ROOT}/apps/{app.institution}?done=quota", status_code=303)

    @routes.post("/apps/{institution}/deliveries")
    async def redeliver(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        institution: str,
        endpoint_id: Annotated[str, Form()],
        event_id: Annotated[str, Form()] = "",
    ) -> Response:
        app, now = await _known(desk, visitor, institution), wall_now()
        if event_id:
            await send_again(door.database, visitor.staff, known_id(endpoint_id), known_id(event_id), now=now)
        else:
            await send_dead_again(door.database, visitor.staff, known_id(endpoint_id), now=now)
        return RedirectResponse(f"{ROOT}/apps/{app.institution}?done=sent", status_code=303)


def _moment(text: str) -> datetime | None:
    """A Shanghai time out of a form, None if it was left empty."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise BadInput("give the time as a date and a time of day") from error
