"""Forms for rounds of packs and of applications with proof: each writes a draft version of its campaign's document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.change_campaign import MAKER_ROLES, Maker, Surroundings, write_version
from yongquan.plumbing.db import Connection
from yongquan.vouchers.documents import BadDocument
from yongquan.vouchers.documents_diff import Unchangeable
from yongquan.vouchers.documents_rounds import WayRound, free_key, put_round, round_in, way_rounds
from yongquan.vouchers.documents_versions import VersionState, latest_versions
from yongquan.vouchers.documents_ways import CampaignWays, campaigns_with_ways
from yongquan.vouchers.ways.application_form import FieldKind
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes
from yongquan.web.console.document_pages import english_asked
from yongquan.web.console.documents import present_text, require_maker
from yongquan.web.console.way_values import application_values, pack_values
from yongquan.web.words import INDUSTRIES

Page = Literal["packs", "forms"]
WAYS: Mapping[str, Literal["pack", "application"]] = {"packs": "pack", "forms": "application"}
FILLED = {"packs": pack_values, "forms": application_values}
ROWS = 8


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form on the desk: a round's values, and what is wrong with them as (place, sentence)."""

    desk: Desk
    request: Request
    visitor: Visitor
    page: Page
    code: str
    key: str
    values: Mapping[str, Any]
    said: Sequence[tuple[str, str]] = ()


def make_way_forms(desk: Desk) -> APIRouter:
    """`/console/ways/packs` and `/console/ways/forms`."""
    routes = desk_routes()
    database = desk.door.database
    around = Surroundings(frozenset(d.adcode for d in desk.door.regions.divisions), INDUSTRIES)

    @routes.get("/ways/{page}")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], page: Page) -> Response:
        async with database.transaction() as connection:
            campaigns = await _campaigns(connection, visitor)
            rounds = await _rounds(connection, visitor, page, campaigns)
        facts = {"page": page, "rounds": rounds, "campaigns": campaigns, "may_write": _may_write(visitor)}
        return desk.show(request, visitor, "way_rounds.html", facts)

    @routes.get("/ways/{page}/edit")
    async def edit(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        page: Page,
        code: str,
        key: str = "",
    ) -> Response:
        require_maker(visitor)
        async with database.transaction() as connection:
            text = await present_text(connection, visitor, code)
        values = round_in(text, key) if key else {}
        if values is None:
            raise Missing
        return _sheet(Sheet(desk, request, visitor, page, code, key, values))

    @routes.post("/ways/{page}/edit")
    async def keep(request: Request, visitor: Annotated[Visitor, Depends(desk.poster)], page: Page) -> Response:
        require_maker(visitor)
        sent: Any = await request.form()
        code, key = str(sent.get("code", "")), str(sent.get("key", ""))
        values: dict[str, Any] = {}
        try:
            async with database.transaction() as connection:
                text = await present_text(connection, visitor, code)
                before = (round_in(text, key) if key else None) or {}
                values = FILLED[page](sent, before, key=key or free_key(text, page.removesuffix("s")))
                maker = Maker.of(visitor.staff)
                version = await write_version(
                    connection, maker, put_round(text, values), around, now=desk.door.clock.now()
                )
        except BadDocument as error:
            said = [(f.path, f.say(english=english_asked(request))) for f in error.faults]
            return _sheet(Sheet(desk, request, visitor, page, code, key, values, said), status=422)
        except Unchangeable as error:
            english = english_asked(request)
            said = [(d.say(english=english), d.why_not(english=english)) for d in error.differences]
            return _sheet(Sheet(desk, request, visitor, page, code, key, values, said), status=409)
        return RedirectResponse(f"{ROOT}/documents/{version.code}/{version.number}", status_code=303)

    return routes


def _sheet(sheet: Sheet, *, status: int = 200) -> Response:
    facts = {
        "page": sheet.page,
        "code": sheet.code,
        "key": sheet.key,
        "round": sheet.values,
        "said": sheet.said,
        "rows": ROWS,
        "kinds": get_args(FieldKind),
        "industries": INDUSTRIES,
    }
    return sheet.desk.show(sheet.request, sheet.visitor, "way_round.html", facts, status=status)


async def _campaigns(connection: Connection, visitor: Visitor) -> list[CampaignWays]:
    """Campaigns that may get rounds: those in force, and those that are only written."""
    stored = await campaigns_with_ways(connection, places=visitor.places)
    known = {one.code for one in stored}
    written = await latest_versions(connection, places=visitor.places)
    return stored + [
        CampaignWays(v.code, v.name, v.name_en, has_packs=False, has_forms=False)
        for v in written
        if v.code not in known and v.state is not VersionState.APPLIED
    ]


async def _rounds(
    connection: Connection, visitor: Visitor, page: Page, campaigns: list[CampaignWays]
) -> list[WayRound]:
    """The rounds of a way as they are, or as the latest version of their campaign will have them."""
    way = WAYS[page]
    codes = {c.code for c in campaigns if (c.has_packs if page == "packs" else c.has_forms)}
    codes |= {
        v.code
        for v in await latest_versions(connection, places=visitor.places)
        if v.state is not VersionState.APPLIED and f"{way}:" in v.document
    }
    texts = [await present_text(connection, visitor, code) for code in sorted(codes)]
    return [one for text in texts for one in way_rounds(text, way)]


def _may_write(visitor: Visitor) -> bool:
    return any(grant.role in MAKER_ROLES for grant in visitor.staff.grants)
