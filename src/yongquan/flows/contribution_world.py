"""Who is paid for which grids in a month: providers as they were assigned on its last day."""

from datetime import date, timedelta

from yongquan.flows.grade_shops import next_month
from yongquan.flows.pay_contribution import Territory
from yongquan.merchants.contribution.territories import assigned_on, inspections_passed
from yongquan.plumbing.clock import day_start
from yongquan.plumbing.db import Connection


async def territories(connection: Connection, month: date, *, today: date) -> list[Territory]:
    """Every provider with grids on the month's last day (or today), and the inspections that its shops passed."""
    until = next_month(month)
    passed = await inspections_passed(connection, day_start(month), day_start(until))
    return [
        Territory(str(one.provider_id), one.name, frozenset(one.grids), passed.get(one.provider_id, {}))
        for one in await assigned_on(connection, min(until - timedelta(days=1), today))
    ]
