"""Claims against a real PostgreSQL: keys, caps, conditions, stock, competition, cells."""

import asyncio
from collections import Counter
from datetime import date, time, timedelta

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from stores.city import SmallCity, small_city

from yongquan.flows.expire_vouchers import expire_vouchers, recycle_rounds
from yongquan.flows.prove_books import prove_books
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.ledger import PostingRefused, account_id, balances_of
from yongquan.ledger.model import Kind
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.migrate import migrate
from yongquan.vouchers.model import Caps, Conditions, Round, RoundState, VoucherType
from yongquan.vouchers.store import add_to_list, move_rounds, save_rounds


async def proved(city: SmallCity) -> bool:
    connection = await city.database.connect()
    async with connection:
        proof = await prove_books(connection)
    return proof.holds


def test_same_key_and_body_gets_the_same_voucher_again(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen, round_ = await city.citizen(), await city.round(caps=Caps(per_round=1))

            first = await city.claim(citizen, round_, key="k")
            again = await city.claim(citizen, round_, key="k")
            other_body = await city.claim(citizen, round_, key="k", body="another")

            assert first.code == "claimed"
            assert (again.code, again.voucher_id, again.valid_until) == ("again", first.voucher_id, first.valid_until)
            assert other_body.code == "conflicting_request"
            assert await proved(city)

    asyncio.run(scene())


def test_winner_gets_the_voucher_again_after_sold_out_and_after_the_end(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            winner, late = await city.citizen(), await city.citizen()
            round_ = await city.round(stock=1)
            won = await city.claim(winner, round_, key="k")
            sold_out = await city.claim(late, round_)

            after_sold_out = await city.claim(winner, round_, key="k")
            await _end(city, round_.round_id)
            after_the_end = await city.claim(winner, round_, key="k")

            assert sold_out.code == "sold_out"
            assert after_sold_out.voucher_id == after_the_end.voucher_id == won.voucher_id

    asyncio.run(scene())


async def _end(city: SmallCity, round_id: object) -> None:
    async with city.database.transaction() as connection:
        await connection.execute(
            "update vouchers.round set closes_at = now(), version = version + 1 where round_id = %s", [round_id]
        )
    await city.refresh()


def test_a_refused_claim_is_not_kept_under_its_key(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen = await city.citizen()
            round_ = await city.round(conditions=Conditions(districts=("330203",)))

            refused = await city.claim(citizen, round_, key="k")
            corrected = await city.claim(citizen, round_, key="k", adcode="330203")

            assert (refused.code, corrected.code) == ("wrong_place", "claimed")

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("caps", "allowed"),
    [
        (Caps(per_round=1), 1),
        (Caps(per_day=2), 2),
        (Caps(per_campaign=3), 3),
        (Caps(per_industry=1), 1),
        (Caps(per_industry_round=2), 2),
        (Caps(), 4),
    ],
)
def test_each_cap_bounds_what_one_citizen_claims(fresh_database: str, caps: Caps, allowed: int) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen, round_ = await city.citizen(), await city.round(caps=caps)

            codes = [(await city.claim(citizen, round_)).code for _ in range(4)]

            assert codes == ["claimed"] * allowed + ["cap_reached"] * (4 - allowed)

    asyncio.run(scene())


def test_concurrent_claims_of_one_citizen_do_not_pass_a_cap(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city, small_city(fresh_database) as second_process:
            citizen, round_ = await city.citizen(), await city.round(stock=100, caps=Caps(per_round=2))
            await second_process.refresh()

            outcomes = await asyncio.gather(
                *(city.claim(citizen, round_) for _ in range(20)),
                *(second_process.claim(citizen, round_) for _ in range(20)),
            )

            assert Counter(o.code for o in outcomes) == {"claimed": 2, "cap_reached": 38}

    asyncio.run(scene())


def test_competing_processes_sell_exactly_the_stock(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city, small_city(fresh_database) as second_process:
            people = [await city.citizen() for _ in range(60)]
            round_ = await city.round(stock=25, caps=Caps(per_round=1))
            await second_process.refresh()

            outcomes = await asyncio.gather(
                *(city.claim(person, round_) for person in people),
                *(second_process.claim(person, round_) for person in people),
            )

            codes = Counter(o.code for o in outcomes)
            assert codes["claimed"] == 25
            assert len({o.claim_no for o in outcomes if o.code == "claimed"}) == 25
            assert await proved(city)

    asyncio.run(scene())


def test_conditions_have_their_own_refusals(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            today = city.now.astimezone(SHANGHAI).date()
            child = await city.citizen(born_on=date(today.year - 17, 1, 1))
            adult = await city.citizen(born_on=date(today.year - 40, 1, 1), card_issuers=("chaoxin",))
            unknown_age = await city.citizen()
            adults_only = await city.round(conditions=Conditions(age_min=18))
            card_holders = await city.round(conditions=Conditions(card_issuers=("chaoxin", "yuehu")))
            list_id = fresh_id()
            invited = await city.round(conditions=Conditions(list_id=list_id))
            async with city.database.transaction() as connection:
                await add_to_list(connection, list_id, [adult], cells=[0])

            assert (await city.claim(child, adults_only)).code == "not_eligible"
            assert (await city.claim(unknown_age, adults_only)).code == "not_eligible"
            assert (await city.claim(adult, adults_only)).code == "claimed"
            assert (await city.claim(child, card_holders)).code == "not_eligible"
            assert (await city.claim(adult, card_holders)).code == "claimed"
            assert (await city.claim(child, invited)).code == "not_eligible"
            assert (await city.claim(adult, invited)).code == "claimed"
            assert (await city.claim(fresh_id(), invited)).code == "blocked"

    asyncio.run(scene())


def test_rounds_open_close_and_pause(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen = await city.citizen()
            early = await city.round(opens_at=city.now + timedelta(hours=1))
            over = await city.round(opens_at=city.now - timedelta(hours=2), closes_at=city.now - timedelta(hours=1))
            hour = (city.now.astimezone(SHANGHAI).hour + 2) % 23
            other_hours = await city.round(conditions=Conditions(daily=(time(hour), time(hour, 1))))
            paused = await city.round()
            async with city.database.transaction() as connection:
                await move_rounds(connection, [paused.round_id], origins=[RoundState.PUBLISHED], to=RoundState.PAUSED)
            before_memory_knows = await city.claim(citizen, paused)
            await city.refresh()

            assert (await city.claim(citizen, early)).code == "not_open"
            assert (await city.claim(citizen, over)).code == "closed"
            assert (await city.claim(citizen, other_hours)).code == "not_open"
            assert before_memory_knows.code == (await city.claim(citizen, paused)).code == "not_open"

    asyncio.run(scene())


def test_a_round_beyond_the_budget_cannot_be_published(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            first = await city.round(stock=10)
            second = Round(fresh_id(), first.campaign_id, "又一轮", "Another", first.opens_at, first.closes_at)
            dear = VoucherType(fresh_id(), second.round_id, "券", "Voucher", 1, 0, 1, valid_days=1)

            with pytest.raises(PostingRefused) as refused:
                async with city.database.transaction() as connection:
                    await save_rounds(connection, [second], [dear])
                    await publish_rounds(connection, first.campaign_id, [second.round_id], cells=1, now=city.now)

            assert refused.value.outcome == "exceeds_credits"

    asyncio.run(scene())


def test_expired_vouchers_and_unsold_stock_go_back_to_the_budget(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen, round_ = await city.citizen(), await city.round(stock=10)
            await city.claim(citizen, round_)
            later = city.now + timedelta(days=5)

            assert await expire_vouchers(city.database, cells=1, now=later) == 1
            assert await recycle_rounds(city.database, now=later) == 10 * 500
            assert await recycle_rounds(city.database, now=later) == 0

            budget = account_id(round_.campaign_id, Kind.BUDGET)
            async with city.database.transaction() as connection:
                balance = (await balances_of(connection, [budget], cell=0))[budget]
            assert balance.credits_posted - balance.debits_posted == 10 * 500
            assert await proved(city)

    asyncio.run(scene())


def test_thirty_two_cells_sell_exactly_the_stock(database_url: str) -> None:
    name = "yq_cells"
    with psycopg.connect(make_conninfo(database_url, dbname="postgres"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)".encode())
        admin.execute(f"create database {name}".encode())
    conninfo = make_conninfo(database_url, dbname=name)
    assert migrate(conninfo, cells=32) == 32

    async def scene() -> None:
        async with small_city(conninfo, cells=32) as city:
            people = [await city.citizen() for _ in range(96)]
            round_ = await city.round(stock=40, caps=Caps(per_round=1))

            outcomes = await asyncio.gather(*(city.claim(person, round_) for person in people))

            assert Counter(o.code for o in outcomes) == {"claimed": 40, "sold_out": 56}
            assert await proved(city)

    asyncio.run(scene())
