"""`yongquan bench settle`: a day's payments cleared and its shops paid, against one statement that adds them up."""

import asyncio
import time
from statistics import median
from typing import Any, Final

import psycopg
import uvloop
from rich.console import Console

from yongquan.app import running
from yongquan.bench.faults import pay_all, seed_orders
from yongquan.bench.machine import describe_machine, measure_fsync_us
from yongquan.bench.scratch import books_hold, scratch, settle_down
from yongquan.flows.clear_day import DayReport
from yongquan.payments.clearing import DayState
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.settings import Settings

PAYMENTS: Final = 60_000
STORES: Final = 10_000
TURNS: Final = 3
PATIENCE_S: Final = 900.0

_ADD_UP = """
create table sums as
select p.settlement_date, p.store_id, p.issuer, s.funder_id, count(*) as payments,
       sum(p.charged_fen) as charged_fen, sum(s.amount_fen) as subsidy_fen
  from payments.payment p left join payments.share s using (cell, payment_id)
 where p.state = 'succeeded' group by 1, 2, 3, 4
"""
_say = Console(stderr=True).print


def bench_settle() -> dict[str, Any]:
    """Pay, clear the day, and return the benchmark's document."""
    with scratch(with_sandbox=True) as made:
        report, seconds, adding_s, balanced = uvloop.run(_pay_and_clear(made.settings, made.conninfo))
        if report.state is not DayState.SETTLED:
            raise LookupError(f"the day is {report.state} and waits for {report.waiting_for}: nothing to publish")
        return {
            "settle_s": round(seconds, 2),
            "payments": PAYMENTS,
            "payments_per_s": round(PAYMENTS / seconds),
            "stores_paid": report.settled.stores,
            "paid_fen": report.settled.paid_fen,
            "adding_up_s": round(adding_s, 3),
            "ratio_adding_up": round(seconds / adding_s, 1),
            "ledger_balanced": balanced,
            "fsync_us": measure_fsync_us(made.folder),
            "machine": describe_machine(),
        }


async def _pay_and_clear(settings: Settings, conninfo: str) -> tuple[DayReport, float, float, bool]:
    async with running(settings, conninfo, cells=1) as platform:
        await platform.links.ready(timeout_s=30)
        orders = await seed_orders(platform, payments=PAYMENTS, citizens=PAYMENTS, stores=STORES)
        _say(f"{PAYMENTS:,} payments at {STORES:,} stores ..")
        await pay_all(platform, orders)
        adding_s = await asyncio.to_thread(_add_up, conninfo)
        _say(f"one statement adds them up in {adding_s:.2f} s; clearing ..")
        started = time.monotonic()
        report = await platform.clearing.clear_day(business_day(platform.clock.now()), patience_s=PATIENCE_S)
        seconds = time.monotonic() - started
        return report, seconds, adding_s, await books_hold(platform)


def _add_up(conninfo: str) -> float:
    """Median seconds of the least any design does: read the day, add up by store, issuer and funder, write."""
    taken = []
    settle_down(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for _ in range(TURNS):
            started = time.monotonic()
            connection.execute(_ADD_UP)
            taken.append(time.monotonic() - started)
            connection.execute("drop table sums")
    return median(taken)
