"""Shops on a map: single ones while there are few in view, counts by squares while there are many."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from yongquan.kernel.regions import Regions
from yongquan.merchants.map import Box, Wanted, count_stores, squares_of, stores_in
from yongquan.merchants.pool import BANDS
from yongquan.merchants.tiers.views import graded_months, grids_graded, shops_by_tier
from yongquan.merchants.views import StoreRow
from yongquan.web import words
from yongquan.web.console.desk import Desk, Visitor, desk_routes
from yongquan.web.console.words import MAP_WORDS
from yongquan.web.language import Language, speech_of
from yongquan.web.pages import said
from yongquan.web.words import Words

SINGLE_MAX = 1_500
SQUARES_ACROSS = 14
Degree = Annotated[float, Query(ge=-180, le=180)]


def make_shops(desk: Desk) -> APIRouter:
    """`/console/shops` and the data of its map."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/shops")
    async def shops(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with door.database.transaction() as connection:
            months = await graded_months(connection)
            tiers = await shops_by_tier(connection, months[0].month) if months else {}
            grids = await grids_graded(connection, months[0].month) if months else []
        west, south, east, north = bounds_of_places(door.regions, visitor.places)
        facts = {
            "industries": list(words.INDUSTRIES),
            "map_words": json.dumps(said(speech_of(request), MAP_WORDS), ensure_ascii=False),
            "bounds": f"{west},{south},{east},{north}",
            "tiers": sorted(tiers),
            "grids": sorted(row.code for row in grids if visitor.sees(row.code[:6])),
            "bands": list(BANDS) if months else [],
            "own_divisions": [d for d in door.regions.divisions if visitor.sees(d.adcode)],
        }
        return desk.show(request, visitor, "shops.html", facts)

    @routes.get("/shops/outlines")
    async def outlines(request: Request, _: Annotated[Visitor, Depends(desk.guest)]) -> Response:
        body = _outlines(door.regions, speech_of(request).language)
        return Response(body, media_type="application/geo+json", headers={"Cache-Control": "private, max-age=3600"})

    @routes.get("/shops/places")
    async def places(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        box: Annotated[Box, Depends(_box)],
        *,
        industry: str = "",
        district: str = "",
        hardship: bool = False,
        tier: str = "",
        grid: str = "",
        band: str = "",
    ) -> JSONResponse:
        graded = {"tier": tier or None, "grid": grid or None, "days": BANDS.get(band)}
        wanted = Wanted(industry or None, _districts(visitor, district), hardship, **graded)  # type: ignore[arg-type]
        async with door.database.transaction() as connection:
            total = await count_stores(connection, box, wanted)
            if total > SINGLE_MAX:
                step = max((box.east - box.west) / SQUARES_ACROSS, 0.001)
                squares = await squares_of(connection, box, wanted, step=step)
                counts = [[round(s.lon, 5), round(s.lat, 5), s.stores] for s in squares]
                return JSONResponse({"total": total, "stores": [], "squares": counts})
            stores = await stores_in(connection, box, wanted, limit=SINGLE_MAX)
        speaks = Words(speech_of(request))
        return JSONResponse({"total": total, "squares": [], "stores": [_told(store, speaks) for store in stores]})

    return routes


def _box(west: Degree, south: Degree, east: Degree, north: Degree) -> Box:
    return Box(west, south, east, north)


def _districts(visitor: Visitor, district: str) -> Sequence[str] | None:
    if not district:
        return visitor.places
    return [district] if visitor.sees(district) else []


def _told(store: StoreRow, speaks: Words) -> dict[str, object]:
    return {
        "name": store.name,
        "address": store.address,
        "industry": speaks.industry(store.industry),
        "code": store.industry,
        "lon": round(store.lon, 6),
        "lat": round(store.lat, 6),
        "hardship": store.hardship,
    }


def bounds_of_places(regions: Regions, places: Sequence[str] | None) -> tuple[float, float, float, float]:
    """West, south, east, north of some divisions, or of the city."""
    outlines = [d.outline.bounds for d in regions.divisions if places is None or d.adcode in places]
    west, south, east, north = zip(*outlines, strict=True)
    return min(west), min(south), max(east), max(north)


@cache
def _outlines(regions: Regions, language: Language) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {
                "adcode": d.adcode,
                "name": d.name_en if language is Language.ENGLISH else d.name,
                "label": mapping(_largest(d.outline).representative_point())["coordinates"],
            },
            "geometry": mapping(d.outline),
        }
        for d in regions.divisions
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def _largest(outline: BaseGeometry) -> BaseGeometry:
    # A division's name stands on its mainland, not on its farthest island.
    parts: list[BaseGeometry] = list(getattr(outline, "geoms", [outline]))
    return max(parts, key=lambda part: part.area)
