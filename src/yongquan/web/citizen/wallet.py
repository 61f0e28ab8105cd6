"""The wallet: what can be used, what was used, what expired; a voucher's page with the stores that take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from shapely.geometry import mapping

from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.merchants.views import stores_near
from yongquan.vouchers.catalogue import TypeOffer
from yongquan.vouchers.usability import WhyNot
from yongquan.vouchers.views import PAGE, WalletRow, voucher_of, wallet_of
from yongquan.web.api.wire import Refused
from yongquan.web.citizen.scripts import MAP_WORDS
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render, said
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words

TABS = {
    "usable": {"held", "not_yet_valid", "locked", "frozen"},
    "used": {"redeemed"},
    "expired": {"expired", "forfeited", "void"},
}
A_DAY = {"Cache-Control": "public, max-age=86400"}


@dataclass(frozen=True, slots=True)
class Ticket:
    """A voucher with its type, as a page shows it; `trouble` is why it cannot be used now, in words."""

    row: WalletRow
    type: TypeOffer
    trouble: str | None


async def types_by_id(door: Door, type_ids: Sequence[UUID]) -> dict[UUID, TypeOffer]:
    """Voucher types from memory, or from the database where memory lacks them."""
    missing = door.catalogue.missing(id_.hex for id_ in set(type_ids))
    if missing:
        async with door.database.transaction() as connection:
            await door.catalogue.load_types(connection, missing)
    found = {id_: door.catalogue.type(id_.hex) for id_ in set(type_ids)}
    return {id_: type_ for id_, type_ in found.items() if type_ is not None}


def ticket_of(row: WalletRow, type_: TypeOffer, words: Words) -> Ticket:
    """What a page says of one voucher."""
    trouble = None
    if row.state == "held" and not type_.rules.campaign_active:
        trouble = words.why_not(WhyNot.PAUSED)
    elif row.state != "held":
        trouble = words.voucher_state(row.state)
    return Ticket(row, type_, trouble)


def make_wallet(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/wallet`, `/c/vouchers/{voucher_id}`, and the two addresses its map reads."""
    routes = APIRouter()
    outlines = _outlines(door)

    @routes.get("/wallet")
    async def wallet(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        tab: str = "usable",
        after: UUID | None = None,
    ) -> Response:
        wanted = tab if tab in TABS else "usable"
        async with door.database.transaction() as connection:
            rows = await wallet_of(connection, cell_of(who, door.cells), who, now=door.clock.now(), before=after)
        types, words = await types_by_id(door, [row.type_id for row in rows]), Words(speech_of(request))
        tickets = [ticket_of(row, types[row.type_id], words) for row in rows if row.state in TABS[wanted]]
        if wanted == "usable":
            tickets.sort(key=lambda ticket: (ticket.trouble is not None, ticket.row.valid_until))
        after_this = rows[-1].voucher_id if len(rows) == PAGE else None
        facts = {"tickets": tickets, "tab": wanted, "tabs": list(TABS), "after": after_this}
        return render(request, "citizen/wallet.html", **facts, division=door.regions.division)

    @routes.get("/vouchers/{voucher_id}")
    async def voucher(request: Request, who: Annotated[UUID, Depends(sessions.page)], voucher_id: UUID) -> Response:
        async with door.database.transaction() as connection:
            row = await voucher_of(connection, cell_of(who, door.cells), who, voucher_id, now=door.clock.now())
            names = await parties(connection)
        if row is None:
            return render(request, "citizen/missing.html", status=404)
        type_ = (await types_by_id(door, [row.type_id]))[row.type_id]
        speech = speech_of(request)
        facts = {"ticket": ticket_of(row, type_, Words(speech)), "names": names, "sentences": said(speech, MAP_WORDS)}
        return render(request, "citizen/voucher.html", **facts, division=door.regions.division)

    @routes.get("/stores")
    async def stores(
        request: Request, type_id: UUID, lon: float | None = None, lat: float | None = None
    ) -> dict[str, object]:
        type_ = (await types_by_id(door, [type_id])).get(type_id)
        if type_ is None:
            raise Refused("not_found", "no such voucher type")
        here = (lon, lat) if lon is not None and lat is not None else _middle(door, type_)
        async with door.database.transaction() as connection:
            rows = await stores_near(
                connection,
                lon=here[0],
                lat=here[1],
                industry=type_.rules.industry,
                districts=sorted(type_.rules.districts) if type_.rules.districts else None,
                hardship_only=type_.rules.hardship_only,
            )
        words = Words(speech_of(request))
        return {
            "here": here,
            "stores": [
                {
                    **{"name": r.name, "address": r.address, "industry": words.industry(r.industry)},
                    **{"lon": r.lon, "lat": r.lat, "metres": round(r.metres or 0)},
                    "pay": f"/c/pay?store={r.store_id}",
                }
                for r in rows
            ],
        }

    @routes.get("/districts.json")
    async def districts(answer: Response) -> dict[str, object]:
        answer.headers.update(A_DAY)
        return outlines

    return routes


def _outlines(door: Door) -> dict[str, object]:
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": d.adcode, "name": d.name, "name_en": d.name_en},
            "geometry": mapping(d.outline),
        }
        for d in door.regions.divisions
    ]
    return {"type": "FeatureCollection", "features": features}


def _middle(door: Door, type_: TypeOffer) -> tuple[float, float]:
    """Where to look without a position: the middle of the type's first district, or of the city's first."""
    first = min(type_.rules.districts) if type_.rules.districts else door.regions.divisions[0].adcode
    middle = door.regions.division(first).outline.centroid
    return middle.x, middle.y
