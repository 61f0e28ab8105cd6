"""A campaign's rule grants again what expired: once, to the same citizens, from its push round."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from stores.city import SmallCity, small_city

from yongquan import ledger
from yongquan.flows.expire_vouchers import expire_vouchers
from yongquan.flows.fund_campaign import record_prepayment
from yongquan.flows.prove_books import prove_books
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.flows.push_vouchers import send_batch
from yongquan.flows.regrant_expired import regrant_expired
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.model import CampaignRules, Round, RoundMode, VoucherType
from yongquan.vouchers.store import save_rounds
from yongquan.vouchers.views import held_now
from yongquan.vouchers.ways import pushes
from yongquan.vouchers.ways.pushes import PushState

RULES = CampaignRules(regrant_expired=True)


async def push_round(city: SmallCity, grab: Round, *, opens_at: datetime, stock: int = 10) -> Round:
    """A push round of the same campaign with the like type, and one of another amount."""
    round_ = Round(fresh_id(), grab.campaign_id, "再发", "Again", opens_at, opens_at + timedelta(days=5))
    round_ = replace(round_, mode=RoundMode.PUSH)
    like = VoucherType(fresh_id(), round_.round_id, "再发券", "Again", 500, 2_500, stock, valid_days=1)
    other = replace(like, type_id=fresh_id(), amount_fen=600)
    cost = 1_100 * stock
    async with city.database.transaction() as connection:
        await record_prepayment(connection, receipt="again", funder_id="bureau", amount_fen=cost, now=city.now)
        more = ledger.recipes.fund_campaign(
            event=fresh_id(), funder_id="bureau", campaign_id=grab.campaign_id, cash_fen=cost, advance_fen=0
        )
        await ledger.post(connection, more, cell=0, now=city.now)
        await save_rounds(connection, [round_], [like, other])
        await publish_rounds(connection, grab.campaign_id, [round_.round_id], cells=city.cells, now=city.now)
    return round_


async def send_all(city: SmallCity, now: datetime) -> None:
    async with city.database.transaction() as connection:
        waiting = await pushes.sending(connection)
    for push_id in waiting:
        while await send_batch(city.database, push_id, cells=city.cells, now=now) is PushState.SENDING:
            pass


async def held(city: SmallCity, citizens: list[UUID], now: datetime) -> list[int]:
    async with city.database.transaction() as connection:
        return [len(await held_now(connection, 0, citizen, now=now)) for citizen in citizens]


async def require_books(city: SmallCity) -> None:
    connection = await city.database.connect()
    async with connection:
        proof = await prove_books(connection)
        assert proof.holds, proof


def test_what_expired_comes_again_once_when_the_push_round_opens(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            grab = await city.round(rules=RULES)
            citizens = [await city.citizen() for _ in range(3)]
            for citizen in citizens[:2]:
                assert (await city.claim(citizen, grab)).code == "claimed"
            opens = city.now + timedelta(days=4)
            await push_round(city, grab, opens_at=opens)
            await expire_vouchers(city.database, cells=1, now=opens)

            early = await regrant_expired(city.database, cells=1, now=opens - timedelta(seconds=1))
            due = await asyncio.gather(*(regrant_expired(city.database, cells=1, now=opens) for _ in range(3)))
            await send_all(city, opens)
            again = await regrant_expired(city.database, cells=1, now=opens + timedelta(hours=1))

            assert (early, sorted(due), again) == (0, [0, 0, 2], 0)
            assert await held(city, citizens, opens) == [1, 1, 0]

            # Those expire too: a day later nothing is granted for them.
            later = opens + timedelta(days=2)
            expired = await expire_vouchers(city.database, cells=1, now=later)
            assert (expired, await regrant_expired(city.database, cells=1, now=later)) == (2, 0)
            await require_books(city)

    asyncio.run(scene())


def test_the_longest_expired_come_first_while_the_stock_lasts(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            grab = await city.round(rules=RULES)
            citizens = [await city.citizen() for _ in range(3)]
            for citizen in citizens:
                await city.claim(citizen, grab)
            opens = city.now + timedelta(days=4)
            await push_round(city, grab, opens_at=opens, stock=2)
            await expire_vouchers(city.database, cells=1, now=opens)

            assert await regrant_expired(city.database, cells=1, now=opens) == 2
            # A day later there is still no stock for the third.
            assert await regrant_expired(city.database, cells=1, now=opens + timedelta(days=1)) == 0
            await send_all(city, opens)

            assert sorted(await held(city, citizens, opens)) == [0, 1, 1]
            await require_books(city)

    asyncio.run(scene())


def test_without_the_rule_nothing_comes_again(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            grab, citizen = await city.round(), await city.citizen()
            await city.claim(citizen, grab)
            opens = city.now + timedelta(days=4)
            await push_round(city, grab, opens_at=opens)
            await expire_vouchers(city.database, cells=1, now=opens)

            assert await regrant_expired(city.database, cells=1, now=opens) == 0

    asyncio.run(scene())
