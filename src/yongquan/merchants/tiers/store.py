"""The tiers' SQL: grades by business month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.merchants.tiers.model import GridGrade, ShopGrade
from yongquan.merchants.views import OVER_A_COUNTER
from yongquan.plumbing.db import Connection

_SHOPS = f"""
select store_id, industry from merchants.store where state <> 'closed' and {OVER_A_COUNTER} order by store_id
"""
_LOCK = "lock table merchants.tier_month in share row exclusive mode"
_LATEST = "select max(month) from merchants.tier_month"
_FORGET = (
    "delete from merchants.shop_tier where month = %s",
    "delete from merchants.grid_tier where month = %s",
    "delete from merchants.tier_month where month = %s",
)
_MONTH = """
insert into merchants.tier_month (month, rule_no, grid_version, digest, seen_at, computed_at, computed_by, shops, grids)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_COPY_SHOPS = """
copy merchants.shop_tier (month, store_id, grid, peers, tier, score_bp, measures, ranks, visits_bp) from stdin
"""
_COPY_GRIDS = """
copy merchants.grid_tier (month, code, tier, score_bp, measures, ranks, shops, is_key, minutes_bp) from stdin
"""


@dataclass(frozen=True, slots=True)
class GradedMonth:
    """A month's grades: by which rules, over which grids, from takings as they stood when."""

    month: date
    rule_no: int
    grid_version: int | None
    digest: str
    seen_at: datetime
    computed_by: str


async def shops_to_grade(connection: Connection) -> list[tuple[UUID, str]]:
    """(store, industry) of every store that takes money over a counter and is not closed."""
    return [(row[0], row[1]) for row in await (await connection.execute(_SHOPS)).fetchall()]


async def latest_month(connection: Connection, *, lock: bool = False) -> date | None:
    """The last month that was graded; with `lock`, nobody else grades until the end of the transaction."""
    if lock:
        await connection.execute(_LOCK)
    row = await (await connection.execute(_LATEST)).fetchone()
    return row[0] if row else None


async def seen_at(connection: Connection, month: date) -> datetime | None:
    """As of when a month's takings were read."""
    row = await (
        await connection.execute("select seen_at from merchants.tier_month where month = %s", [month])
    ).fetchone()
    return row[0] if row else None


async def keep_month(
    connection: Connection,
    month: GradedMonth,
    shops: Sequence[ShopGrade],
    grids: Sequence[GridGrade],
    *,
    now: datetime,
) -> None:
    """Write a month's grades, in place of those it had."""
    for query in _FORGET:
        await connection.execute(query, [month.month])
    facts = [month.month, month.rule_no, month.grid_version, month.digest, month.seen_at, now, month.computed_by]
    await connection.execute(_MONTH, [*facts, len(shops), len(grids)])
    async with connection.cursor().copy(_COPY_SHOPS) as copy:
        for s in shops:
            row = (s.shop.store_id, s.shop.grid, s.peers, s.grade.tier, s.grade.score_bp)
            measures, ranks = list(s.grade.takings.measures), list(s.grade.ranks)
            await copy.write_row((month.month, *row, measures, ranks, s.visits_bp))
    async with connection.cursor().copy(_COPY_GRIDS) as copy:
        for g in grids:
            measures, ranks = list(g.grade.takings.measures), list(g.grade.ranks)
            rest = (measures, ranks, g.shops, g.is_key, g.minutes_bp)
            await copy.write_row((month.month, g.code, g.grade.tier, g.grade.score_bp, *rest))
