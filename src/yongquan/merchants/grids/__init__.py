"""Grids (网格): the city's ground cut into pieces of even work, each inside one division.

`drawing` computes them, pure; `store` keeps their dated versions.
"""

from yongquan.merchants.grids.drawing import (
    GRIDS,
    Balance,
    Drawing,
    balance_of,
    draw_grids,
    rebalance,
)
from yongquan.merchants.grids.model import Cell, CellKey, Shop

__all__ = [
    "GRIDS",
    "Balance",
    "Cell",
    "CellKey",
    "Drawing",
    "Shop",
    "balance_of",
    "draw_grids",
    "rebalance",
]
