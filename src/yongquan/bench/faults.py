"""`yongquan bench faults`: payments at banks that lose answers, are down, slow or answer twice; then all must agree."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import uvloop
from rich.console import Console

from yongquan.app import Platform, running
from yongquan.bench.machine import describe_machine
from yongquan.bench.payments import claim_all
from yongquan.bench.scratch import books_hold, scratch
from yongquan.flows.resolve_payments import Resolver
from yongquan.flows.take_payment import Order
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import bucket_of
from yongquan.plumbing.settings import Settings
from yongquan.simulation.seeding import BANKS, THRESHOLD_FEN, Seeder, Seeding

PAYMENTS: Final = 20_000
AT_ONCE: Final = 400
# Lost answers 5 %, requests that never arrive 1 %, answers twice 2 %, slow 5 %.
FAULTS: Final = {
    "lose_answer_rate_bp": 500,
    "drop_rate_bp": 100,
    "duplicate_rate_bp": 200,
    "slow_rate_bp": 500,
    "slow_ms": 300,
}
OUTAGE_S: Final = 1.0
SWEEPS_MAX: Final = 200

_OPEN = "select count(*) from payments.payment where state in ('charging', 'unknown')"
_REVERSALS = "select count(*), coalesce(sum(tries), 0)::int from payments.reversal"
_BY_STATE = "select state, count(*) from payments.payment group by state"
_OURS = """
select payment_id::text, charged_fen from payments.payment
 where issuer = %s and state = 'succeeded' and charged_fen > 0
