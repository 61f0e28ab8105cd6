"""What grids are made of: H3 cells, each within one division. Degrees are WGS-84."""

from dataclasses import dataclass
from typing import NamedTuple


class CellKey(NamedTuple):
    """A cell of the H3 index and the division it counts for: a cell across a border is two cells here."""

    h3: str
    adcode: str


@dataclass(frozen=True, slots=True)
class Shop:
    """What the work at a shop depends on, and where it is; `served_bp` is how much it is served, of the usual."""

    lon: float
    lat: float
    adcode: str
    industry: str
    hardship: bool = False
    served_bp: int = 10_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with its centre, its shops and its work in minutes a quarter, of which `ground` is for walking it."""

    key: CellKey
    lon: float
    lat: float
    stores: int
    minutes: int
    ground: int
