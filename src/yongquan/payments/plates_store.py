"""The payments room's SQL for plates that pay their parking, and for cars in merchants' car parks."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

COLORS: Final = ("BLUE", "GREEN", "YELLOW", "BLACK", "WHITE", "LIMEGREEN")
WHAT: Final = "plate"
_PLATE = re.compile(r"[\u4e00-\u9fff][A-Z][0-9A-Z]{5,6}")
_OPEN = """
insert into payments.plate (plate_index, color, plate_sealed, citizen_id, instrument_id, opened_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (plate_index, color) do update
   set citizen_id = excluded.citizen_id, instrument_id = excluded.instrument_id, opened_at = excluded.opened_at
 where %s or payments.plate.citizen_id = excluded.citizen_id returning 1
"""
_FIND = "select citizen_id, instrument_id, opened_at from payments.plate where plate_index = %s and color = %s"
_OF = (
    "select plate_sealed, color, instrument_id, opened_at from payments.plate where citizen_id = %s order by opened_at"
)
_CLOSE = "delete from payments.plate where plate_index = %s and color = %s and citizen_id = %s"
_ENTER = """
insert into payments.parking (parking_id, mchid, out_parking_no, plate_index, color, entered_at)
values (%s, %s, %s, %s, %s, %s)
"""
_PARKED = "select 1 from payments.parking where parking_id = %s and mchid = %s and plate_index = %s and color = %s"


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate as it is written, and its colour."""

    number: str
    color: str

    def index(self, sealing: Sealing) -> bytes:
        return sealing.index(self.number, what=WHAT)


@dataclass(frozen=True, slots=True)
class PlateService:
    """Who pays for a plate's parking, with what, since when."""

    citizen_id: UUID
    instrument_id: UUID
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class OwnPlate:
    """A citizen's plate."""

    plate: Plate
    instrument_id: UUID
    opened_at: datetime


def read_plate(text: str, color: str) -> Plate | None:
    """A plate as people type it; None if it cannot be one."""
    number = re.sub(r"[\s·.\-]", "", text).upper()
    return Plate(number, color) if _PLATE.fullmatch(number) and color in COLORS else None


async def open_plate(
    connection: Connection, sealing: Sealing, plate: Plate, service: PlateService, *, takes_over: bool = False
) -> bool:
    """Have a plate's parking paid by a citizen; False if it is another's and is not taken over."""
    row = (plate.index(sealing), plate.color, sealing.seal(plate.number, what=WHAT))
    values = [*row, service.citizen_id, service.instrument_id, service.opened_at, takes_over]
    return await (await connection.execute(_OPEN, values)).fetchone() is not None


async def service_of(connection: Connection, sealing: Sealing, plate: Plate) -> PlateService | None:
    """Who pays for a plate."""
    row = await (await connection.execute(_FIND, [plate.index(sealing), plate.color])).fetchone()
    return None if row is None else PlateService(*row)


async def plates_of(connection: Connection, sealing: Sealing, citizen_id: UUID) -> list[OwnPlate]:
    """A citizen's plates, the first opened first."""
    rows = await (await connection.execute(_OF, [citizen_id])).fetchall()
    return [OwnPlate(Plate(sealing.open(bytes(row[0]), what=WHAT), row[1]), row[2], row[3]) for row in rows]


async def close_plate(connection: Connection, sealing: Sealing, plate: Plate, citizen_id: UUID) -> None:
    """A citizen's plate pays no more."""
    await connection.execute(_CLOSE, [plate.index(sealing), plate.color, citizen_id])


async def note_parking(
    connection: Connection, sealing: Sealing, parking_id: UUID, *, merchant: tuple[str, str], plate: Plate, at: datetime
) -> None:
    """A car drove in; `merchant` is its number and its own number of the entry."""
    await connection.execute(_ENTER, [parking_id, *merchant, plate.index(sealing), plate.color, at])


async def is_parked(connection: Connection, sealing: Sealing, parking_id: UUID, *, mchid: str, plate: Plate) -> bool:
    """Whether the entry is this merchant's and this plate's."""
    values = [parking_id, mchid, plate.index(sealing), plate.color]
    return await (await connection.execute(_PARKED, values)).fetchone() is not None
