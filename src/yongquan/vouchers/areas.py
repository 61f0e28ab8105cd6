"""Areas of funders: named outlines that may overlap divisions, such as a functional zone or a shopping street."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from shapely.errors import ShapelyError
from shapely.geometry import shape

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import Connection

_PUT = """
insert into vouchers.area as a (code, name, name_en, funder_id, outline, changed_at)
values (%s, %s, %s, %s, %s, %s)
    on conflict (code) do update set name = excluded.name, name_en = excluded.name_en,
       funder_id = excluded.funder_id, outline = excluded.outline, changed_at = excluded.changed_at
 where (a.name, a.name_en, a.funder_id, a.outline) is distinct from
       (excluded.name, excluded.name_en, excluded.funder_id, excluded.outline)
"""
# Every process reloads the rounds that look at these areas.
_TOUCH_ROUNDS = """
update vouchers.round r set version = version + 1
 where jsonb_exists_any(r.door -> 'areas', %(codes)s)
    or exists (select from vouchers.voucher_type t
                where t.round_id = r.round_id and jsonb_exists_any(t.use -> 'areas', %(codes)s))
"""
_ALL = "select code, name, name_en, funder_id, outline, changed_at from vouchers.area order by code"
_SOME = "select code, name, name_en, funder_id, outline, changed_at from vouchers.area where code = any (%s)"


@dataclass(frozen=True, slots=True)
class Area:
    """A named outline (a GeoJSON geometry, WGS-84); `funder_id` says whose it is, None is anybody's."""

    code: str
    name: str
    name_en: str
    outline: Mapping[str, Any]
    funder_id: str | None = None
    changed_at: datetime | None = None


def read_areas(file: Path) -> list[Area]:
    """The features of a GeoJSON file, with `code`, `name`, `name_en` and perhaps `funder_id`. Raises `BadInput`."""
    try:
        features = msgspec.json.decode(file.read_bytes())["features"]
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from error
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise BadInput(f"{file}: this is no GeoJSON feature collection") from error
    areas = [_read_area(file, number, feature) for number, feature in enumerate(features, start=1)]
    codes = [area.code for area in areas]
    for code in codes:
        if codes.count(code) > 1:
            raise BadInput(f"{file}: the code {code} is there twice")
    return areas


async def save_areas(connection: Connection, areas: Sequence[Area], *, now: datetime) -> int:
    """Write areas, new or changed, and say how many were. Rounds that look at them are reloaded everywhere."""
    changed = []
    for a in areas:
        values = [a.code, a.name, a.name_en, a.funder_id, Jsonb(dict(a.outline)), now]
        if (await connection.execute(_PUT, values)).rowcount:
            changed.append(a.code)
    await connection.execute(_TOUCH_ROUNDS, {"codes": changed})
    return len(changed)


async def areas_of(connection: Connection, codes: Iterable[str] | None = None) -> list[Area]:
    """Some areas, or all."""
    cursor = await (connection.execute(_ALL) if codes is None else connection.execute(_SOME, [list(codes)]))
    return [Area(row[0], row[1], row[2], row[4], row[3], row[5]) for row in await cursor.fetchall()]


def _read_area(file: Path, number: int, feature: Any) -> Area:
    where = f"{file}: feature {number}"
    try:
        told = feature["properties"]
        texts = [told[name] for name in ("code", "name", "name_en")]
        outline = feature["geometry"]
        drawn = shape(outline)
    except (KeyError, TypeError, ValueError, AttributeError, ShapelyError) as error:
        raise BadInput(f"{where} needs properties code, name, name_en and a geometry") from error
    for name, text in zip(("code", "name", "name_en"), texts, strict=True):
        if not isinstance(text, str) or not text.strip():
            raise BadInput(f"{where}: {name} is no text")
    if drawn.geom_type not in {"Polygon", "MultiPolygon"} or not drawn.is_valid:
        raise BadInput(f"{where}: geometry is no valid polygon")
    code, name, name_en = texts
    return Area(code, name, name_en, outline, told.get("funder_id"))
