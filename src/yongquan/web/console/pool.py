"""The merchant pool at the desk: a holder filters shops on a map, saves versions; the operator grants."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field, ValidationError

from yongquan.flows.use_pool import (
    GRANT_ROLES,
    Saving,
    grant_pool,
    look_at_pool,
    revoke_pool,
    save_pool,
    squares_of_pool,
    uses_of_version,
    version_for,
)
from yongquan.institutions.store import all_funders
from yongquan.institutions.views import parties
from yongquan.kernel.errors import BadInput
from yongquan.merchants.pool import BANDS, SMALL, Bounds, NotInPool, PoolClosed, TooFewShops, Wanted
from yongquan.merchants.pool import store as pool
from yongquan.merchants.tiers.views import graded_months, shops_by_tier
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Forbidden, Role, Staff
from yongquan.web import words
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.shops import bounds_of_places

MEMBERS_SHOWN = 200
STEP_MIN = 0.002  # degrees: about 200 m


class Asked(BaseModel):
    """A filter as its form sends it; `box` is four numbers with commas, '' for the whole city."""

    holder: str = ""
    adcode: list[str] = []
    industry: list[str] = []
    tier: list[str] = []
    grid: str = ""
    band: list[str] = []
    box: str = ""
    done: str = ""
    step: float = Field(default=0.05, ge=STEP_MIN, le=1)  # degrees of a square of the map

    @property
    def wanted(self) -> Wanted:
        """The same as the room knows it. Raises `BadInput`."""
        try:
            sides = tuple(float(side) for side in self.box.split(",")) if self.box else None
        except ValueError as error:
            raise BadInput("box: four numbers") from error
        if sides is not None and len(sides) != 4:
            raise BadInput("box: four numbers")
        return Wanted(
            adcodes=tuple(filter(None, self.adcode)),
            industries=tuple(filter(None, self.industry)),
            tiers=tuple(filter(None, self.tier)),
            grids=tuple(self.grid.split()),
            bands=tuple(filter(None, self.band)),
            box=sides,
        )


def make_pool(desk: Desk) -> APIRouter:
    """`/console/pool` and what is below it."""
    routes = desk_routes()
    _add_search(routes, desk)
    _add_versions(routes, desk)
    _add_grants(routes, desk)
    return routes


async def holders_of(connection: Connection, staff: Staff) -> list[str]:
    """For whom this person may look: the bureaux of its places, and the institutions it is an operator of."""
    bureaux = [f for f in await all_funders(connection) if f.kind == "bureau"]
    own = [f.funder_id for f in bureaux if staff.may(Role.BUREAU_OFFICER, adcode=f.adcode)]
    granted = {g.institution for g in staff.grants if g.role is Role.OPERATOR and g.institution}
    return [*sorted(granted), *own]


def _add_search(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/pool")
    async def search(
        request: Request, visitor: Annotated[Visitor, Depends(desk.guest)], asked: Annotated[Asked, Query()]
    ) -> Response:
        return await _show(desk, request, visitor, asked)

    @routes.get("/pool/squares")
    async def squares(
        visitor: Annotated[Visitor, Depends(desk.guest)],
        asked: Annotated[Asked, Query()],
    ) -> JSONResponse:
        async with door.database.transaction() as connection:
            holder = await _holder(connection, visitor, asked.holder)
            told = await squares_of_pool(connection, holder, asked.wanted, step=asked.step)
        return JSONResponse([[round(lon, 5), round(lat, 5), count] for lon, lat, count in told])

    @routes.post("/pool")
    async def save(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.guest_poster)],
        name: Annotated[str, Form()] = "",
        key: Annotated[str, Form(max_length=64)] = "",
        filter_: Annotated[str, Form(alias="filter", max_length=8_000)] = "{}",
    ) -> Response:
        try:
            asked = Asked.model_validate_json(filter_)
        except ValidationError as error:
            raise BadInput("filter: not as the page sent it") from error
        async with door.database.transaction() as connection:
            holder = await _holder(connection, visitor, asked.holder)
        try:
            saving = Saving(holder, name, asked.wanted, key, visitor.staff.actor)
            version = await save_pool(door.database, saving, now=door.clock.now())
        except (BadInput, TooFewShops) as error:
            fault = "too_few" if isinstance(error, TooFewShops) else "name"
            return await _show(desk, request, visitor, asked, {"fault": fault, "typed_name": name}, status=422)
        return RedirectResponse(f"{ROOT}/pool/versions/{version.version_id}?done=saved", status_code=303)


def _add_versions(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/pool/versions/{version}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.guest)], version: str, done: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            found = await _version(connection, visitor, known_id(version))
            members = await pool.members_of(connection, found.version_id, limit=MEMBERS_SHOWN)
            uses = await uses_of_version(connection, found)
            names = await parties(connection)
        facts = {"version": found, "members": members, "uses": uses, "names": names, "done": done}
        return desk.show(request, visitor, "pool_version.html", facts | {"members_shown": MEMBERS_SHOWN})

    async def _version(connection: Connection, visitor: Visitor, version_id: UUID) -> pool.PoolVersion:
        found = await pool.version_of(connection, version_id)
        if found is None or found.holder not in await holders_of(connection, visitor.staff):
            raise Missing
        return await version_for(connection, found.holder, version_id)


def _add_grants(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    async def show(request: Request, visitor: Visitor, more: dict[str, object], *, status: int = 200) -> Response:
        if not visitor.staff.may_any(*GRANT_ROLES):
            raise Forbidden
        async with door.database.transaction() as connection:
            granted = await pool.grants(connection)
            names = await parties(connection)
            bureaux = {f.funder_id for f in await all_funders(connection) if f.kind != "merchant"}
        facts: dict[str, object] = {
            "grants": granted,
            "names": names,
            "possible": sorted(code for code in names if code in bureaux or not code.startswith("own-")),
            "choices": door.regions.divisions,
            "industries": list(words.INDUSTRIES),
            "typed": {},
            "fault": "",
            "done": "",
        }
        return desk.show(request, visitor, "pool_grants.html", facts | more, status=status)

    @routes.get("/pool/grants")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], done: str = "") -> Response:
        return await show(request, visitor, {"done": done})

    @routes.post("/pool/grants")
    async def give(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        holder: Annotated[str, Form()] = "",
        adcode: Annotated[list[str] | None, Form()] = None,
        industry: Annotated[list[str] | None, Form()] = None,
        reason: Annotated[str, Form()] = "",
        revoke: Annotated[bool, Form()] = False,
    ) -> Response:
        why = reason.strip()
        try:
            if revoke:
                await revoke_pool(door.database, visitor.staff, holder, reason=why, now=wall_now())
            else:
                bounds = Bounds(adcode or None, industry or None)
                await grant_pool(door.database, visitor.staff, holder, bounds, reason=why, now=wall_now())
        except (BadInput, NotInPool) as error:
            typed = {"holder": holder, "adcode": adcode or [], "industry": industry or [], "reason": reason}
            return await show(request, visitor, {"fault": str(error), "typed": typed}, status=422)
        return RedirectResponse(f"{ROOT}/pool/grants?done={'revoked' if revoke else 'granted'}", status_code=303)


async def _show(
    desk: Desk,
    request: Request,
    visitor: Visitor,
    asked: Asked,
    more: dict[str, object] | None = None,
    *,
    status: int = 200,
) -> Response:
    door = desk.door
    async with door.database.transaction() as connection:
        holders = await holders_of(connection, visitor.staff)
        open_to = [one.holder for one in await pool.grants(connection) if one.revoked_at is None]
        holder = _chosen(asked.holder, holders, open_to)
        names = await parties(connection)
        found, bounds = None, None
        if holder in open_to:
            found = await look_at_pool(connection, holder, asked.wanted)
            bounds = await pool.bounds_of(connection, holder)
        months = await graded_months(connection)
        tiers = await shops_by_tier(connection, months[0].month) if months else {}
        versions = await pool.versions_of(connection, holder) if holder else []
    facts: dict[str, object] = {
        "asked": asked,
        "query": request.url.query,
        "holder": holder,
        "holders": sorted(holders, key=lambda code: (code not in open_to, code)),
        "open_to": open_to,
        "found": found,
        "small": SMALL,
        "names": names,
        "versions": versions,
        "tiers": tiers,
        "bands": BANDS,
        "industries": [i for i in words.INDUSTRIES if _within(i, bounds.industries if bounds else None)],
        "choices": [d for d in door.regions.divisions if _within(d.adcode, bounds.adcodes if bounds else None)],
        "bounds": ",".join(map(str, bounds_of_places(door.regions, bounds.adcodes if bounds else None))),
        "may_grant": visitor.staff.may_any(*GRANT_ROLES),
        "key": fresh_id().hex,
        "typed_name": "",
        "fault": "",
    }
    return desk.show(request, visitor, "pool.html", facts | (more or {}), status=status)


async def _holder(connection: Connection, visitor: Visitor, wanted: str) -> str:
    holders = await holders_of(connection, visitor.staff)
    open_to = [one.holder for one in await pool.grants(connection) if one.revoked_at is None]
    holder = _chosen(wanted, holders, open_to)
    if not holder:
        raise PoolClosed
    return holder


def _chosen(wanted: str, holders: list[str], open_to: list[str]) -> str:
    """For whom: as asked, else the first who may look."""
    if wanted:
        if wanted not in holders:
            raise Missing
        return wanted
    return next((code for code in holders if code in open_to), holders[0] if holders else "")


def _within(code: str, bound: Sequence[str] | None) -> bool:
    return bound is None or code in bound
