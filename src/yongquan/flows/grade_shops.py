"""Once a month shops and grids are graded by what they took; anybody can read why."""

import asyncio
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from yongquan.kernel.errors import BadInput
from yongquan.merchants.grids.store import grids_of_stores, version_on
from yongquan.merchants.rulebooks.store import RuleKind, rules_on
from yongquan.merchants.tiers import FIRST_RULES, ShopFacts, Takings, grade_grids, grade_shops, read_tier_rules
from yongquan.merchants.tiers import store as tiers
from yongquan.payments.takings import Period, takings_of_stores, users_of_groups
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database

# A month is graded on its second day after: payments of unknown outcome are resolved by then.
GRADED_ON = 2
BACKGROUND = "background:tiers"


@dataclass(frozen=True, slots=True)
class Graded:
    """What came of it."""

    month: date
    rule_no: int
    digest: str
    shops: int
    grids: int
    key_grids: int


async def grade_month(database: Database, month: date, *, actor: str, now: datetime, real_now: datetime) -> Graded:
    """Grade a business month (its first day) from payments as they stand; again in place of what was there.

    Once a later month is graded, a month stays as it is. `now` is the product's time. Raises `BadInput`.
    """
    if month.day != 1 or month > business_day(now):
        raise BadInput(f"{month}: name the first day of a month that has begun")
    async with database.transaction() as connection:
        version = await rules_on(connection, RuleKind.TIERS, month)
        rules = read_tier_rules(version.document if version else FIRST_RULES)
        day = min(next_month(month) - timedelta(days=1), business_day(now))
        shops, users = await _facts(connection, month, day, seen_at=now)
        grid_version = await version_on(connection, day)
    graded = await asyncio.to_thread(grade_shops, shops, rules)
    takings, counts = _by_grid(shops, users)
    grids = await asyncio.to_thread(grade_grids, takings, counts, rules)
    rule_no = version.version_no if version else 0
    digest = _digest(version.digest if version else FIRST_RULES, shops)
    kept = tiers.GradedMonth(month, rule_no, grid_version, digest, now, actor)
    async with database.transaction() as connection:
        latest = await tiers.latest_month(connection, lock=True)
        if latest is not None and latest > month:
            raise BadInput(f"{month:%Y-%m} stays as it is: {latest:%Y-%m} is graded")
        await tiers.keep_month(connection, kept, graded, grids, now=real_now)
        entry = AuditEntry(
            actor=actor, action="tiers.graded", subject=f"tiers:{month:%Y-%m}", after={"rules": rule_no, "sha": digest}
        )
        await append(connection, entry, now=real_now)
    return Graded(month, rule_no, digest, len(graded), len(grids), sum(grid.is_key for grid in grids))


async def grade_what_is_due(database: Database, *, now: datetime, real_now: datetime) -> bool:
    """Grade the last whole month from its second day after on; False if there is nothing to do."""
    today = business_day(now)
    if today.day < GRADED_ON:
        return False
    month = last_month(today)
    async with database.transaction() as connection:
        latest = await tiers.latest_month(connection)
        done = latest is not None and (latest > month or (latest == month and await _is_final(connection, month)))
    if not done:
        await grade_month(database, month, actor=BACKGROUND, now=now, real_now=real_now)
    return not done


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def last_month(day: date) -> date:
    """The first day of the month before a day's."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


async def _is_final(connection: Connection, month: date) -> bool:
    # A month may have been graded while it ran: that was for the time being.
    seen = await tiers.seen_at(connection, month)
    return seen is not None and business_day(seen) >= next_month(month)


async def _facts(
    connection: Connection, month: date, day: date, *, seen_at: datetime
) -> tuple[list[ShopFacts], dict[str, int]]:
    stores = await tiers.shops_to_grade(connection)
    grids = await grids_of_stores(connection, day, [store_id for store_id, _ in stores])
    period = Period(month, next_month(month), seen_at)
    took = await takings_of_stores(connection, period)
    users = await users_of_groups(connection, period, {store_id: grid for store_id, grid in grids.items() if grid})
    shops = []
    for store_id, industry in stores:
        one = took.get(store_id)
        takings = Takings(one.payments, one.kept_fen, one.days, one.payers) if one else Takings()
        shops.append(ShopFacts(store_id, industry, grids.get(store_id, ""), takings))
    return shops, users


def _by_grid(shops: list[ShopFacts], users: dict[str, int]) -> tuple[dict[str, Takings], dict[str, int]]:
    # A grid's activity is the days its shops traded, added up; its users are counted once each.
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for shop in shops:
        if shop.grid:
            one = shop.takings
            sums[shop.grid].update(shops=1, trade=one.trade, income=one.income, activity=one.activity)
    takings = {code: Takings(s["trade"], s["income"], s["activity"], users.get(code, 0)) for code, s in sums.items()}
    return takings, {code: s["shops"] for code, s in sums.items()}


def _digest(rules: str, shops: list[ShopFacts]) -> str:
    sha = hashlib.sha256(rules.encode())
    for shop in shops:
        sha.update(f"{shop.store_id}|{shop.industry}|{shop.grid}|{shop.takings.measures}\n".encode())
    return sha.hexdigest()
