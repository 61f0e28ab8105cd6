"""Every morning one page: what yesterday came to, and what today and tomorrow bring."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

from psycopg.types.json import Jsonb

from yongquan.flows.watch_day import watch_day
from yongquan.flows.watch_effect import Part, watch_effect
from yongquan.plumbing.clock import SHANGHAI, business_day, day_start
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.board import rounds_on_board
from yongquan.vouchers.outlook import expiring_on
from yongquan.vouchers.retail import latest_retail, ranked

BRIEF_AT = clock_time(6, 0)
ROWS = 6
_SAVE = "insert into flows.brief (day, facts, made_at) values (%s, %s, %s) on conflict (day) do nothing"
_READ = "select day, facts, made_at from flows.brief where day = %s"
_DAYS = "select day from flows.brief order by day desc limit 60"


@dataclass(frozen=True, slots=True)
class Brief:
    """The page of a business day as it was made; `facts` are plain values, amounts in fen."""

    day: date
    facts: dict[str, Any]
    made_at: datetime


async def brief_morning(database: Database, *, now: datetime) -> bool:
    """Make the brief of the last business day, from six in the morning; False if there is nothing to do.

    Any number of processes may call it: a day has one brief, and it never changes.
    """
    if now.astimezone(SHANGHAI).time() < BRIEF_AT:
        return False
    yesterday = business_day(now) - timedelta(days=1)
    async with database.transaction() as connection:
        if await brief_of(connection, yesterday) is not None:
            return False
        facts = await facts_of_day(connection, yesterday, now=now)
        done = await connection.execute(_SAVE, [yesterday, Jsonb(facts), now])
        return done.rowcount == 1


async def brief_of(connection: Connection, day: date) -> Brief | None:
    """The brief of a day, None if none was made."""
    row = await (await connection.execute(_READ, [day])).fetchone()
    return Brief(*row) if row else None


async def brief_days(connection: Connection) -> list[date]:
    """The days with a brief, the latest first."""
    return [row[0] for row in await (await connection.execute(_DAYS)).fetchall()]


async def facts_of_day(connection: Connection, day: date, *, now: datetime) -> dict[str, Any]:
    """What the brief of a day says."""
    watch = await watch_day(connection, day, places=None)
    whole = await watch_effect(connection, None, places=None, since=day, until=day + timedelta(days=1))
    campaigns = await watch_effect(connection, "campaign", places=None, since=day, until=day + timedelta(days=1))
    today = day + timedelta(days=1)
    rounds = await rounds_on_board(connection, places=None)
    starts, ends = day_start(today), day_start(today + timedelta(days=1))
    opening = [r for r in rounds if r.state == "published" and starts <= r.opens_at < ends]
    tomorrow = await expiring_on(connection, today + timedelta(days=1))
    retail = ranked(await latest_retail(connection))
    return {
        "claimed": watch.claimed,
        "claimed_fen": watch.claimed_fen,
        "redemption_bp": watch.redemption_bp,
        "payments": watch.payments,
        "with_voucher": watch.with_voucher,
        "amount_fen": watch.amount_fen,
        "subsidy_fen": watch.subsidy_fen,
        "unanswered": watch.unanswered,
        "pull_hundredths": whole[0].pull_hundredths if whole else None,
        "pull_without_cars_hundredths": whole[0].pull_without_cars_hundredths if whole else None,
        "campaigns": [_campaign(part) for part in campaigns[:ROWS]],
        "opening": [
            {"name": r.name, "name_en": r.name_en, "opens_at": r.opens_at.isoformat(), "stock": r.stock}
            for r in sorted(opening, key=lambda r: (r.opens_at, r.name))[:ROWS]
        ],
        "opening_count": len(opening),
        "expiring": tomorrow.vouchers,
        "expiring_fen": tomorrow.amount_fen,
        "retail": {
            "month": f"{retail[-1].month:%Y-%m}",
            "growth_bp": retail[-1].growth_bp,
            "rank": retail[-1].rank,
            "of": retail[-1].of,
        }
        if retail
        else None,
        "made_at": now.isoformat(),
    }


def _campaign(part: Part) -> dict[str, Any]:
    return {
        "code": part.key,
        "claimed": part.claimed,
        "redemption_bp": part.redemption_bp,
        "subsidy_fen": part.subsidy_fen,
        "order_fen": part.order_fen,
        "pull_hundredths": part.pull_hundredths,
    }
