"""Draws at the desk: announce one with its rules, watch registrations, let the notary enter the beacon."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.announce_draw import Terms, announce_draw
from yongquan.flows.steer_campaign import STEERING_ROLES
from yongquan.institutions.views import parties
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.clock import SHANGHAI
from yongquan.staff import Role
from yongquan.staff.views import names_of
from yongquan.vouchers.draw_plan import WISHES_MAX, Beacon, read_announcement
from yongquan.vouchers.draw_store import all_draws, count_by_platform, count_withdrawn, draw_of
from yongquan.vouchers.draw_views import draw_names, round_to_draw, rounds_without_draw
from yongquan.vouchers.store import types_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id


def make_console_draws(desk: Desk) -> APIRouter:
    """`/console/draws` and what is below it."""
    routes = desk_routes()
    database = desk.door.database

    @routes.get("/draws")
    async def draws(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with database.transaction() as connection:
            names = await draw_names(connection)
            listed = [d for d in await all_draws(connection) if visitor.sees(names[d.draw_id].adcode)]
            waiting = await rounds_without_draw(connection, now=desk.door.clock.now())
        mine = [r for r in waiting if _may_announce(visitor, r.adcode)]
        return desk.show(request, visitor, "draws.html", {"draws": listed, "names": names, "waiting": mine})

    @routes.get("/draws/plan/{round_}")
    async def plan(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], round_: str) -> Response:
        round_id = known_id(round_)
        async with database.transaction() as connection:
            waiting = await rounds_without_draw(connection, now=desk.door.clock.now())
            types = await types_of(connection, [round_id])
        found = next((r for r in waiting if r.round_id == round_id and _may_announce(visitor, r.adcode)), None)
        if found is None:
            raise Missing
        facts = {"round": found, "types": types, "wishes_most": min(WISHES_MAX, len(types)), "local": _local}
        return desk.show(request, visitor, "draw_plan.html", facts)

    @routes.post("/draws/plan/{round_}")
    async def announce(request: Request, visitor: Annotated[Visitor, Depends(desk.poster)], round_: str) -> Response:
        round_id = known_id(round_)
        form = {str(name): str(value) for name, value in (await request.form()).items()}
        terms = _terms(form, [division.adcode for division in desk.door.regions.divisions])
        async with database.transaction() as connection:
            found = await round_to_draw(connection, round_id)
            if found is None:
                raise Missing
            visitor.staff.require(*STEERING_ROLES, adcode=found.adcode)
            now = desk.door.clock.now()
            draw = await announce_draw(
                connection, round_id, terms, desk.door.sealing, actor=visitor.staff.actor, now=now
            )
        return RedirectResponse(f"{ROOT}/draws/{draw.draw_id}", status_code=303)

    @routes.get("/draws/{draw}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], draw: str) -> Response:
        return desk.show(request, visitor, "draw.html", await _facts(desk, visitor, known_id(draw)))

    @routes.get("/draws/{draw}/live")
    async def live(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], draw: str) -> Response:
        return desk.show(request, visitor, "draw_live.html", await _facts(desk, visitor, known_id(draw)))

    @routes.post("/draws/{draw}/beacon")
    async def beacon(
        visitor: Annotated[Visitor, Depends(desk.poster)], draw: str, value: Annotated[str, Form()]
    ) -> Response:
        draw_id = known_id(draw)
        await desk.door.draws.enter_beacon(visitor.staff, draw_id, value, now=desk.door.clock.now())
        return RedirectResponse(f"{ROOT}/draws/{draw_id}", status_code=303)

    return routes


async def _facts(desk: Desk, visitor: Visitor, draw_id: UUID) -> dict[str, object]:
    async with desk.door.database.transaction() as connection:
        found = await draw_of(connection, draw_id)
        name = (await draw_names(connection)).get(draw_id)
        if found is None or name is None or not visitor.sees(name.adcode):
            raise Missing
        platforms = await count_by_platform(connection, draw_id)
        names = await parties(connection)
        withdrawn = await count_withdrawn(connection, draw_id)
        history = await audit_page(connection, subject=f"draw:{draw_id}")
        actors = await names_of(connection, {row.actor for row in history}, desk.door.sealing)
    return {
        "draw": found,
        "name": name,
        "plan": read_announcement(found.announcement),
        "platforms": platforms,
        "names": names,
        "registered": sum(platforms.values()),
        "withdrawn": withdrawn,
        "secret": desk.door.draws.revealed_secret(found),
        "is_notary": visitor.staff.may(Role.NOTARY, adcode=name.adcode),
        "beacon_is_out": desk.door.clock.now() >= found.beacon_at,
        "history": history,
        "actors": actors,
    }


def _may_announce(visitor: Visitor, adcode: str | None) -> bool:
    return visitor.staff.may_any(*STEERING_ROLES, adcode=adcode)


def _terms(form: Mapping[str, str], strata: Sequence[str]) -> Terms:
    """The rules as the form has them. Raises `BadInput`."""
    name, wishes_max = form.get("beacon_name", "").strip(), form.get("wishes_max", "")
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise BadInput("beacon_name: write 1 to 100 printable characters")
    if not wishes_max.isdecimal():
        raise BadInput("wishes_max: write a whole number")
    return Terms(
        closes_at=_moment(form.get("closes_at", ""), "closes_at"),
        beacon=Beacon(name, _moment(form.get("beacon_at", ""), "beacon_at")),
        reveal_by=_moment(form.get("reveal_by", ""), "reveal_by"),
        wishes_max=int(wishes_max),
        strata=strata,
        quotas=_quotas(form) if form.get("shared") == "configured" else None,
    )


def _quotas(form: Mapping[str, str]) -> dict[UUID, dict[str, int]]:
    """Places by type and district out of fields named `quota:<type>:<district>`."""
    quotas: dict[UUID, dict[str, int]] = {}
    for name, value in form.items():
        if name.startswith("quota:"):
            _, type_id, adcode = name.split(":", 2)
            if not value.isdecimal():
                raise BadInput(f"{name}: write a whole number")
            quotas.setdefault(known_id(type_id), {})[adcode] = int(value)
    return quotas


def _moment(text: str, field: str) -> datetime:
    """A moment of a form, Shanghai time."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise BadInput(f"{field}: write a date and a time") from error


def _local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
