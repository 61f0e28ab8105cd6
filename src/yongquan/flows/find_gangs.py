"""Search the platform's last days for gangs, vest-changers, relocated terminals and gambling merchants."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from uuid import UUID

import polars as pl

from yongquan.citizens.views import facts_of_people
from yongquan.flows.warn_institutions import Suspicion, warn_institutions
from yongquan.merchants.risk_views import marks_of_shops
from yongquan.payments.dealings import Dealing, dealings_between
from yongquan.plumbing.clock import SHANGHAI, business_day, day_start
from yongquan.plumbing.db import Connection, Database
from yongquan.risk.findings import Finding, FindingKind, Party
from yongquan.risk.graph.dealings import Dealings, ShopFacts, ties_of, ties_of_shops
from yongquan.risk.graph.graph import Graph, Tie
from yongquan.risk.graph.store import (
    PLATFORM,
    begin_search,
    end_search,
    save_findings,
    save_ties,
    ties_between,
)
from yongquan.risk.search import DAYS, search_days
from yongquan.risk.warnings.model import REASONS, SubjectKind, WarningKind, WarningLevel
from yongquan.vouchers.claim_devices import devices_of_vouchers

# The quietest hour of the business day; a search that was broken off is begun again after a while.
SEARCHED_FROM = clock_time(4, 0)
BROKEN_OFF = timedelta(hours=1)
# What is drawn around a gang: what several of its parties share.
DRAWN_MAX = 400
SHARED_MIN = 2
WARNED = {
    FindingKind.CASH_OUT_GANG: (WarningKind.GANG, SubjectKind.GANG),
    FindingKind.RELOCATED_TERMINAL: (WarningKind.RELOCATED, SubjectKind.TERMINAL),
    FindingKind.GAMBLING_MERCHANT: (WarningKind.GAMBLING, SubjectKind.STORE),
}
LEVELS = ((8_000, WarningLevel.HIGH), (5_000, WarningLevel.MEDIUM), (0, WarningLevel.LOW))
NOT_DRAWN = frozenset({"moment", "redeem", "redeem_span", "large", "large_span", "payback"})


async def find_gangs(database: Database, day: date, *, now: datetime) -> list[Finding]:
    """Search the `DAYS` business days up to `day` and keep what is found; a day searched again is replaced.

    The day's ties are added to those of the days before. `now` is UTC. Terminals, positions and networks are not part
    of the platform's payments: relocation needs a file of events that has them. The institutions concerned are warned,
    once for each thing found.
    """
    async with database.transaction() as connection:
        dealings, shops = await _read(connection, day)
        last = dealings.between(_us(day), _us(day + timedelta(days=1)))
        await save_ties(connection, day, ties_of(last))
        first = day - timedelta(days=DAYS - 1)
        ties = await ties_between(connection, first, day)
    findings = await asyncio.to_thread(search_days, dealings, shops, ties=ties)
    drawn = with_ties(findings, [*ties, *ties_of_shops(shops)])
    async with database.transaction() as connection:
        await save_findings(connection, day, drawn, source=PLATFORM, now=now)
        for finding in findings:
            if (suspicion := _suspicion(finding)) is not None:
                await warn_institutions(connection, suspicion, now=now)
    return findings


async def find_gangs_nightly(database: Database, *, now: datetime) -> bool:
    """Search up to yesterday, from four in the morning on; False if there is nothing to do.

    Any number of processes may call it: one of them searches a day, once. A search that broke off is taken up again
    after an hour; nights that nobody was there to search are not made up for, as each search looks back over a week.
    """
    if now.astimezone(SHANGHAI).time() < SEARCHED_FROM:
        return False
    day = last_whole_day(now)
    async with database.transaction() as connection:
        if not await begin_search(connection, day, broken_off=now - BROKEN_OFF, now=now):
            return False
    found = await find_gangs(database, day, now=now)
    async with database.transaction() as connection:
        await end_search(connection, day, findings=len(found), now=now)
    return True


def last_whole_day(now: datetime) -> date:
    """Yesterday, by the business calendar."""
    return business_day(now) - timedelta(days=1)


def with_ties(findings: Sequence[Finding], ties: Iterable[Tie]) -> list[tuple[Finding, list[Tie]]]:
    """Each finding with the ties among its parties and to what at least two of them share."""
    graph = list(Graph(ties))
    drawn = []
    for finding in findings:
        parties = frozenset(finding.parties)
        own = [tie for tie in graph if tie.one in parties and tie.other.kind not in NOT_DRAWN]
        sharers: dict[Party, set[Party]] = {}
        for tie in own:
            sharers.setdefault(tie.other, set()).add(tie.one)
        kept = [tie for tie in own if tie.other in parties or len(sharers[tie.other]) >= SHARED_MIN]
        drawn.append((finding, sorted(kept, key=lambda tie: (-tie.weight, tie))[:DRAWN_MAX]))
    return drawn


async def _read(connection: Connection, day: date) -> tuple[Dealings, tuple[ShopFacts, ...]]:
    start, end = day_start(day - timedelta(days=DAYS - 1)), day_start(day + timedelta(days=1))
    rows = await dealings_between(connection, start, end)
    devices = await devices_of_vouchers(connection, [voucher for row in rows for voucher in row.voucher_ids])
    people = await facts_of_people(connection, list({row.citizen_id for row in rows}))
    homes = {citizen: facts.home_adcode or "" for citizen, facts in people.items()}
    used = [next((devices[v] for v in row.voucher_ids if v in devices), "") for row in rows]
    shops = tuple(
        ShopFacts(
            store=str(shop.store_id),
            name=shop.name,
            licence=shop.licence,
            operator=shop.operator,
            account=shop.account,
            adcode=shop.adcode,
            lon=shop.lon,
            lat=shop.lat,
            since_us=round(shop.registered_at.timestamp() * 1e6),
        )
        for shop in await marks_of_shops(connection)
    )
    return Dealings.of(_frame(rows, used, [homes.get(row.citizen_id, "") for row in rows])), shops


def _frame(rows: Sequence[Dealing], devices: Sequence[str], homes: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "event_id": [row.event_id for row in rows],
            "kind": [row.kind for row in rows],
            "at_us": [round(row.at.timestamp() * 1e6) for row in rows],
            "payer": [str(row.citizen_id) for row in rows],
            "payee": [str(row.store_id) for row in rows],
            "amount_fen": [row.amount_fen for row in rows],
            "voucher_fen": [row.voucher_fen for row in rows],
            "card": [str(row.instrument_id) for row in rows],
            "device": list(devices),
            "home": list(homes),
        }
    )


def _suspicion(finding: Finding) -> Suspicion | None:
    """What the warning feed tells of a finding; None of kinds that are the platform's own matter."""
    told = WARNED.get(finding.kind)
    if told is None:
        return None
    kind, subject_kind = told
    return Suspicion(
        key=finding.key,
        kind=kind,
        subject_kind=subject_kind,
        subject=finding.subject.value,
        stores=[UUID(store) for store in finding.values_of("store")],
        level=next(level for least, level in LEVELS if finding.score >= least),
        reasons=tuple(reason.code for reason in finding.reasons if reason.code in REASONS[kind]),
        facts=dict(finding.facts),
    )


def _us(day: date) -> int:
    return round(day_start(day).timestamp() * 1e6)
