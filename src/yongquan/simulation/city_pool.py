"""The demo city's merchant pool: which shops agreed, who may look, a saved version; and the month's first grades.

Nothing of this touches a payment: the day's counts stay as they are.
"""

import random
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yongquan.flows.contribution_world import territories
from yongquan.flows.grade_shops import grade_month
from yongquan.flows.pay_contribution import draw_statements
from yongquan.flows.use_pool import Saving, save_pool
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.pool import TEXT_NO, Bounds, Wanted
from yongquan.merchants.pool.store import consent_all, grant
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database

ACTOR = "command:demo"
AGREED = 0.6
# Who may look: the city's bureau and one division's in all trades, a bank at the trades of eating and shopping.
GRANTS = (
    ("bureau-330200", Bounds(), "全市消费券选店"),
    ("bureau-330203", Bounds(adcodes=("330203",)), "海曙区消费券选店"),
    ("zhenlan", Bounds(industries=("dining", "supermarket", "convenience")), "银行卡优惠选店"),
)


async def draw_first_statements(database: Database, *, now: datetime) -> None:
    """Draw up the running month's statements of the demo's providers, for the time being."""
    month = business_day(now).replace(day=1)
    async with database.transaction() as connection:
        found = await territories(connection, month, today=business_day(now))
    await draw_statements(database, found, month, actor=ACTOR, now=now, real_now=now)


async def open_pool(database: Database, stores: Sequence[UUID], *, seed: int, now: datetime) -> None:
    """Let shops agree, grant three holders, and grade the month as it stands."""
    dice = random.Random(f"{seed}:pool")  # noqa: S311 - a simulated choice
    agreed = [store for store in stores if dice.random() < AGREED]
    async with database.transaction() as connection:
        await consent_all(connection, agreed, TEXT_NO, actor=ACTOR, now=now)
        for holder, bounds, reason in GRANTS:
            grant_id = named_id("demo-grant", seed, holder)
            await grant(connection, grant_id, holder, bounds, reason=reason, actor=ACTOR, now=now)
    await grade_month(database, business_day(now).replace(day=1), actor=ACTOR, now=now, real_now=now)
    saving = Saving("bureau-330200", "全市餐饮", Wanted(industries=("dining",)), f"demo-{seed}", ACTOR)
    try:
        await save_pool(database, saving, now=now)
    except Refusal:
        return  # a very small city has too few shops for a version