"""
_DAYS = "select distinct settlement_date from payments.payment"
_say = Console(stderr=True).print


@dataclass(frozen=True, slots=True)
class Trial:
    """What the payments came to. `unequal` counts payments that a bank and we tell differently."""

    states: dict[str, int]
    unknown_before: int
    unknown: int
    reversals: int
    reversal_messages: int
    unequal: int
    banks_balanced: bool
    ledger_balanced: bool
    seconds: float
    dealt: dict[str, int]


def bench_faults() -> dict[str, Any]:
    """Pay 20,000 times under faults and return what became of it."""
    with scratch(with_sandbox=True) as made:
        trial = uvloop.run(try_faults(made.settings, made.conninfo, PAYMENTS))
    return {
        "payments": sum(trial.states.values()),
        "states": trial.states,
        "faults": trial.dealt,
        "unknown_before_asking": trial.unknown_before,
        "unknown": trial.unknown,
        "reversals": trial.reversals,
        "reversal_messages": trial.reversal_messages,
        "unequal_to_banks": trial.unequal,
        "banks_balanced": trial.banks_balanced,
        "ledger_balanced": trial.ledger_balanced,
        "seconds": round(trial.seconds, 1),
        "machine": describe_machine(),
    }


async def try_faults(settings: Settings, conninfo: str, payments: int) -> Trial:
    """Seed a city, pay so often under faults, ask until nothing is open, and compare with the banks."""
    async with running(settings, conninfo, cells=1) as platform:
        await platform.links.ready(timeout_s=30)
        orders = await seed_orders(platform, payments=payments, citizens=max(payments // 4, 1), stores=50)
        _say(f"{payments:,} payments at banks with faults ..")
        await _switch(platform, FAULTS)
        started = time.monotonic()
        await asyncio.gather(pay_all(platform, orders), _break_a_line(platform))
        unknown_before = await _count(platform, _OPEN)
        await _switch(platform, {})
        _say(f"{unknown_before:,} are unknown; asking the banks ..")
        await _ask_until_known(platform)
        return await _compare(platform, unknown_before=unknown_before, seconds=time.monotonic() - started)


async def seed_orders(platform: Platform, *, payments: int, citizens: int, stores: int) -> list[Order]:
    """A new city's payments to come: each citizen's first one uses a voucher."""
    seeder = Seeder(platform.sealing, platform.tokens, platform.links, 1, platform.clock.now())
    made: dict[str, Any] = await seeder.seed(platform.database, Seeding(citizens, 1, citizens, stores))
    await claim_all(platform, made)
    people, shops = made["citizens"], made["stores"]
    return [_order(people[n % citizens], shops[n % stores], with_voucher=n < citizens) for n in range(payments)]


def _order(person: dict[str, str], store: dict[str, str], *, with_voucher: bool) -> Order:
    citizen_id = UUID(person["citizen_id"])
    return Order(
        caller_id=citizen_id,
        key=uuid4(),
        body_hash=uuid4(),
        bucket=bucket_of(citizen_id),
        store_id=UUID(store["store_id"]),
        amount_fen=2 * THRESHOLD_FEN,
        citizen_id=citizen_id,
        instrument_id=UUID(person["instrument_id"]),
        vouchers=None if with_voucher else (),
    )


async def pay_all(platform: Platform, orders: Sequence[Order]) -> None:
    """Pay them, a few hundred at a time; how each ends is in the tables."""
    waiting = iter(orders)

    async def till() -> None:
        for order in waiting:
            await platform.payments.take(order)

    await asyncio.gather(*(till() for _ in range(AT_ONCE)))


async def _break_a_line(platform: Platform) -> None:
    """In the midst of it one bank is gone for a second, with all that it was asked."""
    await asyncio.sleep(OUTAGE_S)
    await _switch(platform, FAULTS | {"down": "refuse"}, BANKS[:1])
    await asyncio.sleep(OUTAGE_S)
    await _switch(platform, FAULTS, BANKS[:1])


async def _switch(platform: Platform, faults: dict[str, Any], banks: Sequence[str] = BANKS) -> None:
    for place, code in enumerate(banks):
        async with platform.links.client(code) as bank:
            await bank.switch_faults(faults | ({"seed": place} if faults else {}))


async def _ask_until_known(platform: Platform) -> None:
    resolver, at_once = Resolver(platform.payments, platform.switch), timedelta(0)
    await platform.links.ready(timeout_s=30)
    for _ in range(SWEEPS_MAX):
        # A second ahead, so that what was asked about just now is asked about again.
        now = platform.clock.now() + timedelta(seconds=1)
        try:
            await resolver.sweep(now=now, patience=at_once, ask_again=at_once)
        except Outage as outage:
            _say(f"asking again: {outage}")
        if not await _count(platform, _OPEN):
            return


async def _compare(platform: Platform, *, unknown_before: int, seconds: float) -> Trial:
    async with platform.database.transaction() as connection:
        states = dict(await (await connection.execute(_BY_STATE)).fetchall())
        reversals = await (await connection.execute(_REVERSALS)).fetchone() or (0, 0)
        days = [row[0] for row in await (await connection.execute(_DAYS)).fetchall()]
    unequal, balanced, dealt = 0, True, Counter[str]()
    for code in BANKS:
        async with platform.database.transaction() as connection:
            ours = dict(await (await connection.execute(_OURS, [code])).fetchall())
        theirs = await _debits(platform, code, days)
        unequal += len(ours.items() ^ theirs.items())
        async with platform.links.client(code) as bank:
            balanced = balanced and (await bank.proof()).balanced
            dealt.update((await bank.faults_dealt()).dealt)
    return Trial(
        states=states,
        unknown_before=unknown_before,
        unknown=await _count(platform, _OPEN),
        reversals=reversals[0],
        reversal_messages=reversals[1],
        unequal=unequal,
        banks_balanced=balanced,
        ledger_balanced=await books_hold(platform),
        seconds=seconds,
        dealt=dict(dealt),
    )


async def _debits(platform: Platform, code: str, days: Sequence[date]) -> dict[str, int]:
    """What a bank took from its customers and did not give back, by payment."""
    found: dict[str, int] = {}
    async with platform.links.client(code) as bank:
        for day in days:
            after: int | None = 0
            while after is not None:
                page = await bank.transactions(day, after=after)
                for one in page.transactions:
                    if one.kind == "purchase" and one.state == "approved":
                        found[one.payment_id] = found.get(one.payment_id, 0) + one.amount_fen
                after = page.next
    return found


async def _count(platform: Platform, question: str) -> int:
    async with platform.database.transaction() as connection:
        row = await (await connection.execute(question)).fetchone()
    return int(row[0]) if row else 0
