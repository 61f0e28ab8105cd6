"""Stores near a citizen that take a voucher, and the outlines of the districts: what the map reads."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from yongquan.merchants.near import QUERY_MAX, Fitting, stores_near
from yongquan.merchants.views import StoreRow
from yongquan.plumbing.db import Connection
from yongquan.vouchers.areas import areas_of
from yongquan.vouchers.catalogue import TypeOffer
from yongquan.vouchers.usability import StoreFacts
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
        *,
        request: Request,
        type_id: UUID,
        lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
        lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
        place: Annotated[str, Query(max_length=60)] = "",
        q: Annotated[str, Query(max_length=QUERY_MAX)] = "",
    ) -> dict[str, object]:
        type_ = (await types_by_id(door, [type_id])).get(type_id)
        if type_ is None:
            raise Refused("not_found", "no such voucher type")
        async with door.database.transaction() as connection:
            chosen = await _chosen(door, connection, place) if place else None
            here = (lon, lat) if lon is not None and lat is not None else chosen or _middle(door, type_)
            rows = await stores_near(connection, lon=here[0], lat=here[1], fitting=_fitting(type_, q.strip()))
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

    @routes.get("/places.json")
    async def places(request: Request) -> list[dict[str, str]]:
        """Where to look from without a position: divisions, then functional zones and shopping streets."""
        speech = speech_of(request)
        async with door.database.transaction() as connection:
            areas = await areas_of(connection)
        divisions = [{"code": d.adcode, "name": speech.name_of(d)} for d in door.regions.divisions]
        return divisions + [{"code": area.code, "name": speech.name_of(area)} for area in areas]

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


def _fitting(type_: TypeOffer, part: str) -> Fitting:
    """The stores that take a voucher of a type; where it names outlines, these count beside its districts."""
    rules = type_.rules
    zone = rules.zone

    def takes(row: StoreRow) -> bool:
        return rules.takes_place_of(StoreFacts(row.industry, row.adcode, row.hardship, place=(row.lon, row.lat)))

    return Fitting(
        industry=rules.industry,
        districts=sorted(rules.districts) if rules.districts and zone is None else None,
        hardship_only=rules.hardship_only,
        groups=rules.use.shop_groups,
        part=part or None,
        takes=takes if zone is not None else None,
    )


async def _chosen(door: Door, connection: Connection, place: str) -> tuple[float, float]:
    """The middle of a division or area. Raises `Refused`."""
    for division in door.regions.divisions:
        if division.adcode == place:
            return _middle_of(division.outline)
    for area in await areas_of(connection, [place]):
        return _middle_of(shape(dict(area.outline)))
    raise Refused("not_found", "no such place")


def _middle_of(outline: BaseGeometry) -> tuple[float, float]:
    point = outline.representative_point()
    return float(point.x), float(point.y)


def _middle(door: Door, type_: TypeOffer) -> tuple[float, float]:
    """Where to look without a position: the middle of the type's first district, or of the city's first."""
    first = min(type_.rules.districts) if type_.rules.districts else door.regions.divisions[0].adcode
    middle = door.regions.division(first).outline.centroid
    return middle.x, middle.y
