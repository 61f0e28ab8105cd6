"""Stores near a citizen that take a voucher, and the outlines of the districts: what the map reads."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from shapely.geometry import mapping

from yongquan.merchants.views import stores_near
from yongquan.vouchers.catalogue import TypeOffer
from yongquan.web.api.wire import Refused
from yongquan.web.citizen.tickets import types_by_id
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words

A_DAY = {"Cache-Control": "public, max-age=86400"}


def make_stores(door: Door, _: Sessions) -> APIRouter:
    """`/c/stores` and `/c/districts.json`; both are public."""
    routes = APIRouter()
    outlines = _outlines(door)

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
                    "name": r.name,
                    "address": r.address,
                    "industry": words.industry(r.industry),
                    "lon": r.lon,
                    "lat": r.lat,
                    "metres": round(r.metres or 0),
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
