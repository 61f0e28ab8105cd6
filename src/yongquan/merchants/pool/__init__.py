"""The merchant pool 可营销商户池: shops that agreed to be named for campaigns, and who may look (docs/pool.md)."""

from yongquan.merchants.pool.model import (
    BANDS,
    SMALL,
    TEXT_NO,
    Bounds,
    NotInPool,
    PoolClosed,
    TooFewShops,
    Wanted,
)

__all__ = ["BANDS", "SMALL", "TEXT_NO", "Bounds", "NotInPool", "PoolClosed", "TooFewShops", "Wanted"]
